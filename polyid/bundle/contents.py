"""What the files of a model folder say together, every one checked, without building a network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from polyid.bundle.codecs import log_from_csv, weights_from_file
from polyid.bundle.domain_codec import domain_from_files
from polyid.bundle.files import plain_file, read_file
from polyid.bundle.kernel_codec import kernel_from_file
from polyid.bundle.layout import (
    CALIBRATION_FILE,
    DOMAIN_FILES,
    FOLD_FILES,
    KERNEL_FILE,
    LOG_FILE,
    METRICS_FILE,
    PREPROCESSOR_FILE,
    SCALER_FILE,
    SPLITS_FILE,
    WEIGHTS_FILE,
    fold_folder,
)
from polyid.bundle.manifest import check_nothing_unlisted, not_as_saved, read_manifest
from polyid.bundle.schema import (
    OUR_NETWORK,
    OUR_PREPROCESSOR,
    Calibration,
    Metrics,
    Preprocessor,
    Scaler,
    Splits,
)
from polyid.bundle.strict import read_checked_json
from polyid.config.parameters import GIVEN_SPLIT
from polyid.errors import BundleError
from polyid.graphs.features import FEATURE_SETS, FEATURES
from polyid.kernel.regression import KernelMember
from polyid.nn.config import NetworkConfig
from polyid.uncertainty.conformal import MOST_SCORES, IntervalCalibration
from polyid.uncertainty.domain.domain import TrainingDomain
from polyid.uncertainty.stated import OUTPUTS


@dataclass(frozen=True)
class FoldContents:
    """The files of one fold.

    Attributes
    ----------
    weights : dict of str to array
        By name.
    config : NetworkConfig
    network_class : str
        Name of the class of the network.
    preprocessor : Preprocessor
    scaler : Scaler
    log : list of dict
        One row an epoch.
    """

    weights: dict[str, np.ndarray]
    config: NetworkConfig
    network_class: str
    preprocessor: Preprocessor
    scaler: Scaler
    log: list[dict[str, float]]


@dataclass(frozen=True)
class ModelContents:
    """All that is read of a model folder.

    Attributes
    ----------
    manifest : dict
        Content of ``parameters.json``.
    folds : dict of int to FoldContents
        Those asked for, by their numbers.
    kernels : list of KernelMember or None
        One for every fold of the model.
    calibration : IntervalCalibration or None
    domain : TrainingDomain or None
    splits : dict or None
        Content of ``splits.json``.
    """

    manifest: dict[str, Any]
    folds: dict[int, FoldContents]
    kernels: list[KernelMember] | None
    calibration: IntervalCalibration | None
    domain: TrainingDomain | None
    splits: dict[str, Any] | None


def read_contents(folder: str | os.PathLike, folds: Sequence[int] | None = None) -> ModelContents:
    """Read and check a model folder.

    Parameters
    ----------
    folder : path
    folds : sequence of int, optional
        Which folds to read; all by default.

    Raises
    ------
    BundleError
        One line that names the file, and what of it can't be.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    check_nothing_unlisted(folder, manifest)
    count, names = manifest["folds"], manifest["prediction_columns"]
    numbers = list(range(count)) if folds is None else list(folds)
    if odd := [number for number in numbers if not 0 <= number < count]:
        raise BundleError(f"The model has {count} folds, counted from 0; there is no fold {odd[0]}.")
    read = {number: _fold(folder, manifest, number) for number in numbers}
    _check_alike(read)
    hashes = manifest["sha256"]
    kernels = calibration = domain = None
    if KERNEL_FILE in hashes:
        kernels = kernel_from_file(_saved(folder, hashes, KERNEL_FILE), count, len(names))
    if CALIBRATION_FILE in hashes:
        calibration = _calibration(_saved(folder, hashes, CALIBRATION_FILE), manifest)
    if files := {name: _saved(folder, hashes, name) for name in DOMAIN_FILES if name in hashes}:
        lengths = {"M": count}
        for fold in read.values():
            lengths["F"] = fold.config.features
        domain = domain_from_files(files, lengths, names)
    if plain_file(folder, METRICS_FILE) is not None:
        read_checked_json(Metrics, read_file(folder, METRICS_FILE), METRICS_FILE)
    return ModelContents(manifest, read, kernels, calibration, domain, _splits(folder, manifest))


def architecture(folder: str | os.PathLike) -> dict[str, Any]:
    """The parameters of a model that say how large its networks are and what they read: those of networks that start from it.

    Raises
    ------
    BundleError
        As of `read_contents`.
    """
    first = read_contents(folder, [0]).folds[0]
    config, preprocessor = first.config, first.preprocessor
    sizes = {"atom_features": config.features, "bond_features": config.features, "mol_features": config.mol_features}
    # Features of a user's own have no name among the parameters.
    functions = tuple(FEATURES.get(name) for name in (preprocessor.atom_features, preprocessor.bond_features))
    features = next((name for name, pair in FEATURE_SETS.items() if pair == functions), None)
    return {
        **sizes,
        "num_messages": config.num_messages,
        "explicit_hs": preprocessor.explicit_hs,
        **({"features": features} if features else {}),
    }


