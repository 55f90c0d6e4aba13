"""What to make next: candidates by how probably they meet a goal; and what to measure next: those the model is least sure of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyid.errors import DataError
from polyid.inference.columns import DOMAIN, EXPECTED_ERROR, LOWER, MEAN, UPPER, prediction_column
from polyid.screening.columns import ResultColumns
from polyid.screening.goal import Goal, read_goal
from polyid.screening.parts import METADATA_KEY
from polyid.screening.store import opened
from polyid.uncertainty.domain.verdict import OUTSIDE

PROBABILITY = "probability"
"""Column of the probability that all of a goal is met."""
LEAST_SHARE = 0.1
"""A candidate is of interest if it meets the goal at least with this share of the best one's probability."""
_ROWS_A_BATCH = 50_000


@dataclass(frozen=True)
class Suggestions:
    """Candidates for a goal.

    Attributes
    ----------
    goal : Goal
    best : pandas.DataFrame
        The most probable ones first, with ``probability`` and, of each property, ``NAME_probability``.
    to_measure : pandas.DataFrame
        Those from whose measurement the model would learn most, the most first, with ``surprise``: of the goal's properties the largest
        expected error, in units of the median one of all candidates.
    rows : int
        Candidates in all.
    """

    goal: Goal
    best: pd.DataFrame
    to_measure: pd.DataFrame
    rows: int


def screened_properties(address: str) -> list[str] | None:
    """Properties of the result of a screen with value, expected error and interval; None of any other file."""
    with opened(address) as stream:
        if stream.read(4) != b"PAR1":
            return None
        try:
            metadata = pq.read_metadata(stream)
        except pa.ArrowException:
            return None
    if METADATA_KEY not in (metadata.metadata or {}):
        return None
    names = metadata.schema.to_arrow_schema().names
    suffix = prediction_column("", LOWER)
    properties = [name.removesuffix(suffix) for name in names if name.endswith(suffix)]
    needed = (MEAN, EXPECTED_ERROR, UPPER)
    return [name for name in properties if all(prediction_column(name, figure) in names for figure in needed)]


def goal_of(text: str, properties: Sequence[str]) -> Goal:
    """The goal that a text says of some properties; a DataError where it names another one."""
    known = ResultColumns.of_model(properties, True, True, {})
    means = {prediction_column(name, MEAN): name for name in properties}

    def find(name: str) -> str:
        column = known.find(name)
        if column not in means:
            raise DataError(f"A goal is of properties, and {name!r} is none; they are {', '.join(properties)}.")
        return means[column]

    return read_goal(text, find)


def suggest(address: str, text: str, number: int) -> Suggestions:
    """Candidates from the result of a screen.

    Parameters
    ----------
    address : str
        The Parquet file, with figures and intervals of the goal's properties.
    text : str
        The goal, as `polyid.screening.goal.read_goal` reads it.
    number : int
        How many to suggest, of either kind.

    Raises
    ------
    DataError
        It is no goal, or the file is no result of a screen with what it needs.
    """
    properties = screened_properties(address)
    if properties is None:
        raise DataError(f"{address} is no result of polyid screen; screen the candidates first.")
    goal = goal_of(text, properties)
    errors = [prediction_column(name, EXPECTED_ERROR) for name in goal.ranges]
    with opened(address) as stream:
        file = pq.ParquetFile(stream)
        level = json.loads(file.metadata.metadata[METADATA_KEY])["level"]
        probability = np.concatenate([*_each(file, goal, level), np.empty(0)])
        if not len(probability):
            raise DataError(f"{address} has no rows: nothing met the conditions of that screen.")
        surprise, is_inside = _surprise(file, errors)
        best = np.argsort(-probability, kind="stable")[:number]
        of_interest = np.flatnonzero(is_inside & (probability >= LEAST_SHARE * probability.max()))
        to_measure = of_interest[np.argsort(-surprise[of_interest], kind="stable")][:number]
        return Suggestions(
            goal,
            _rows(file, goal, level, best, probability, {}),
            _rows(file, goal, level, to_measure, probability, {"surprise": surprise}),
            len(probability),
        )


def _each(file: pq.ParquetFile, goal: Goal, level: float) -> list[np.ndarray]:
    """Probability that all of the goal is met, batch by batch."""
    return [
        np.prod(list(goal.probabilities(_numbers(batch), level).values()), axis=0)
        for batch in file.iter_batches(_ROWS_A_BATCH, columns=goal.columns)
    ]


def _numbers(batch: Any) -> dict[str, np.ndarray]:
    return {name: batch.column(name).to_numpy(zero_copy_only=False).astype(float) for name in batch.schema.names}


def _surprise(file: pq.ParquetFile, errors: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The largest expected error in units of the median one, and whether the model's domain of validity holds the polymer."""
    table = file.read([*errors, *([DOMAIN] if DOMAIN in file.schema_arrow.names else [])])
    expected = np.column_stack([table[name].to_numpy().astype(float) for name in errors])
    surprise = (expected / np.maximum(np.median(expected, axis=0), 1e-12)).max(axis=1)
    if DOMAIN not in table.column_names:
        return surprise, np.ones(len(table), bool)
    return surprise, table[DOMAIN].to_numpy() != OUTSIDE


def _rows(
    file: pq.ParquetFile,
    goal: Goal,
    level: float,
    rows: np.ndarray,
    probability: np.ndarray,
    further: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Some rows of the file, in their order, with their probabilities in front."""
    places = np.sort(rows)
    parts, start = [], 0
    for batch in file.iter_batches(_ROWS_A_BATCH):
        own = places[(places >= start) & (places < start + len(batch))]
        parts.append(pa.Table.from_batches([batch]).take(pa.array(own - start)))
        start += len(batch)
    frame = pa.concat_tables(parts).to_pandas().set_axis(places)
    figures = {name: frame[name].to_numpy(float) for name in goal.columns}
    of_each = goal.probabilities(figures, level)
    front = {PROBABILITY: probability[places], **{name: values[places] for name, values in further.items()}}
    front |= {f"{name}_{PROBABILITY}": values for name, values in of_each.items()} if len(of_each) > 1 else {}
    return pd.concat([pd.DataFrame(front, places), frame], axis=1).loc[rows].reset_index(drop=True)
