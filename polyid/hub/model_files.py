"""Which files of a repo belong to a model."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path

from polyid.bundle.layout import BUNDLE_FILES, CHECKED_FILES, FOLD_FILES, FORMAT
from polyid.errors import HubError
from polyid.report.files import REPORT_FOLDER

BUNDLE_PATTERNS = (
    *BUNDLE_FILES,
    *CHECKED_FILES,
    f"{REPORT_FOLDER}/*.png",
    *(f"model_fold_*/{name}" for name in FOLD_FILES),
)


def bundle_paths(folder: Path, name: str | None = None) -> list[str]:
    """Return the files in a bundle's folder but hidden ones, relative to it; refuse a folder that is no bundle.

    Raises
    ------
    HubError
    """
    where = name or str(folder)
    if name is None and not folder.is_dir():
        raise HubError(f"There is no folder {where}: train a model into it first.")
    check_parameters(folder / "parameters.json", where)
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    paths = [path.relative_to(folder).as_posix() for path in found]
    paths = [path for path in paths if not any(part.startswith(".") for part in path.split("/"))]
    folds = paths_of_folds(paths)
    missing = [
        f"model_fold_{fold}/{file}"
        for fold in range(max(1, len(folds)))
        for file in ("model.safetensors", "preprocessor.json", "scaler.json")
        if f"model_fold_{fold}/{file}" not in paths
    ]
    if missing:
        raise HubError(f"The bundle {where} is incomplete, {missing[0]} is missing: train it or fetch it again.")
    return paths


def paths_of_folds(paths: list[str]) -> list[str]:
    return sorted({path.split("/")[0] for path in paths if path.startswith("model_fold_")})


def is_bundle_file(path: str) -> bool:
    patterns = (pattern for pattern in BUNDLE_PATTERNS if pattern.count("/") == path.count("/"))
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def check_parameters(path: Path, where: str) -> None:
    try:
        parameters = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        parameters = None
    if not isinstance(parameters, dict) or parameters.get("format") != FORMAT:
        raise HubError(
            f"{where} is not a PolyID model: it has no parameters.json with the format {FORMAT!r}. "
            "Name a folder or a repo that PolyID trained."
        )
