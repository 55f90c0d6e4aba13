"""Model folders as far as publishing and fetching look at them: a manifest and hashes, and files of whatever content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from polyid.bundle.layout import FOLD_FILES, fold_folder


def write_stand_in(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    folds: int = 2,
    properties: Sequence[str] = ("density",),
    mark: str = "one",
) -> Path:
    """Write `files` and those of the folds, which hold `mark`, with a manifest of the first format version."""
    of_folds = {
        f"{fold_folder(fold)}/{name}": f"{mark} {fold} {name} ".encode() * 200
        for fold in range(folds)
        for name in FOLD_FILES
    }
    training = {"started": "", "finished": "", "seconds": 1.0, "hardware": "", "seed": 0, "padding_waste": 0.0}
    manifest = {
        "format": "polyid-bundle",
        "format_version": 1,
        "prediction_columns": list(properties),
        "prediction_units": {},
        "parameters": {},
        "data": {"rows": 1, "polymers": 1, "labels": dict.fromkeys(properties, 1)},
        "training": {**training, "folds_together": 1},
        "folds": folds,
        "model_ids": [str(fold) for fold in range(folds)],
        "versions": {},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in of_folds.items()},
    }
    for name, content in {**files, **of_folds, "parameters.json": json.dumps(manifest).encode()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
