"""What a run will take, shown before it is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import form_handlers
import gradio as gr
import train_models
from data_handlers import tables_on_offer

from polyid import runs
from polyid.config.parameters import DEFAULT_SPLIT
from polyid.config.ranges import check_number
from polyid.ensemble.plan import Plan
from polyid.errors import PolyIDError, TrainingError
from polyid.estimate.estimate import estimate, stages_here
from polyid.estimate.hardware import READ_ON, hardware_of_flavor
from polyid.estimate.measured import WarmUp, kept, space_flavor
from polyid.estimate.measured import measure as measured_apart
from polyid.web.html import notice, templates

TEMPLATES = templates(Path(__file__).with_name("templates"))


def plan_of(
    path: Path | None,
    properties: list[str],
    preset: str,
    epochs: Any,
    folds: Any,
    seed: Any,
    split: str | None,
    columns: train_models.Columns | None,
    advanced: tuple,
    sizes: dict[str, Any] | None = None,
) -> Plan:
    """What the form asks for; `sizes` are parameters of the model that training begins with, which count before the preset's.

    Raises
    ------
    TrainingError
        It can't be.
    """
    if path is None:
        raise TrainingError("No data is chosen: choose a table or upload your own.")
    return Plan(
        path,
        properties or None,
        preset,
        check_number("kfolds", folds),
        check_number("epochs", epochs),
        check_number("seed", seed),
        split or DEFAULT_SPLIT,
        columns or None,
        {**(sizes or {}), **(form_handlers.changes(advanced) or {})} or None,
    )


def _plan(data: Any, upload: Any, pasted: Any, dataset: Any, *asked: Any) -> Plan:
    properties, preset, epochs, folds, seed, split, columns, *advanced, init_from = asked
    path = train_models.find_data(tables_on_offer(), data, upload, pasted, dataset)
    sizes = train_models.starting_point(init_from)[1]
    return plan_of(path, properties, preset, epochs, folds, seed, split, columns, tuple(advanced), sizes)


def measure(*asked: Any) -> str:
    """Measure some steps of the real network, and say what the whole takes."""
    run = runs.latest(runs.default_folder())
    try:
        plan = _plan(*asked)
        params = plan.parameters()
        train_models.check_folds(
            plan.data, plan.columns, list(plan.properties or ()), params.kfolds, plan.split, plan.seed
        )
        known = kept(plan)
        if known is None and run is not None and run.active:
            raise TrainingError(
                "A run is at work: measuring beside it would slow it, and tell nothing. Estimate later."
            )
        return table(known or measured_apart(plan), plan.preset)
    except PolyIDError as problem:
        return notice(str(problem), "error")


def known(*asked: Any) -> Any:
    """What was measured before of these settings; nothing of others, which the button measures."""
    try:
        plan = _plan(*asked)
        measured = kept(plan)
    except (PolyIDError, OSError):
        return gr.skip()
    return table(measured, plan.preset) if measured else ""


def table(measured: WarmUp, preset: str) -> str:
    """An estimate as HTML, its warnings above it."""
    answer = estimate(measured, preset, space_flavor())
    rows = [
        {
            "hardware": row.hardware,
            "time": row.time,
            "price": row.price,
            "energy": row.energy,
            "memory": f"{row.memory_bytes / 2**30:.1f} GiB{'' if row.fits else ', too much'}",
        }
        for row in (answer.here, *answer.others)
    ]
    text = TEMPLATES.get_template("estimate.html").render(rows=rows, read_on=READ_ON.isoformat())
    return "".join(notice(warning, "error") for warning in answer.warnings) + text


def expected(plan: Plan) -> dict[str, float] | None:
    """Seconds by stage of a run, if it was measured before."""
    measured = kept(plan)
    return None if measured is None else stages_here(measured)[0]


def dollars_an_hour() -> float | None:
    """What this Space's hardware costs; None where that isn't known."""
    rented = hardware_of_flavor(space_flavor())
    return rented.dollars_an_hour if rented else None
