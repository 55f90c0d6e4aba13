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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from polyid.bundle.codecs import log_from_csv, log_to_csv, scaler_from_dict, scaler_to_dict
from polyid.bundle.layout import (
    CHECKED_FILES,
    FOLD_FILES,
    FORMAT,
    FORMAT_VERSION,
    KERNEL_FILE,
    MANIFEST_FILE,
    fold_folder,
)
from polyid.bundle.manifest import package_versions, read_manifest
from polyid.bundle.member import BundleMember
from polyid.common.custom import custom_class
from polyid.common.files import to_json, write_bytes
from polyid.errors import BundleError
from polyid.graphs.preprocessor import read_preprocessor
from polyid.kernel.regression import KernelMember, members_from_arrays, members_to_arrays
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork


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
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
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
        write_bytes(path, content)
        if checked:
            checksums[name] = hashlib.sha256(content).hexdigest()

    for i, member in enumerate(members):
        place = fold_folder(i)
        arrays = {name: np.ascontiguousarray(value, np.float32) for name, value in member.weights.items()}
        network = {**member.config.to_dict(), "class": member.network_class.__name__}
        # One entry, because safetensors writes several in any order: the same weights would give other bytes.
        write(f"{place}/model.safetensors", save(arrays, {"network": json.dumps(network)}))
        write(f"{place}/preprocessor.json", to_json(member.preprocessor.to_dict()).encode())
        write(f"{place}/scaler.json", to_json(scaler_to_dict(member.scaler)).encode())
        write(f"{place}/training_log.csv", log_to_csv(member.log).encode())
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
    write(MANIFEST_FILE, to_json(manifest).encode(), checked=False)
    return folder


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
        Feature functions, networks and preprocessors of one's own, by name.
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
        place = fold_folder(i)
        content = {name: _checked(folder, f"{place}/{name}", manifest["sha256"]) for name in FOLD_FILES}
        weights, config, class_name = _read_weights(content["model.safetensors"], f"{place}/model.safetensors")
        members.append(
            BundleMember(
                weights,
                config,
                read_preprocessor(json.loads(content["preprocessor.json"]), custom_objects),
                scaler_from_dict(json.loads(content["scaler.json"])),
                log_from_csv(content["training_log.csv"].decode()),
                str(manifest["model_ids"][i]),
                kernels[i] if kernels else None,
                custom_class(class_name, MessagePassingNetwork, "network", custom_objects),
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
        raise BundleError(
            f"The model {str(folder)!r} is incomplete, {name} is missing: download or train it again."
        ) from None
    if hashlib.sha256(content).hexdigest() != checksums.get(name):
        raise BundleError(
            f"The model {str(folder)!r} is damaged, {name} is not the file that was saved: download or train it again."
        )
    return content


def _read_weights(content: bytes, name: str) -> tuple[dict[str, np.ndarray], NetworkConfig, str]:
    """Weights, sizes and name of the class of a network."""
    try:
        # The header is JSON behind its length, as the safetensors format says.
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        recorded = json.loads(header["__metadata__"]["network"])
        network_class = recorded.pop("class", MessagePassingNetwork.__name__)
        return load(content), NetworkConfig(**recorded), network_class
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{name} can't be read as a PolyID network: {error}.") from None
