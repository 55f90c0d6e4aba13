"""From the page's form to a training run: what can be checked before hours are spent is checked here."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import access

from polyid import runs
from polyid.bundle.contents import architecture
from polyid.bundle.layout import STARTER_NAME
from polyid.common.files import sha256, write_bytes
from polyid.config.parameters import DEFAULT_SPLIT, split_column
from polyid.config.ranges import check_number
from polyid.data.catalogue import SOURCES
from polyid.data.download import fetch_source
from polyid.data.training_table import TrainingTable, read_training_table
from polyid.ensemble.plan import possible_folds
from polyid.errors import DataError, TrainingError
from polyid.hub.datasets import find_hub_table
from polyid.hub.destination import check_destination, split_repo_and_revision
from polyid.hub.fetch import fetch_bundle
from polyid.runs.backup import is_wanted

logger = logging.getLogger(__name__)

Columns = dict[str, dict[str, str | None]]


def train_polyid_models(
    data_path: str | Path = "data/polymer_properties.csv",
    save_path: str | Path = "trained_models",
    epochs: int = 500,
    kfolds: int = 5,
) -> bool:
    """Train an ensemble with the published network on every property the table has, in this process.

    Parameters
    ----------
    data_path : path
        Table of polymers.
    save_path : path
        Folder the bundle is written to.
    epochs, kfolds : int
        Length of training and number of folds.

    Returns
    -------
    bool
        True; whatever stops training is raised.

    Raises
    ------
    polyid.errors.PolyIDError
        When the data or the settings can't be trained with.
    """
    from polyid.ensemble.workflow import train_ensemble

    train_ensemble(
        data_path,
        save_path,
        preset="publication",
        folds=kfolds,
        epochs=epochs,
        progress=lambda progress: logger.info(progress.line()),
    )
    return True


def find_data(
    offer: dict[str, Path], name: str | None, upload: str | None, pasted: str | None, dataset: str | None
) -> Path | None:
    """The table a form asks for: an uploaded file, else pasted rows, else a Hub dataset, else one by name.

    Parameters
    ----------
    offer : dict
        Name to path of the tables that are here.
    name : str or None
        One of them, or of `polyid.data.catalogue.SOURCES`, which is fetched.
    upload : str or None
        Path of the uploaded file.
    pasted : str or None
    dataset : str or None
        ``user/dataset`` on the Hub.

    Raises
    ------
    polyid.errors.PolyIDError
        It can't be fetched.
    """
    if upload:
        return Path(upload)
    if pasted and pasted.strip():
        content = pasted.encode(errors="surrogatepass")
        folder = Path(tempfile.gettempdir()) / f"polyid-pasted-{hashlib.sha256(content).hexdigest()[:32]}"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_bytes(folder / "pasted_rows.csv", content)
        return folder / "pasted_rows.csv"
    if dataset and dataset.strip():
        path = find_hub_table(dataset, access.reading_token())
        if path is None:
            raise DataError(f"{dataset.strip()!r} isn't the name of a Hub dataset: write it as user/dataset.")
        return path
    if name in SOURCES and name not in offer:
        return fetch_source(name)
    return offer.get(name) if name else None


def read_table(path: str | Path, columns: Columns | None = None, keep: str | None = None) -> TrainingTable:
    """A training table, read once for each content, meaning of the columns and column to keep.

    Raises
    ------
    polyid.errors.DataError
        When the file can't be trained on.
    """
    digest = sha256(path)
    # One lock a table: who reads an ordinary one needn't wait for another's that takes long.
    with _READING_LOCKS[int(digest[:8], 16) % len(_READING_LOCKS)]:
        return _read_table(str(path), digest, json.dumps(columns), keep)


_READING_LOCKS = [threading.Lock() for _ in range(64)]


@functools.lru_cache(maxsize=8)
def _read_table(path: str, digest: str, columns: str, keep: str | None) -> TrainingTable:
    return read_training_table(path, columns=json.loads(columns), keep=[keep] if keep else ())


def start_run(
    runs_folder: Path,
    data_path: str | Path | None,
    *,
    properties: list[str],
    preset: str,
    epochs: float | None,
    folds: float | None,
    seed: float | None,
    repo_id: str | None,
    tag: str | None = None,
    branch: str | None = None,
    private: bool = False,
    split: str | None = None,
    columns: Columns | None = None,
    publish: bool = True,
    **more: Any,
) -> runs.Run:
    """Check what the form says, then begin the run.

    Raises
    ------
    polyid.errors.PolyIDError
        The first thing that is wrong, in one sentence; nothing was started.

    The other settings are those of `polyid.runs.Request`.
    """
    if data_path is None:
        raise TrainingError("No data is chosen: choose a table or upload your own.")
    whole_epochs, whole_folds = check_number("epochs", epochs), check_number("kfolds", folds)
    whole_seed = check_number("seed", seed)
    split = (split or "").strip() or DEFAULT_SPLIT
    whole_folds = check_folds(data_path, columns, properties, whole_folds, split, whole_seed)
    destination, token = _destination(repo_id, tag, branch, private), access.token()
    if publish:
        check_destination(**destination, token=token)
    run = runs.start(
        runs_folder,
        data_path,
        properties=properties,
        preset=preset,
        folds=whole_folds,
        epochs=whole_epochs,
        seed=whole_seed,
        split=split,
        columns=columns or None,
        publish=publish,
        backup=publish and is_wanted(runs_folder),
        space=os.environ.get("SPACE_ID"),
        user=access.name(),
        token=token,
        **destination,
        **more,
    )
    access.remember(run)
    return run


def starting_point(model: str | None) -> tuple[str | None, dict[str, Any]]:
    """The model whose networks training begins with, looked at before anything is started, and its networks' parameters.

    Raises
    ------
    polyid.errors.PolyIDError
        It is no model repo, or holds no whole model. A folder of this machine is none of a visitor's business.
    """
    model = (model or "").strip() or None
    if model is not None:
        if model != STARTER_NAME:
            split_repo_and_revision(model)
        return model, architecture(fetch_bundle(model, token=access.reading_token()).folder)
    return None, {}


def check_folds(
    data_path: str | Path, columns: Columns | None, properties: list[str], folds: int, split: str, seed: int
) -> int:
    """How many folds the data is divided into: as many as asked for, or as its column of folds names.

    Raises
    ------
    polyid.errors.PolyIDError
        It can't be.
    """
    if not properties:
        raise TrainingError("No property is ticked: choose at least one to train on.")
    return possible_folds(read_table(data_path, columns, split_column(split)), properties, folds, split, seed)


def _destination(repo_id: str | None, tag: str | None, branch: str | None, private: bool) -> dict[str, Any]:
    """Where the model goes, as the form says it."""
    return {
        "repo_id": (repo_id or "").strip(),
        "tag": (tag or "").strip() or None,
        "branch": (branch or "").strip() or None,
        "private": private or None,
    }


def publish_run(
    run: runs.Run,
    *,
    repo_id: str | None,
    tag: str | None = None,
    branch: str | None = None,
    private: bool = False,
    notes: str | None = None,
) -> runs.Run:
    """Go on with a run, or publish its model again, to where the form says now.

    Raises
    ------
    polyid.errors.PolyIDError
        When its model can't go there.
    """
    destination, token = _destination(repo_id, tag, branch, private), access.token()
    check_destination(**destination, token=token)
    notes = (notes or "").strip() or None
    # Whoever publishes a trained model has looked at it.
    review = False if run.trained else None
    return runs.resume(
        run.folder, token=token, user=access.name(), publish=True, review=review, notes=notes, **destination
    )
