"""Both Spaces, the model repo, the tables and the bucket of runs on the Hub: made, brought up to date, taken away."""
