"""The on-disk format of a trained ensemble: safetensors weights and JSON, nothing that can execute.

    parameters.json       what the ensemble is, and the SHA-256 of every other file that decides a prediction
    metrics.json          out-of-fold figures
    splits.json           which polymer was held out in which fold
    out_of_fold.csv       held-out predictions, where asked for
    kernel.safetensors    kernel regression beside the networks, and the polymers it compares with
    calibration.json      what prediction intervals are made of
    domain.safetensors    domain of validity: the training polymers in short; with domain.json
    report/               figures
    README.md             model card
    model_fold_0/         model.safetensors, preprocessor.json, scaler.json, training_log.csv
    model_fold_1/ ...

`parameters.json` is written last: a folder without it is not a model, whatever else it holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save
from sklearn.preprocessing import RobustScaler

from polyid.bundle_files import CHECKED_FILES, FOLD_FILES, FORMAT, FORMAT_VERSION, KERNEL_FILE
from polyid.errors import BundleError
from polyid.kernel import KernelMember, members_from_arrays, members_to_arrays
from polyid.network import NetworkConfig
from polyid.preprocessors import PolymerPreprocessor

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


@dataclass
class BundleMember:
    """One fold as it is stored.

    Attributes
    ----------
    weights : dict of str to array
        Network weights by name, without a member axis.
    config : NetworkConfig
    preprocessor : PolymerPreprocessor
    scaler : RobustScaler or None
        Of the targets; None if they were not scaled.
    log : list of dict
        One row an epoch.
    model_id : str
    kernel : KernelMember or None
        The kernel regression beside the network.
    """

    weights: dict[str, np.ndarray]
    config: NetworkConfig
    preprocessor: PolymerPreprocessor
    scaler: RobustScaler | None
    log: list[dict[str, float]] = field(default_factory=list)
    model_id: str = "0"
    kernel: KernelMember | None = None


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


def save_bundle(
    folder: str | os.PathLike,
    members: Sequence[BundleMember],
    parameters: dict[str, Any],
    documents: dict[str, str | bytes],
) -> Path:
    """Write an ensemble; until the last moment the folder holds no valid model, and then it holds a whole one.

    Parameters
    ----------
    folder : path
        Created if needed; an earlier ensemble in it is replaced.
    members : sequence of BundleMember
    parameters : dict
        Content of `parameters.json`; format, versions and checksums are added.
    documents : dict of str to str or bytes
        Further files by path, such as the model card; those a prediction depends on are given checksums.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "parameters.json").unlink(missing_ok=True)
    for old in sorted(folder.glob("model_fold_*")):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    for old in [*(folder / name for name in CHECKED_FILES), *sorted(folder.glob("report/*.png"))]:
        old.unlink(missing_ok=True)
    checksums = {}

    def write(name: str, content: bytes, checked: bool = True) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        if checked:
            checksums[name] = hashlib.sha256(content).hexdigest()

    for i, member in enumerate(members):
        place = f"model_fold_{i}"
        arrays = {name: np.ascontiguousarray(value, np.float32) for name, value in member.weights.items()}
        write(f"{place}/model.safetensors", save(arrays, {"network": json.dumps(member.config.to_dict())}))
        write(f"{place}/preprocessor.json", _json(member.preprocessor.to_dict()))
        write(f"{place}/scaler.json", _json(_scaler_to_dict(member.scaler)))
        write(f"{place}/training_log.csv", _log_csv(member.log).encode())
    kernels = [m.kernel for m in members if m.kernel is not None]
    if kernels:
        write(KERNEL_FILE, save({k: np.ascontiguousarray(v) for k, v in members_to_arrays(kernels).items()}))
    for name, content in documents.items():
        write(name, content.encode() if isinstance(content, str) else content, checked=name in CHECKED_FILES)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **parameters,
        "folds": len(members),
        "model_ids": [m.model_id for m in members],
        "versions": package_versions(),
        "sha256": checksums,
    }
    write("parameters.json", _json(manifest), checked=False)
    return folder


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
    return manifest


