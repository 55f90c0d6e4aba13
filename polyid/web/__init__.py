"""What both Spaces share: their look, their HTML and the names that people read."""
