"""One network taught to speak for an ensemble: `polyid distil`."""
