"""What is written of a trained ensemble, and read again: parameters, folds, figures, the model folder."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyid.bundle.domain_codec import domain_to_files
from polyid.bundle.layout import (
    CALIBRATION_FILE,
    CARD_FILE,
    CHECKPOINTS_FOLDER,
    MANIFEST_FILE,
    METRICS_FILE,
    OUT_OF_FOLD_FILE,
    SPLITS_FILE,
)
from polyid.bundle.schema import Splits
from polyid.bundle.store import load_bundle, save_bundle
from polyid.bundle.strict import checked
from polyid.chemistry.oligomer import ChainSettings
from polyid.common.files import read_json
from polyid.common.spreadsheet import csv_text
from polyid.config.parameters import DEFAULT_SPLIT, GIVEN_SPLIT, split_column
from polyid.data.dataset import Dataset
from polyid.data.learnt_marks import LearntMarks
from polyid.data.splits import recorded_folds, split_record
from polyid.data.training_table import TrainingTable, read_training_table
from polyid.ensemble.fitted import FittedEnsemble
from polyid.ensemble.fitting import Trained
from polyid.ensemble.held_out import HeldOut
from polyid.errors import DataError, TrainingError
from polyid.nn.device import hardware
from polyid.report.card import model_card


def source_record(table: TrainingTable, columns: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Where the rows are from: file and hash, how many were left out, and what the columns were said to mean, if they were."""
    left_out = table.problems.loc[table.problems["outcome"] == "left out", "row"].nunique()
    source = {"source": table.source, "sha256": table.sha256, "rows_left_out": int(left_out)}
    return source if columns is None else {**source, "columns": columns}


