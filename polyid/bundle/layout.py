"""Names of the files of a trained ensemble, for those who write, publish and fetch them."""

from __future__ import annotations

import fnmatch

FORMAT = "polyid-bundle"
FORMAT_VERSION = 3
MANIFEST_FILE = "parameters.json"
BUNDLE_FILES = (MANIFEST_FILE, "metrics.json", "splits.json", "out_of_fold.csv", "README.md")
KERNEL_FILE = "kernel.safetensors"
CALIBRATION_FILE = "calibration.json"
DOMAIN_FILES = ("domain.safetensors", "domain.json")
CHECKED_FILES = (KERNEL_FILE, CALIBRATION_FILE, *DOMAIN_FILES)
"""Files of the top level that a prediction depends on; a model may lack them."""
FOLD_FILES = ("model.safetensors", "preprocessor.json", "scaler.json", "training_log.csv")
REPORT_FOLDER = "report"
BUNDLE_PATTERNS = (
    *BUNDLE_FILES,
    *CHECKED_FILES,
    f"{REPORT_FOLDER}/*.png",
    *(f"model_fold_*/{name}" for name in FOLD_FILES),
)
"""Every file that a model folder may have, as `huggingface_hub` takes patterns."""


def fold_folder(fold: int) -> str:
    """Folder of a trained fold, counted from 0."""
    return f"model_fold_{fold}"


def is_bundle_file(path: str) -> bool:
    """Tell whether a path, relative to a model folder, is one of a model's own files."""
    patterns = (pattern for pattern in BUNDLE_PATTERNS if pattern.count("/") == path.count("/"))
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
