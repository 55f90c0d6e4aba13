"""The content of parameters.json: what a model is, of which versions and files."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from polyid.bundle.layout import FOLD_FILES, FORMAT, FORMAT_VERSION, MANIFEST_FILE, fold_folder
from polyid.common.files import read_json
from polyid.errors import BundleError

_PACKAGES = (
    "polyid-spaces",
    "tensorflow",
    "keras",
    "nfp",
    "rdkit",
    "m2p",
    "numpy",
    "pandas",
    "scikit-learn",
    "safetensors",
    "huggingface_hub",
)

# What every format version has, and a prediction needs.
_REQUIRED = {"prediction_columns": list, "prediction_units": dict, "folds": int, "model_ids": list, "sha256": dict}


def package_versions() -> dict[str, str]:
    """Exact versions of Python and of the packages that decide a prediction."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            from polyid import __version__

            # Run from a source folder that was not installed, as a Space does.
            versions[package] = __version__ if package == "polyid-spaces" else "not installed"
    return versions


def read_manifest(folder: str | os.PathLike, name: str | None = None) -> dict[str, Any]:
    """Content of a model's `parameters.json`, checked for format, version and what every version has.

    Parameters
    ----------
    folder : path
    name : str, optional
        What a user calls the model, if that is not its folder.

    Raises
    ------
    BundleError
        The folder holds no model, or one that is damaged or newer than this package.
    """
    if name is None and not Path(folder).is_dir():
        raise BundleError(f"There is no folder {str(folder)!r}; give the folder of a trained model or a Hub repo id.")
    name = name or str(folder)
    path = Path(folder) / MANIFEST_FILE
    if not path.is_file():
        raise BundleError(
            f"{name!r} holds no trained model, {MANIFEST_FILE} is missing: name a folder that 'polyid train --output' "
            "wrote or a repo that PolyID published, or train again if that was interrupted."
        )
    manifest = _content(path)
    if manifest is None:
        raise BundleError(
            f"{name!r} holds no trained model that can be read, {MANIFEST_FILE} is not JSON: download or train it again."
        )
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"{name!r} is not a PolyID model, the format in its {MANIFEST_FILE} is not {FORMAT!r}: name a folder or a "
            "repo that PolyID trained."
        )
    version = manifest.get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise BundleError(
            f"The model {name!r} has format version {version!r}; this package reads 1 to {FORMAT_VERSION}. "
            "Install a newer polyid-spaces."
        )
    for key, expected in _REQUIRED.items():
        if not isinstance(manifest.get(key), expected):
            raise BundleError(
                f"The model {name!r} is damaged, its {MANIFEST_FILE} lacks {key!r}: download or train it again."
            )
    if "chain" not in manifest:
        # Before version 3 only the degree was recorded, and every model that was read back drew chains with seed 0.
        manifest["chain"] = {"degree_of_polymerisation": manifest.pop("degree_of_polymerisation", 18), "seed": 0}
    return manifest


def check_model_folder(folder: str | os.PathLike, name: str | None = None) -> dict[str, Any]:
    """The manifest of a folder that holds a whole model; whether its files are the saved ones is seen when it is loaded.

    Raises
    ------
    BundleError
        As `read_manifest`, or a file that a prediction depends on is missing.
    """
    manifest = read_manifest(folder, name)
    files = {f"{fold_folder(fold)}/{file}" for fold in range(manifest["folds"]) for file in FOLD_FILES}
    for file in sorted(files | set(manifest["sha256"])):
        if not (Path(folder) / file).is_file():
            raise BundleError(
                f"The model {name or str(folder)!r} is incomplete, {file} is missing: download or train it again."
            )
    return manifest


def has_manifest(folder: str | os.PathLike) -> bool:
    """Tell whether a whole model was written into a folder: its manifest is written last."""
    return (Path(folder) / MANIFEST_FILE).is_file()


def is_manifest(path: str | os.PathLike) -> bool:
    """Tell whether a `parameters.json` is that of a PolyID model, of whatever version."""
    content = _content(Path(path))
    return content is not None and content.get("format") == FORMAT


def _content(path: Path) -> dict[str, Any] | None:
    try:
        content = read_json(path)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
