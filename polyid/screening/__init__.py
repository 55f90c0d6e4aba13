"""Screening: a model's answers to files of any length, in constant memory, resumable, each row exactly once."""
