"""What every room uses: progress records, texts, files."""
