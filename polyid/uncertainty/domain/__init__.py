"""Domain of validity: distances, thresholds, verdicts."""
