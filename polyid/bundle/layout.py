"""Names of the files of a trained ensemble, for those who write, publish and fetch them."""

from __future__ import annotations

FORMAT = "polyid-bundle"
FORMAT_VERSION = 3
BUNDLE_FILES = ("parameters.json", "metrics.json", "splits.json", "out_of_fold.csv", "README.md")
KERNEL_FILE = "kernel.safetensors"
CALIBRATION_FILE = "calibration.json"
DOMAIN_FILES = ("domain.safetensors", "domain.json")
CHECKED_FILES = (KERNEL_FILE, CALIBRATION_FILE, *DOMAIN_FILES)
"""Files of the top level that a prediction depends on; a model may lack them."""
FOLD_FILES = ("model.safetensors", "preprocessor.json", "scaler.json", "training_log.csv")
