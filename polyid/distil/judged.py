"""What a student loses against its teacher, on polymers that neither has seen, and what it gains in speed.

The student that is kept has learnt from members that between them saw every training polymer. So the loss is measured on others: for
each fold a student that learnt from the one member that never saw it, and was shown no polymer of it either. Both then predict the
fold, and their errors are of the same polymers.

Shapes: L training polymers, P properties.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyid.bundle.member import BundleMember
from polyid.chemistry.oligomer import ChainSettings
from polyid.config.settings import INTERVAL_LEVEL
from polyid.data.dataset import Dataset, Fold
from polyid.distil.lessons import Lessons
from polyid.distil.pool import Pool
from polyid.ensemble.evaluated import EvaluatedEnsemble
from polyid.ensemble.held_out import HeldOut
from polyid.inference.maker import PredictionMaker
from polyid.inference.predictor import EnsemblePredictor

NAME = "student"
"""Of the one member of a distilled model."""


def judge(
    pool: Pool, lessons: Lessons, judges: Sequence[int], students: Sequence[BundleMember], teacher: EvaluatedEnsemble
) -> tuple[HeldOut, dict[str, dict[str, Any]]]:
    """Compare the students of single members with these members, on what neither has seen.

    Parameters
    ----------
    pool, lessons
        What the students were taught.
    judges : sequence of int
        The members of the teacher.
    students : sequence of BundleMember
        The student of each.
    teacher : EvaluatedEnsemble

    Returns
    -------
    HeldOut
        The held-out training polymers and what the students say of them.
    dict
        For each property ``n``, ``teacher`` and ``student``, mean absolute errors; None without a value.
    """
    values = pool.values
    rows = np.flatnonzero(pool.held_out[list(judges)].any(axis=0) & np.isfinite(values).any(axis=1))
    keys = [pool.keys[row] for row in rows]
    answers = EnsemblePredictor(students).answers(keys, cache=True)
    clues = np.zeros((len(rows), values.shape[1], 4))
    predicted, taught = np.zeros((len(rows), values.shape[1])), np.zeros((len(rows), values.shape[1]))
    times = np.zeros((len(rows), 1))
    for place, member in enumerate(judges):
        own = pool.held_out[member][rows]
        predicted[own] += answers.network[place, own]
        taught[own] += lessons.of_member[member][rows[own]]
        clues[own] += answers.chosen(np.flatnonzero(own).tolist()).of_member(place).clues
        times[own] += 1
    predicted, taught, clues = predicted / times, taught / times, clues / times[..., None]
    dataset = _dataset(pool, teacher)
    nothing = np.zeros_like(predicted)
    held_out = HeldOut(
        dataset, rows, [(NAME,)] * len(rows), predicted, nothing, clues, np.ones_like(predicted), by_member=[]
    )
    losses = {}
    for p, name in enumerate(teacher.prediction_columns):
        known = np.isfinite(values[rows, p])
        error = [np.abs(said[known, p] - values[rows[known], p]) for said in (taught, predicted)]
        means = [float(each.mean()) if known.any() else None for each in error]
        losses[name] = {"n": int(known.sum()), "teacher": means[0], "student": means[1]}
    return held_out, losses


def _dataset(pool: Pool, teacher: EvaluatedEnsemble) -> Dataset:
    """The training polymers as a table, in one fold without anything held out."""
    shown = teacher.domain.polymers if teacher.domain else None
    assert shown is not None, "the pool was made of it"
    frame = pd.DataFrame(pool.values, columns=teacher.prediction_columns)
    frame.insert(0, "smiles_polymer", [shown.smiles[i] for i in pool.reference])
    frame.insert(1, "smiles_monomer", pool.names)
    every = np.arange(len(frame))
    return Dataset(frame, tuple(teacher.prediction_columns), teacher.chain, (Fold(NAME, every, every[:0]),))


def differences(
    pool: Pool, lessons: Lessons, student: BundleMember, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """How far the student is from its teacher on the polymers aside: ``difference``, the median of the absolute difference, and
    ``expected_error``, the median of what the teacher expects its own error to be."""
    aside = np.flatnonzero(pool.aside)
    answers = EnsemblePredictor([student]).answers([pool.keys[i] for i in aside], cache=True)
    apart = np.median(np.abs(answers.network[0] - lessons.mean[aside]), axis=0)
    expected = np.median(lessons.expected[aside], axis=0)
    return {
        name: {"difference": float(d), "expected_error": float(e)}
        for name, d, e in zip(names, apart, expected, strict=True)
    }


def processor_seconds(maker: PredictionMaker, smiles: Sequence[str], chain: ChainSettings) -> float:
    """Of this process for one prediction, intervals, domain and neighbours included; no other process reads so short a list."""
    for _ in maker.in_parts(smiles[:20], INTERVAL_LEVEL, chain):
        pass  # traced
    began = time.process_time()
    for _ in maker.in_parts(smiles, INTERVAL_LEVEL, chain):
        pass
    return (time.process_time() - began) / len(smiles)
