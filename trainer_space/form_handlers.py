"""What the form knows by itself: presets, checks of numbers as they are typed, and the settings of the run at work."""

from __future__ import annotations

import os
from typing import Any

import access
import data_handlers
import gradio as gr
import train_models

from polyid import runs
from polyid.common.files import sha256
from polyid.config.parameters import PRESETS
from polyid.config.ranges import check_number
from polyid.config.settings import EMBEDDINGS, MESSAGES
from polyid.errors import PolyIDError, TrainingError
from polyid.hub.version import propose_version
from polyid.web.html import notice

ADVANCED = {
    "batch_size": "Polymers an update",
    "learning_rate": "Learning rate",
    "decay": "Weight decay",
    "atom_features": "Width of the states",
    "num_messages": "Rounds of messages",
    "dropout": "Dropout",
}
"""Parameters that the form lets change, and what it calls them."""
FREEZE = {
    "train everything": "",
    "keep embeddings as they are": EMBEDDINGS,
    "train the read-out alone": MESSAGES,
}
"""What may stay as it is of a model that training begins with."""


def on_gpu() -> bool:
    """Whether the hardware is one of the Hub's GPUs."""
    return not os.environ.get("SPACE_HARDWARE", "cpu").startswith("cpu")


def preset_settings(preset: str) -> list:
    """Epochs and folds a preset comes with, a warning where it doesn't suit the hardware, and its advanced values."""
    values = PRESETS[preset]
    warning = ""
    if preset in ("publication", "large") and not on_gpu():
        warning = notice(
            f"{preset} is meant for a GPU: on a CPU it takes many hours or days. Estimate it first.", "error"
        )
    return [
        values["epochs"],
        values["kfolds"],
        warning,
        *(gr.update(value="", placeholder=f"{values[name]:g}") for name in ADVANCED),
    ]


def check_numbers(epochs: Any, folds: Any, seed: Any, *advanced: Any) -> str:
    """A sentence about the first number that can't be, nothing when all can."""
    try:
        for name, value in (("epochs", epochs), ("kfolds", folds), ("seed", seed)):
            check_number(name, value)
        changes(advanced)
    except TrainingError as problem:
        return notice(str(problem), "error")
    return ""


def _as_number(typed: Any) -> Any:
    """The number of a text; another text as it is, for the check to name it."""
    try:
        return float(typed)
    except (TypeError, ValueError):
        return typed


def changes(advanced: tuple) -> dict[str, Any] | None:
    """The parameters that differ from the preset's.

    Raises
    ------
    TrainingError
        One of them can't be.
    """
    values = dict(zip(ADVANCED, advanced, strict=True)) if advanced else {}
    changed = {
        name: check_number(name, _as_number(value))
        for name, value in values.items()
        if value is not None and value != ""
    }
    if "atom_features" in changed:
        changed["bond_features"] = changed["atom_features"]
    return changed or None


def propose(
    data: str | None,
    upload: str | None,
    pasted: str | None,
    dataset: str | None,
    properties: list[str],
    preset: str,
    repo_id: str | None,
    branch: str | None,
) -> tuple:
    """The next version of the model repo, and why it is that one."""
    try:
        path = train_models.find_data(data_handlers.tables_on_offer(), data, upload, pasted, dataset)
        if path is None:
            raise TrainingError("No data is chosen: choose a table or upload your own.")
        tag, why = propose_version(
            (repo_id or "").strip(),
            properties=properties,
            data_sha256=sha256(path),
            preset=preset,
            branch=(branch or "").strip() or None,
            token=access.reading_token(),
        )
    except PolyIDError as problem:
        return gr.skip(), notice(str(problem), "error")
    return tag, notice(f"{tag}: {why}")


def table_of_run() -> Any:
    """The table of the run at work, chosen in the form of whoever arrives while it works."""
    run = _at_work()
    if run is None:
        return gr.skip()
    name = data_handlers.run_table_name(run)
    return gr.update(choices=[*data_handlers.table_names(), name], value=name)


def settings_of_run() -> list:
    """The settings of the run at work, for a form that would say something else after a reload."""
    run = _at_work()
    if run is None:
        return [gr.skip()] * (15 + len(ADVANCED))
    request = run.request
    changed = request.changes or {}
    return [
        list(request.properties),
        request.preset,
        request.epochs,
        request.folds,
        request.seed,
        request.repo_id,
        request.tag or "",
        request.branch or "",
        bool(request.private),
        request.split,
        request.notes or "",
        request.afterwards,
        *(
            gr.update(value=str(changed.get(name, "")), placeholder=f"{PRESETS[request.preset][name]:g}")
            for name in ADVANCED
        ),
        request.init_from or "",
        changed.get("freeze") or "",
        request.review,
    ]


def _at_work() -> runs.Run | None:
    run = runs.latest(runs.default_folder())
    return run if run is not None and run.active else None