def load_bundle(
    folder: str | os.PathLike,
    custom_objects: dict[str, Callable] | None = None,
    folds: Sequence[int] | None = None,
) -> tuple[dict[str, Any], list[BundleMember]]:
    """Manifest and members of a bundle, every file checked against its SHA-256.

    Parameters
    ----------
    folder : path
    custom_objects : dict, optional
        Feature functions of one's own, by name.
    folds : sequence of int, optional
        Which folds to load; all by default.

    Raises
    ------
    BundleError
        The folder is no bundle, or a file is missing, damaged or of an unknown kind.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    members = []
    kernels: list[KernelMember] = []
    if KERNEL_FILE in manifest["sha256"]:
        try:
            kernels = members_from_arrays(load(_checked(folder, KERNEL_FILE, manifest["sha256"])))
        except SafetensorError as error:
            raise BundleError(f"{KERNEL_FILE} can't be read ({error}); download or train the model again.") from None
        if len(kernels) != int(manifest["folds"]):
            raise BundleError(f"{KERNEL_FILE} has {len(kernels)} members, the model {manifest['folds']}.")
    for i in range(int(manifest["folds"])) if folds is None else folds:
        if not 0 <= i < int(manifest["folds"]):
            raise BundleError(f"The model has {manifest['folds']} folds, counted from 0; there is no fold {i}.")
        place = f"model_fold_{i}"
        content = {name: _checked(folder, f"{place}/{name}", manifest["sha256"]) for name in FOLD_FILES}
        weights, config = _read_weights(content["model.safetensors"], f"{place}/model.safetensors")
        members.append(
            BundleMember(
                weights,
                config,
                PolymerPreprocessor.from_dict(json.loads(content["preprocessor.json"]), custom_objects),
                _scaler_from_dict(json.loads(content["scaler.json"])),
                _log_rows(content["training_log.csv"].decode()),
                str(manifest["model_ids"][i]),
                kernels[i] if kernels else None,
            )
        )
    return manifest, members


def read_checked(folder: str | os.PathLike, manifest: dict[str, Any], names: Sequence[str]) -> dict[str, bytes]:
    """Content of those files of a bundle that it has, each checked against its SHA-256."""
    return {name: _checked(Path(folder), name, manifest["sha256"]) for name in names if name in manifest["sha256"]}


def _checked(folder: Path, name: str, checksums: dict[str, str]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError:
        raise BundleError(f"The model is incomplete: {name} is missing. Download or train it again.") from None
    if hashlib.sha256(content).hexdigest() != checksums.get(name):
        raise BundleError(f"The model is damaged: {name} is not the file that was saved. Download or train it again.")
    return content


def _read_weights(content: bytes, name: str) -> tuple[dict[str, np.ndarray], NetworkConfig]:
    try:
        # The header is JSON behind its length, as the safetensors format says.
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return load(content), NetworkConfig(**json.loads(header["__metadata__"]["network"]))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{name} can't be read as a PolyID network: {error}.") from None


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _scaler_to_dict(scaler: RobustScaler | None) -> dict[str, Any]:
    if scaler is None:
        return {"scaler": None}
    if not isinstance(scaler, RobustScaler):
        raise BundleError(f"A {type(scaler).__name__} can't be stored; use scikit-learn's RobustScaler or none.")
    return {"scaler": "RobustScaler", "center": scaler.center_.tolist(), "scale": scaler.scale_.tolist()}


def _scaler_from_dict(state: dict[str, Any]) -> RobustScaler | None:
    if state["scaler"] is None:
        return None
    if state["scaler"] != "RobustScaler":
        raise BundleError(
            f"The model's scaler {state['scaler']!r} is not one this version reads (RobustScaler or none)."
        )
    scaler = RobustScaler()
    scaler.center_ = np.array(state["center"], float)
    scaler.scale_ = np.array(state["scale"], float)
    scaler.n_features_in_ = len(scaler.center_)
    return scaler


def _log_csv(log: list[dict[str, float]]) -> str:
    if not log:
        return ""
    lines = [",".join(log[0])]
    lines += [",".join(repr(v) for v in row.values()) for row in log]
    return "\n".join(lines) + "\n"


def _log_rows(text: str) -> list[dict[str, float]]:
    header, *lines = text.splitlines() or [""]
    names = header.split(",")
    return [
        {name: int(v) if name == "epoch" else float(v) for name, v in zip(names, line.split(","), strict=True)}
        for line in lines
    ]
