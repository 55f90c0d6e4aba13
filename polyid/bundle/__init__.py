"""The model folder: its layout, its manifest, writing and reading it."""
