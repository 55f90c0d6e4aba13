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
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from polyid.bundle.codecs import log_to_csv, scaler_from, scaler_to_dict, weights_to_file
from polyid.bundle.contents import ModelContents, read_contents
from polyid.bundle.kernel_codec import kernel_to_file
from polyid.bundle.layout import (
    BUNDLE_FILES,
    CHECKED_FILES,
    FOLD_PATTERN,
    FORMAT,
    FORMAT_VERSION,
    KERNEL_FILE,
    LOG_FILE,
    MANIFEST_FILE,
    PREPROCESSOR_FILE,
    REPORT_PATTERN,
    SCALER_FILE,
    WEIGHTS_FILE,
    fold_folder,
)
from polyid.bundle.manifest import package_versions
from polyid.bundle.member import BundleMember
from polyid.common.custom import custom_class
from polyid.common.files import to_json, write_bytes
from polyid.data.learnt_marks import LearntMarks
from polyid.graphs.preprocessor import read_preprocessor
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
    for old in sorted(folder.glob(FOLD_PATTERN)):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    for old in [*(folder / name for name in (*BUNDLE_FILES, *CHECKED_FILES)), *sorted(folder.glob(REPORT_PATTERN))]:
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
        weights = weights_to_file(member.weights, member.config, member.network_class.__name__)
        write(f"{place}/{WEIGHTS_FILE}", weights)
        write(f"{place}/{PREPROCESSOR_FILE}", to_json(member.preprocessor.to_dict()).encode())
        write(f"{place}/{SCALER_FILE}", to_json(scaler_to_dict(member.scaler)).encode())
        write(f"{place}/{LOG_FILE}", log_to_csv(member.log).encode())
    if kernels := [m.kernel for m in members if m.kernel is not None]:
        write(KERNEL_FILE, kernel_to_file(kernels))
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
) -> tuple[ModelContents, list[BundleMember]]:
    """What a model folder says, and its members, every file checked.

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
    contents = read_contents(folder, folds)
    members = [
        BundleMember(
            fold.weights,
            fold.config,
            read_preprocessor(fold.preprocessor.model_dump(), custom_objects),
            scaler_from(fold.scaler),
            fold.log,
            contents.manifest["model_ids"][number],
            None if contents.kernels is None else contents.kernels[number],
            custom_class(fold.network_class, MessagePassingNetwork, "network", custom_objects),
            LearntMarks.from_dict(contents.manifest.get("marks")),
            bool(contents.manifest.get("distilled")),
        )
        for number, fold in contents.folds.items()
    ]
    return contents, members
