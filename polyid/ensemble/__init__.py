"""The k-fold ensemble: upstream's `MultiModel` and `SingleModel`, training from a table to a model folder."""
