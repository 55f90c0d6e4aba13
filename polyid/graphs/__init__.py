"""Molecular graphs: features, quotient graphs of colour refinement, batches, preprocessors and their cache."""
