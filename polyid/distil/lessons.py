"""What a student is taught: predictions of its teacher, with their standard deviations and expected errors.

Shapes: n polymers, M members of the teacher, P properties.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polyid.common.files import replacing
from polyid.distil.pool import Pool
from polyid.ensemble.evaluated import EvaluatedEnsemble
from polyid.inference.answers import Answers
from polyid.uncertainty.expected_error import error_clues

_POLYMERS_A_PART = 1_000
_FILE = "lessons.npz"


@dataclass(frozen=True, eq=False)
class Lessons:
    """What a teacher says of the polymers of a pool.

    Attributes
    ----------
    mean, std, expected : float arrays, shape (n, P)
        Prediction, standard deviation over the members, and expected error.
    of_member, expected_of_member : float arrays, shape (M, n, P)
        Prediction of each member alone, and the error that is expected by its clues.
    """

    mean: np.ndarray
    std: np.ndarray
    expected: np.ndarray
    of_member: np.ndarray
    expected_of_member: np.ndarray

    def of(self, member: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Prediction, standard deviation and expected error (n, P) that the student of one member is taught, or that of all.

        A member alone has no standard deviation: its student is taught the ensemble's, which is not part of what it is judged by.
        """
        if member is None:
            return self.mean, self.std, self.expected
        return self.of_member[member], self.std, self.expected_of_member[member]


def take_lessons(
    teacher: EvaluatedEnsemble,
    pool: Pool,
    folder: Path,
    *,
    resume: bool = False,
    progress: Callable[[int], Any] = lambda done: None,
) -> Lessons:
    """Ask the teacher about every polymer of a pool.

    Parameters
    ----------
    teacher : EvaluatedEnsemble
    pool : Pool
    folder : Path
        Where the answers are kept, for a run that is interrupted later.
    resume : bool
        Take those that are there, if they are of this teacher and pool.
    progress : callable
        Called with the number of polymers that are done.
    """
    origin = hashlib.sha256("\n".join([str(teacher.metadata.get("sha256")), *pool.keys]).encode()).hexdigest()
    path = folder / _FILE
    kept = _kept(path, origin) if resume else None
    if kept is not None:
        return kept
    parts = []
    for start in range(0, len(pool), _POLYMERS_A_PART):
        keys = pool.keys[start : start + _POLYMERS_A_PART]
        parts.append(_lessons(teacher, teacher.fitted.predictor.answers(keys, cache=True)))
        progress(min(start + _POLYMERS_A_PART, len(pool)))
    lessons = Lessons(*(np.concatenate([getattr(part, name) for part in parts], axis) for name, axis in _AXES.items()))
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as stream:
        np.savez(stream, origin=np.array(origin), **vars(lessons))
    return lessons


_AXES = {"mean": 0, "std": 0, "expected": 0, "of_member": 1, "expected_of_member": 1}


def _kept(path: Path, origin: str) -> Lessons | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return Lessons(*(file[name] for name in _AXES)) if str(file["origin"]) == origin else None
    except (OSError, ValueError, KeyError):
        return None


def _lessons(teacher: EvaluatedEnsemble, answers: Answers) -> Lessons:
    members = answers.members
    std = members.std(axis=0, ddof=1)
    alone = [
        error_clues(
            answers.network[m : m + 1],
            None if answers.kernel is None else answers.kernel[m : m + 1],
            answers.novelty,
            answers.roughness,
        )
        if answers.kernel is not None
        # Networks without a kernel regression disagree with each other only.
        else answers.clues
        for m in range(len(members))
    ]
    return Lessons(
        members.mean(axis=0),
        std,
        _expected(teacher, answers.clues, std),
        members,
        np.stack([_expected(teacher, clues, std) for clues in alone]),
    )


def _expected(teacher: EvaluatedEnsemble, clues: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Expected errors (n, P) from clues (n, P, K); of a teacher that isn't calibrated the standard deviation."""
    if teacher.calibration is None:
        return std
    names = teacher.prediction_columns
    return np.stack([teacher.calibration.expected(name, clues[:, p]) for p, name in enumerate(names)], axis=1)