def data_record(source: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Entry ``data`` of `parameters.json`: where the rows are from (`source`) and how many they are."""
    return {
        **source,
        "rows": len(dataset.frame),
        "polymers": len(set(dataset.keys)),
        "labels": {name: int(dataset.frame[name].notna().sum()) for name in dataset.properties},
    }


def marks_record(dataset: Dataset) -> dict[str, list[str]]:
    """Entry ``marks`` of `parameters.json`: the kinds of stereo marks that each property learnt."""
    marks = dataset.learning_marks().marks if dataset.marks is None else dataset.marks
    assert marks is not None, "they were just counted"
    return marks.to_dict()


def training_record(trained: Trained, started: float, seed: int) -> dict[str, Any]:
    """Entry ``training`` of `parameters.json`, of a training that began at `started` (seconds since 1970) and ends now."""
    finished = time.time()
    return {
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "finished": datetime.fromtimestamp(finished, UTC).isoformat(timespec="seconds"),
        "seconds": round(finished - started + trained.seconds_before_resuming, 1),
        "hardware": hardware(),
        "seed": seed,
        "padding_waste": trained.padding_waste,
        "folds_together": trained.folds_together,
    }


def model_content(
    dataset: Dataset,
    units: Mapping[str, Any],
    params: Mapping[str, Any],
    split: str,
    source: Mapping[str, Any],
    training: Mapping[str, Any],
    began: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Content of `parameters.json`, to which `polyid.bundle.store.save_bundle` adds what the files are.

    Parameters
    ----------
    dataset : Dataset
    units : mapping of str to list or None
        Of its properties.
    params : mapping
        Of `polyid.config.parameters.completed`.
    split : str
    source : mapping
        Of `source_record`.
    training : mapping
        Of `training_record`.
    began : mapping, optional
        Of `polyid.ensemble.starting_point.begin`.
    """
    return {
        "prediction_columns": list(dataset.properties),
        "prediction_units": dict(units),
        "parameters": json_ready(
            {k: v for k, v in params.items() if k != "prediction_columns" and v not in (None, {})}
        ),
        "chain": asdict(dataset.chain),
        "marks": marks_record(dataset),
        "split": split,
        "data": data_record(source, dataset),
        "training": dict(training),
        **({} if began is None else {"init_from": dict(began)}),
    }


def json_ready(value: Any) -> Any:
    """Numbers and containers as JSON can hold them."""
    if isinstance(value, dict):
        return {str(k): json_ready(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [json_ready(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value


def loss_log(logs: Mapping[str | None, pd.DataFrame | None]) -> pd.DataFrame | None:
    """The epochs of members by name, one below the other, with their ``model_id``."""
    known = [log.assign(model_id=name) for name, log in logs.items() if log is not None]
    return pd.concat(known, ignore_index=True) if known else None


def save_ensemble(
    folder: Path, fitted: FittedEnsemble, held_out: HeldOut, content: dict[str, Any], seed: int, *, keep_rows: bool
) -> dict[str, Any]:
    """Write a model folder, and remove the checkpoints in it.

    Parameters
    ----------
    folder : Path
    fitted : FittedEnsemble
        With calibration and domain.
    held_out : HeldOut
    content : dict
        Of `parameters.json`.
    seed : int
        Of the folds.
    keep_rows : bool
        Keep the held-out predictions beside the model, in `out_of_fold.csv`.

    Returns
    -------
    dict
        Content of `parameters.json` as it was written.
    """
    from polyid.report.figures.draw import write_report

    metrics, rows = held_out.report(), held_out.out_of_fold()
    logs = loss_log({member.model_id: pd.DataFrame(member.log) for member in fitted.members})
    figures = write_report(rows, logs, content, metrics)
    splits = split_record(held_out.dataset, content["split"], seed)
    documents: dict[str, str | bytes] = {
        METRICS_FILE: json.dumps(metrics, indent=2) + "\n",
        SPLITS_FILE: json.dumps(splits, indent=1, ensure_ascii=False) + "\n",
        CARD_FILE: model_card(content, metrics, len(fitted.members), figures=list(figures)),
        **figures,
    }
    if fitted.calibration is not None:
        documents[CALIBRATION_FILE] = json.dumps(fitted.calibration.to_dict()) + "\n"
    if fitted.domain is not None:
        documents |= domain_to_files(fitted.domain)
    if keep_rows:
        documents[OUT_OF_FOLD_FILE] = csv_text(rows)
    save_bundle(folder, fitted.members, content, documents)
    shutil.rmtree(folder / CHECKPOINTS_FOLDER)
    return read_json(folder / MANIFEST_FILE)


def load_ensemble(
    folder: str | os.PathLike, custom_objects: dict[str, Callable] | None, numbers: Sequence[int] | None
) -> tuple[dict[str, Any], FittedEnsemble, dict[str, Any] | None]:
    """Content of `parameters.json`, the ensemble, and content of `splits.json`, if there is one.

    Parameters
    ----------
    folder : path
    custom_objects : dict, optional
        Feature functions, networks and preprocessors of one's own, by name.
    numbers : sequence of int, optional
        Of the members to load; all by default.

    Raises
    ------
    BundleError
        The folder is no model, or damaged.
    """
    contents, members = load_bundle(folder, custom_objects, numbers)
    loaded = None if numbers is None else tuple(numbers)
    fitted = FittedEnsemble(tuple(members), contents.calibration, contents.domain, loaded)
    return contents.manifest, fitted, contents.splits


def given_folds(given: str | os.PathLike | dict) -> dict[str, Any]:
    """Folds drawn before: a dict as it is, or the content of a JSON file; what has the form of a `splits.json` is checked as one.

    Raises
    ------
    TrainingError
        It is no JSON file of folds.
    BundleError
        It is a damaged `splits.json`.
    """
    folds = given if isinstance(given, dict) else _folds_of(given)
    if "held_out" in folds:
        checked(Splits, folds, SPLITS_FILE)
    return folds


def _folds_of(path: str | os.PathLike) -> dict[str, Any]:
    form = '{"name": {"train": [data ids], "validate": [data ids]}}'
    try:
        folds = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingError(f"The folds {os.fspath(path)} can't be read ({error}); give a JSON file {form}.") from None
    if not isinstance(folds, dict):
        raise TrainingError(f"{os.fspath(path)} holds no folds; give a JSON file {form}.")
    return folds


def recorded_dataset(
    data: str | os.PathLike | TrainingTable, manifest: dict[str, Any], splits: dict[str, Any], names: Sequence[str]
) -> Dataset:
    """The table a model was trained on, in the folds it was trained on.

    Parameters
    ----------
    data : path or TrainingTable
    manifest, splits : dict
        Content of `parameters.json` and `splits.json`.
    names : sequence of str
        Of the members, in order.

    Raises
    ------
    DataError
        It is another table.
    """
    properties = manifest["prediction_columns"]
    chain = ChainSettings(**manifest["chain"])
    if isinstance(data, TrainingTable):
        table = data
    else:
        split = splits.get("split", DEFAULT_SPLIT)
        column = split_column(split) if split != GIVEN_SPLIT else None
        columns = manifest["data"].get("columns")
        table = read_training_table(data, properties, chain, keep=[column] if column else (), columns=columns)
    trained_on = str(manifest.get("data", {}).get("sha256"))
    if table.sha256 != trained_on:
        raise DataError(
            f"{table.source} is not the table this model was trained on (SHA-256 {table.sha256[:12]}… instead of "
            f"{trained_on[:12]}…); give that table, or evaluate without its folds."
        )
    marks = LearntMarks.from_dict(manifest.get("marks"))
    dataset = replace(Dataset.of_table(table.frame, properties, chain), marks=marks)
    folds = recorded_folds(splits, dataset)
    return dataset.divided({name: folds[name] for name in names})