def _saved(folder: Path, hashes: dict[str, str], name: str) -> bytes:
    """Content of a file, if it is the one that was saved."""
    content = read_file(folder, name)
    if hashlib.sha256(content).hexdigest() != hashes[name]:
        raise not_as_saved(name)
    return content


def _fold(folder: Path, manifest: dict[str, Any], number: int) -> FoldContents:
    paths = {name: f"{fold_folder(number)}/{name}" for name in FOLD_FILES}
    content = {name: _saved(folder, manifest["sha256"], path) for name, path in paths.items()}
    # Before version 3 there were no classes of one's own.
    is_older = manifest["format_version"] < 3
    weights, config, network_class = weights_from_file(
        content[WEIGHTS_FILE], paths[WEIGHTS_FILE], {"class": OUR_NETWORK} if is_older else {}
    )
    preprocessor = read_checked_json(
        Preprocessor,
        content[PREPROCESSOR_FILE],
        paths[PREPROCESSOR_FILE],
        {"preprocessor": OUR_PREPROCESSOR} if is_older else {},
    )
    scaler = read_checked_json(Scaler, content[SCALER_FILE], paths[SCALER_FILE])
    properties = len(manifest["prediction_columns"])
    outputs = properties * (OUTPUTS if manifest.get("distilled") else 1)
    if config.properties != outputs:
        raise BundleError.damaged(
            paths[WEIGHTS_FILE], f"it has {config.properties} outputs, and {properties} properties need {outputs}"
        )
    if scaler.center is not None and scaler.scale is not None:
        for part, values in (("center", scaler.center), ("scale", scaler.scale)):
            if len(values) != properties:
                raise BundleError.damaged(
                    paths[SCALER_FILE], f"{part} is of {len(values)} properties, and the model has {properties}"
                )
    for part in ("atom_classes", "bond_classes"):
        rows, classes = getattr(config, part), len(getattr(preprocessor, part)) + 1
        if preprocessor.is_ours and rows != classes:
            raise BundleError.damaged(
                paths[PREPROCESSOR_FILE], f"{part} are {classes} with padding, and the network's embedding has {rows}"
            )
    log = log_from_csv(content[LOG_FILE], paths[LOG_FILE])
    return FoldContents(weights, config, network_class, preprocessor, scaler, log)


def _check_alike(folds: dict[int, FoldContents]) -> None:
    """Refuse folds that are not of one ensemble."""

    def decisive(fold: FoldContents) -> tuple:
        config = replace(fold.config, atom_classes=0, bond_classes=0, dropout=0.0)
        read = fold.preprocessor
        return config, fold.network_class, read.preprocessor, read.atom_features, read.bond_features, read.explicit_hs

    numbers = list(folds)
    for number in numbers[1:]:
        if decisive(folds[number]) != decisive(folds[numbers[0]]):
            raise BundleError.damaged(
                fold_folder(number), f"its network or preprocessor is not like that of {fold_folder(numbers[0])}"
            )


def _calibration(content: bytes, manifest: dict[str, Any]) -> IntervalCalibration:
    stored = read_checked_json(Calibration, content, CALIBRATION_FILE)
    if list(stored.properties) != manifest["prediction_columns"]:
        raise BundleError.damaged(CALIBRATION_FILE, "its properties are not the model's, or in another order")
    for name, errors in stored.properties.items():
        members = {member for held_out in errors.held_out for member in held_out.members}
        if odd := members - set(manifest["model_ids"]):
            raise BundleError.damaged(
                CALIBRATION_FILE, f"{name} was held out by {min(odd)!r}, which is no fold of the model"
            )
        scores, labels = sum(len(held_out.scores) for held_out in errors.held_out), manifest["data"]["labels"][name]
        # Of folds that were handed in some rows may be in none; a distilled model is judged on some folds.
        all_held_out = manifest["data"].get("source") and manifest.get("split", GIVEN_SPLIT) != GIVEN_SPLIT
        all_held_out = all_held_out and not manifest.get("distilled")
        if all_held_out and scores != min(labels, MOST_SCORES):
            raise BundleError.damaged(CALIBRATION_FILE, f"{name} has {scores} scores of {labels} held-out values")
    return IntervalCalibration.from_dict(stored.model_dump())


def _splits(folder: Path, manifest: dict[str, Any]) -> dict[str, Any] | None:
    if plain_file(folder, SPLITS_FILE) is None:
        return None
    stored = read_checked_json(Splits, read_file(folder, SPLITS_FILE), SPLITS_FILE)
    if list(stored.held_out) != manifest["model_ids"]:
        raise BundleError.damaged(SPLITS_FILE, "held_out is of other folds than model_ids, or in another order")
    if stored.split != manifest.get("split", stored.split):
        raise BundleError.damaged(SPLITS_FILE, f"split is {stored.split!r}, and the model's {manifest['split']!r}")
    return stored.model_dump(exclude_unset=True)
