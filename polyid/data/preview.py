"""A training table summarised, before anything is trained on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyid.common.text import counted
from polyid.data.problems import KEPT, LEFT_OUT
from polyid.data.training_table import TrainingTable


@dataclass(frozen=True)
class Preview:
    """What a page shows before training.

    Attributes
    ----------
    polymers : int
        Distinct polymers.
    rows : int
        Rows trained on.
    labels, units : dict
        Per property.
    histograms : dict
        Property to (edges, counts), lists of `bins` + 1 and `bins` numbers.
    problems : pandas.DataFrame
        As in :class:`TrainingTable`.
    sentences : list of str
        The same in words.
    """

    polymers: int
    rows: int
    labels: dict[str, int]
    units: dict[str, str | None]
    histograms: dict[str, tuple[list[float], list[int]]]
    problems: pd.DataFrame
    sentences: list[str]


def preview(table: TrainingTable, bins: int = 16) -> Preview:
    """Summarise a training table.

    Parameters
    ----------
    table : TrainingTable
    bins : int
        Of each histogram.

    Returns
    -------
    Preview
    """
    histograms = {}
    for name in table.properties:
        counts, edges = np.histogram(table.frame[name].dropna(), bins=bins)
        histograms[name] = (edges.tolist(), counts.tolist())
    polymers = int(table.frame["smiles_monomer"].nunique())
    left_out = int(table.problems.loc[table.problems.outcome == LEFT_OUT, "row"].nunique())
    kept = int((table.problems.outcome == KEPT).sum())
    sentences = [f"{table.source}: {counted(len(table.frame), 'row')} of {counted(polymers, 'polymer')}."]
    sentences += [
        f"{_title(name, table.units[name])}: {counted(count, 'value')}." for name, count in table.labels.items()
    ]
    if left_out:
        has = "row has" if left_out == 1 else "rows have"
        sentences.append(f"{left_out:,} {has} something that can't be read; it is listed and left out.")
    if kept:
        sentences.append(
            "1 value looks wrong or disagrees; it is listed and kept."
            if kept == 1
            else f"{kept:,} values look wrong or disagree; they are listed and kept."
        )
    if table.unlabelled:
        has = "row has" if table.unlabelled == 1 else "rows have"
        sentences.append(f"{table.unlabelled:,} {has} none of these properties.")
    sentences += table.notes
    return Preview(polymers, len(table.frame), table.labels, table.units, histograms, table.problems, sentences)


def _title(name: str, unit: str | None) -> str:
    return f"{name} ({unit})" if unit else name
