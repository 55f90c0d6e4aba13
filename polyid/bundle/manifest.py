"""The content of parameters.json: what a model is, of which versions and files."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from polyid.bundle.files import parse_json, plain_file, read_file
from polyid.bundle.layout import CHECKED_FILES, FOLD_PATTERN, FORMAT, FORMAT_VERSION, MANIFEST_FILE, fold_folder
from polyid.bundle.schema import Manifest
from polyid.bundle.strict import checked
from polyid.common.files import sha256
from polyid.errors import BundleError

_PACKAGES = (
    "polyid-spaces",
    "tensorflow",
    "keras",
    "nfp",
    "rdkit",
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


def read_manifest(folder: str | os.PathLike, name: str | None = None) -> dict[str, Any]:
    """Content of a model's `parameters.json`, as today's format version has it.

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
    if plain_file(Path(folder), MANIFEST_FILE) is None:
        raise BundleError(
            f"{name!r} holds no trained model, {MANIFEST_FILE} is missing: name a folder that 'polyid train --output' "
            "wrote or a repo that PolyID published, or train again if that was interrupted."
        )
    manifest = parse_json(read_file(Path(folder), MANIFEST_FILE), MANIFEST_FILE)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(
            f"{name!r} is not a PolyID model, the format in its {MANIFEST_FILE} is not {FORMAT!r}: name a folder or a "
            "repo that PolyID trained."
        )
    version = manifest.get("format_version")
    if type(version) is int and version > FORMAT_VERSION:
        raise BundleError(
            f"The model {name!r} has format version {version}; this package reads 1 to {FORMAT_VERSION}. "
            "Install a newer polyid-spaces."
        )
    if version in (1, 2) and "chain" not in manifest:
        # Before version 3 only the degree was recorded, and every model that was read back drew chains with seed 0.
        manifest["chain"] = {"degree_of_polymerisation": manifest.pop("degree_of_polymerisation", 18), "seed": 0}
    checked(Manifest, manifest, MANIFEST_FILE)
    return manifest


def check_model_folder(folder: str | os.PathLike, name: str | None = None) -> dict[str, Any]:
    """The manifest of a folder that holds a whole model; what its files say is checked when it is loaded.

    Raises
    ------
    BundleError
        As `read_manifest`, or a file that a prediction depends on is missing, is a link, or is there and not in the manifest.
    """
    folder, manifest = Path(folder), read_manifest(folder, name)
    for file in sorted(manifest["sha256"]):
        if plain_file(folder, file) is None:
            raise BundleError(
                f"The model {name or str(folder)!r} is incomplete, {file} is missing: download or train it again."
            )
    check_nothing_unlisted(folder, manifest)
    return manifest


def check_nothing_unlisted(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse a folder with a file that would decide predictions, if the manifest named it."""
    folds = {fold_folder(fold) for fold in range(manifest["folds"])}
    candidates = [*folder.glob(FOLD_PATTERN), *(folder / file for file in CHECKED_FILES)]
    present = {path.name for path in candidates if path.exists()}
    if odd := present - folds - set(manifest["sha256"]):
        raise BundleError.damaged(MANIFEST_FILE, f"it says nothing of {min(odd)}, which is in the folder")


def check_saved_files(folder: str | os.PathLike, manifest: dict[str, Any]) -> None:
    """Refuse a folder whose files are not those that were saved."""
    for file, recorded in manifest["sha256"].items():
        if sha256(Path(folder) / file) != recorded:
            raise not_as_saved(file)


def not_as_saved(file: str) -> BundleError:
    """What is said of a file whose SHA-256 is not the recorded one."""
    return BundleError.damaged(file, "it is not the file that was saved")


def is_manifest(content: bytes) -> bool:
    """Tell whether a `parameters.json` is that of a PolyID model, of whatever version."""
    try:
        manifest = parse_json(content, MANIFEST_FILE)
    except BundleError:
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT
