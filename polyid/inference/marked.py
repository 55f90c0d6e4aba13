"""Answers to polymers with stereo marks: with them for the properties that learnt them, without them for all others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyid.data.learnt_marks import AskedPolymer
from polyid.inference.answers import Answers
from polyid.inference.predictor import EnsemblePredictor


def answers_as_learnt(predictor: EnsemblePredictor, oligomers: Sequence[str]) -> Answers:
    """What an ensemble says of oligomer SMILES, as `EnsemblePredictor.answers`, by the marks that it learnt."""
    marks = predictor.members[0].marks
    if marks is None:
        return predictor.answers(oligomers)
    asked = [marks.asked(text) for text in oligomers]
    answers = predictor.answers([polymer.plain for polymer in asked] + [polymer.marked for polymer in asked])
    n = len(asked)
    return with_marks(answers, range(n), range(n, 2 * n), asked)


def with_marks(answers: Answers, plain: Sequence[int], marked: Sequence[int], asked: Sequence[AskedPolymer]) -> Answers:
    """Of every polymer the answer to its `plain` key, and to its `marked` one where a property learnt its marks."""
    without = answers.chosen(plain)
    if not any(any(polymer.learnt) for polymer in asked):
        return without
    return without.mixed(answers.chosen(marked), np.array([polymer.learnt for polymer in asked], bool))
