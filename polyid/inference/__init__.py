"""Predictions of an ensemble: reading polymers part by part, asking the networks, tables that resume."""
