"""The Hugging Face Hub: publishing and fetching models, fetching tables."""
