"""What the page does with data: it reads the table that is chosen, shows what is in it, and takes corrections."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import data_view
import gradio as gr
import train_models

from polyid import runs
from polyid.common.text import formula, listed, plain_unit
from polyid.config.parameters import COLUMN
from polyid.data.catalogue import SOURCES, bundled_tables
from polyid.data.columns import propose_mapping
from polyid.data.described import describe_columns
from polyid.data.headers import RawTable
from polyid.data.preview import preview
from polyid.data.properties import PROPERTIES
from polyid.data.property import Property
from polyid.data.raw import read_raw_table
from polyid.data.training_table import TrainingTable
from polyid.data.values import count_polymers
from polyid.ensemble.plan import polymer_count
from polyid.errors import DataError, PolyIDError
from polyid.web.html import notice

OWN = "Your own: "
"""Begins the name of a table that the user brought."""
FEW_LABELS = 20
"""Properties with fewer polymers aren't ticked at first."""
MOST_COLUMNS = 40
"""Columns of a table that the page shows."""
SPLIT_LABELS = {
    "Equal shares of each class": "stratified",
    "At random": "random",
    "Similar repeat units together": "scaffold",
}


def tables_on_offer() -> dict[str, Path]:
    """Name and path of the tables to choose from, that of the last run behind them."""
    if folder := os.environ.get("POLYID_DATA"):
        here = {path.stem: path for path in sorted(Path(folder).glob("*.csv"))}
    else:
        here = bundled_tables()
    run = runs.latest(runs.default_folder())
    if run is None or not (run.folder / run.request.data).is_file():
        return here
    return {**here, run_table_name(run): run.folder / run.request.data}


def table_names() -> list[str]:
    """What the list of tables has."""
    on_offer = tables_on_offer()
    return [*on_offer, *(name for name in SOURCES if name not in on_offer)]


def run_table_name(run: runs.Run) -> str:
    """What the table of a run is called in the list."""
    return f"{Path(run.request.data).name} of run {run.name}"


def property_choices(table: TrainingTable) -> list[tuple[str, str]]:
    """Label and name of every property of a table, such as "Glass transition (Glass_Transition, °C) - 231 polymers"."""
    return [
        (
            property_title(name, PROPERTIES.get(name), polymer_count(table, [name]), table.units[name]),
            name,
        )
        for name in table.labels
    ]


def property_title(name: str, entry: Property | None, polymers: int, unit: str | None = None) -> str:
    """A property with its name in tables, unit and number of polymers."""
    in_tables = ", ".join(filter(None, [name if entry else None, plain_unit(unit or (entry.unit if entry else None))]))
    title = f"{formula(entry.label) if entry else name}{f' ({in_tables})' if in_tables else ''}"
    return f"{title} - {polymers} polymer{'' if polymers == 1 else 's'}"


def enough_labels(table: TrainingTable) -> list[str]:
    """The properties to tick at first."""
    return [name for name in table.labels if polymer_count(table, [name]) >= FEW_LABELS] or list(table.labels)


def show_data(
    data: str | None, upload: str | None = None, pasted: str | None = None, dataset: str | None = None
) -> tuple:
    """Describe the chosen table: what is in it, the rows to look at, and what each column was taken for."""
    return describe(data, upload, pasted, dataset, None)


def describe(
    data: str | None = None,
    upload: str | None = None,
    pasted: str | None = None,
    dataset: str | None = None,
    columns: train_models.Columns | None = None,
) -> tuple:
    """What `show_data` shows, with the columns as recognised (None) or as the user says they are.

    Returns
    -------
    tuple
        Properties, notice, box of problems, problems, histograms, their file, box of columns, columns as recognised, columns
        as corrected, splits, button for kelvin, list of tables: in the order of `training_page.described`.
    """
    raw, shown = None, data
    if (data or "").startswith(OWN) and not _is_brought(upload, pasted, dataset):
        data = next(iter(tables_on_offer()), None)  # the user's own table was taken away
    try:
        path = train_models.find_data(tables_on_offer(), data, upload, pasted, dataset)
        if path is None:
            raise DataError("Choose a table, or bring your own.")
        raw = read_raw_table(path)
        table = train_models.read_table(path, columns or None)
    except PolyIDError as problem:
        return _refused(problem, data_columns(raw, columns) if raw is not None else {}, columns)
    brought = _is_brought(upload, pasted, dataset)
    taken_for = data_columns(raw, columns)
    described = preview(table)
    about = [" ".join([described.sentences[0], *described.sentences[1 + len(described.labels) :]])]
    if data in SOURCES and not brought:
        about.append(SOURCES[data].notice)
    may_name_folds = [name for name, what in taken_for.items() if what["as"] in ("", "class", "mechanism", "tacticity")]
    return (
        gr.update(choices=property_choices(table), value=enough_labels(table)),
        notice("\n".join(about)),
        gr.update(visible=not table.problems.empty, label=f"Rows to look at ({len(table.problems)})"),
        table.problems,
        data_view.histograms(described),
        gr.update(visible=not table.problems.empty, value=data_view.problems_file(table)),
        gr.update(visible=brought),
        taken_for,
        columns,
        gr.update(choices=split_choices(may_name_folds)),
        gr.update(visible=bool(table.kelvin), value=f"Read {listed(table.kelvin)} as kelvin"),
        _named(shown, f"{OWN}{path.name}" if brought else data),
    )


