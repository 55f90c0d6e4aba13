"""Training of the folds side by side: batches, optimiser, steps of each backend, checkpoints."""
