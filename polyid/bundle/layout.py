"""Names of the files of a trained ensemble, for those who write, publish and fetch them."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path

FORMAT = "polyid-bundle"
FORMAT_VERSION = 5
MANIFEST_FILE = "parameters.json"
METRICS_FILE = "metrics.json"
SPLITS_FILE = "splits.json"
OUT_OF_FOLD_FILE = "out_of_fold.csv"
CARD_FILE = "README.md"
BUNDLE_FILES = (MANIFEST_FILE, METRICS_FILE, SPLITS_FILE, OUT_OF_FOLD_FILE, CARD_FILE)
KERNEL_FILE = "kernel.safetensors"
CALIBRATION_FILE = "calibration.json"
DOMAIN_FILES = DOMAIN_ARRAYS_FILE, DOMAIN_FILE = ("domain.safetensors", "domain.json")
CHECKED_FILES = (KERNEL_FILE, CALIBRATION_FILE, *DOMAIN_FILES)
"""Files of the top level that a prediction depends on; a model may lack them."""
FOLD_FILES = WEIGHTS_FILE, PREPROCESSOR_FILE, SCALER_FILE, LOG_FILE = (
    "model.safetensors",
    "preprocessor.json",
    "scaler.json",
    "training_log.csv",
)
FOLD_PATTERN = "model_fold_*"
REPORT_FOLDER = "report"
REPORT_PATTERN = f"{REPORT_FOLDER}/*.png"
CHECKPOINTS_FOLDER = "checkpoints"
"""Of a training that is under way; no part of a model."""
BUNDLE_PATTERNS = (
    *BUNDLE_FILES,
    *CHECKED_FILES,
    REPORT_PATTERN,
    *(f"{FOLD_PATTERN}/{name}" for name in FOLD_FILES),
)
"""Every file that a model folder may have, as `huggingface_hub` takes patterns."""
STARTER = Path(__file__).resolve().parents[1] / "starter"
"""Folder of the model that comes with the package, made by `scripts/starter_model.py`."""
STARTER_NAME = "starter"
"""What it is asked for by."""


def fold_folder(fold: int) -> str:
    """Folder of a trained fold, counted from 0."""
    return FOLD_PATTERN.replace("*", str(fold))


def has_manifest(folder: str | os.PathLike) -> bool:
    """Tell whether a whole model was written into a folder: its manifest is written last."""
    return (Path(folder) / MANIFEST_FILE).is_file()


def is_bundle_file(path: str) -> bool:
    """Tell whether a path, relative to a model folder, is one of a model's own files."""
    patterns = (pattern for pattern in BUNDLE_PATTERNS if pattern.count("/") == path.count("/"))
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