def _is_brought(upload: str | None, pasted: str | None, dataset: str | None) -> bool:
    """Whether the user brought a table."""
    return bool(upload or (pasted or "").strip() or (dataset or "").strip())


def _named(shown: str | None, name: str | None) -> Any:
    """The list of tables with the one in use chosen, whoever brought it."""
    names = table_names()
    return (
        gr.skip()
        if shown == name and name in names
        else gr.update(choices=list(dict.fromkeys([*names, *([name] if name else [])])), value=name)
    )


def read_as_kelvin(
    data: str | None,
    upload: str | None,
    pasted: str | None,
    dataset: str | None,
    taken_for: dict | None,
    columns: train_models.Columns | None,
) -> tuple:
    """Describe the data with kelvin in the columns that were taken for °C and look like kelvin.

    Besides the source, the columns as recognised and as corrected come from the page: by the latter its table is known.
    """
    try:
        path = train_models.find_data(tables_on_offer(), data, upload, pasted, dataset)
        suspected = train_models.read_table(path, columns or None).kelvin if path else ()
    except PolyIDError:
        suspected = ()  # described below
    meant = dict(taken_for or {})
    meant |= {column: {**meant[column], "unit": "K"} for column in suspected if column in meant}
    return describe(data, upload, pasted, dataset, meant or None)


def _refused(problem: PolyIDError, taken_for: dict, columns: train_models.Columns | None) -> tuple:
    """What the page shows of a table that can't be trained on: why, and its columns to correct."""
    return (
        gr.skip(),
        notice(str(problem), "error"),
        gr.update(visible=False),
        None,
        "",
        gr.update(visible=False),
        gr.update(visible=bool(taken_for), open=bool(taken_for)),
        taken_for or None,
        columns,
        gr.skip(),
        gr.update(visible=False),
        gr.skip(),
    )


def data_columns(raw: RawTable, columns: train_models.Columns | None) -> dict:
    """What to show of a table's columns, the user's own word first."""
    return {**describe_columns(raw), **(columns or {})}


def split_choices(columns: list[str]) -> list[tuple[str, str]]:
    """Ways to divide the polymers, and the columns that may hold the user's own folds."""
    return [
        *SPLIT_LABELS.items(),
        *((f"Folds of my own, in {name}", f"{COLUMN}{name}") for name in columns[:MOST_COLUMNS]),
    ]


def first_choices() -> tuple[list[tuple[str, str]], list[str]]:
    """Properties of the first table to show and to tick, from its cells alone: the page opens before its SMILES are
    read, and programs that start a run without looking at the data first find them here."""
    path = next(iter(tables_on_offer().values()), None)
    if path is None:
        return [], []
    try:
        raw = read_raw_table(path)
        counts = count_polymers(raw, propose_mapping(raw))
    except PolyIDError:
        # The page says so when it shows the table.
        return [], []
    ticked = [name for name, count in counts.items() if count >= FEW_LABELS]
    return [(property_title(name, PROPERTIES.get(name), counts[name]), name) for name in counts], ticked or list(counts)


def describe_corrected(taken_for: dict | None, names: list[str]) -> Callable[..., tuple]:
    """A function that describes the data with columns meaning what the fields of the page's rows say."""

    def corrected(data: Any, upload: Any, pasted: Any, dataset: Any, *fields: str) -> tuple:
        corrections = zip(names, fields[::2], fields[1::2], strict=True)
        columns = {name: {"as": meaning, "unit": unit.strip() or None} for name, meaning, unit in corrections}
        return describe(data, upload, pasted, dataset, {**(taken_for or {}), **columns})

    return corrected
