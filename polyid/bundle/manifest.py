"""The content of parameters.json: what a model is, of which versions and files."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from polyid.bundle.layout import FORMAT, FORMAT_VERSION
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


def read_manifest(folder: str | os.PathLike) -> dict[str, Any]:
    """Content of a bundle's `parameters.json`, checked for format and version."""
    path = Path(folder) / "parameters.json"
    if not Path(folder).is_dir():
        raise BundleError(f"There is no folder {str(folder)!r}; give the folder of a trained model or a Hub repo id.")
    if not path.exists():
        raise BundleError(
            f"{str(folder)!r} holds no trained model: parameters.json is missing. Choose the folder that "
            "'polyid train --output' wrote, or train again if that was interrupted."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise BundleError(f"{str(path)!r} is damaged: it is not JSON. Download or train the model again.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{str(path)!r} is not a PolyID model: its format is not {FORMAT!r}.")
    version = manifest.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BundleError(
            f"The model has format version {version!r}; this package reads up to {FORMAT_VERSION}. "
            "Install a newer polyid-spaces."
        )
    if "chain" not in manifest:
        # Before version 3 only the degree was recorded, and every model that was read back drew chains with seed 0.
        manifest["chain"] = {"degree_of_polymerisation": manifest.pop("degree_of_polymerisation", 18), "seed": 0}
    return manifest
