"""Search for parameters of training: what is tried, by whom it is proposed, and what came of it."""
