"""The polymers that a student is taught on: those its teacher was trained on, and any number that nobody has measured."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyid.chemistry.generation import Sizes, UnitGenerator
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import ChainSettings, read_polymer
from polyid.chemistry.smiles import parse_smiles
from polyid.data.learnt_marks import LearntMarks
from polyid.data.prediction_table import load_prediction_table
from polyid.ensemble.evaluated import EvaluatedEnsemble
from polyid.errors import BundleError, DataError, PolymerError

MOST_ASIDE = 400
"""Unlabelled polymers that no student is taught, on which it is compared with its teacher; a tenth of fewer."""
FEWEST_ASIDE = 10
_LARGEST_GENERATED = 80


@dataclass(frozen=True, eq=False)
class Pool:
    """n polymers, those that the teacher was trained on first.

    Attributes
    ----------
    keys : list of str
        The `polyid.chemistry.polymer.Polymer.key` of each, without stereo marks.
    reference : int array, shape (L,)
        Which of the polymers that the teacher's domain shows each of the first L is.
    names : list of str, length L
        Their `polyid.chemistry.identity.polymer_identity`.
    values : float array, shape (L, P)
        What was measured of them; NaN where nothing was.
    held_out : bool array, shape (M, L)
        By which member of the teacher each was held out.
    given, generated : int
        How many of the others come from the user's table, and from the generator.
    left_out : int
        Rows of the user's table that can't be read.
    aside : bool array, shape (n,)
        Those that no student is taught.
    """

    keys: list[str]
    reference: np.ndarray
    names: list[str]
    values: np.ndarray
    held_out: np.ndarray
    given: int
    generated: int
    left_out: int
    aside: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def labelled(self) -> int:
        """Polymers L that the teacher was trained on."""
        return len(self.names)

    def taught(self, member: int | None) -> np.ndarray:
        """Numbers of the polymers that a student is taught: the one of a member of the teacher, none that this held out; all but
        those aside that of the whole."""
        chosen = ~self.aside
        if member is not None:
            chosen[: self.labelled] &= ~self.held_out[member]
        return np.flatnonzero(chosen)


def gather(teacher: EvaluatedEnsemble, units: str | os.PathLike[str] | None, generated: int, seed: int) -> Pool:
    """Read what the teacher was trained on from its own record, and the unlabelled polymers.

    Parameters
    ----------
    teacher : EvaluatedEnsemble
        A whole model, loaded from its folder.
    units : path or None
        A table of polymers nobody has to have measured.
    generated : int
        How many are made of the pieces of the training polymers besides.
    seed : int
        Of the generator, and of the choice of those aside.

    Raises
    ------
    BundleError
        The teacher has no record of its polymers, or no folds.
    DataError
        The table can't be read or holds no polymer, or there are too few unlabelled polymers.
    """
    marks = teacher.fitted.members[0].marks or LearntMarks({})
    reader = _Reader(teacher.chain, marks)
    keys, reference, names, held_out = _trained_on(teacher, reader)
    shown = teacher.domain.polymers if teacher.domain else None
    assert shown is not None, "it was just read"
    columns = [shown.values[name] for name in teacher.prediction_columns]
    values = np.array([[np.nan if (v := column[i]) is None else v for column in columns] for i in reference], float)
    others: dict[str, None] = {}
    known, left_out = set(keys), 0
    if units is not None:
        given = load_prediction_table(Path(units)).smiles
        for text in given:
            key = reader.key(text)
            left_out += key is None
            if key is not None and key not in known:
                others[key] = None
        if left_out == len(given):
            raise DataError(f"No row of {os.fspath(units)} can be read as a polymer; its first is {given[0]!r}.")
    from_table = len(others)
    for key in itertools.islice(_made(names, reader, known | set(others), seed), generated) if generated else ():
        others[key] = None
    if len(others) < FEWEST_ASIDE:
        raise DataError(
            f"{len(others)} polymers besides the training polymers are too few to teach and to compare on; give more with --units "
            "or --generated."
        )
    aside = np.zeros(len(keys) + len(others), bool)
    number = min(MOST_ASIDE, max(FEWEST_ASIDE // 2, len(others) // 10))
    aside[len(keys) + np.random.default_rng([seed, 7]).permutation(len(others))[:number]] = True
    return Pool(
        [*keys, *others],
        np.array(reference, np.int64),
        names,
        values,
        held_out,
        from_table,
        len(others) - from_table,
        left_out,
        aside,
    )


class _Reader:
    """From texts to the keys that the teacher is asked by, without marks."""

    def __init__(self, chain: ChainSettings, marks: LearntMarks):
        self._chain, self._marks = chain, marks

    def key(self, text: str) -> str | None:
        """None for what is no polymer."""
        try:
            polymer = read_polymer(text, self._chain.degree_of_polymerisation, seed=self._chain.seed)[1]
            return self._marks.asked(polymer.key).plain
        except PolymerError:
            return None


def _trained_on(teacher: EvaluatedEnsemble, reader: _Reader) -> tuple[list[str], list[int], list[str], np.ndarray]:
    """Keys, numbers in the domain, names and folds of the training polymers, each once."""
    folds = teacher.held_out_polymers()
    if teacher.domain is None or not folds:
        raise BundleError(
            "The model has no record of the polymers it was trained on (domain.json and splits.json); train it again."
        )
    numbers = {name: place for place, name in enumerate(folds)}
    held_by: dict[str, set[int]] = {}
    for fold, names in folds.items():
        for name in names:
            held_by.setdefault(name, set()).add(numbers[fold])
    found: dict[str, tuple[int, str]] = {}
    for reference, text in enumerate(teacher.domain.polymers.smiles):
        key, name = reader.key(text), _name(text)
        if key is not None and name in held_by:
            found.setdefault(key, (reference, name))
    if not found:
        raise BundleError(
            "None of the model's training polymers can be read again; it was trained on a table of names."
        )
    names = [name for _, name in found.values()]
    held_out = np.array([[number in held_by[name] for name in names] for number in range(len(folds))], bool)
    return list(found), [reference for reference, _ in found.values()], names, held_out


def _name(text: str) -> str:
    try:
        return polymer_identity(text)
    except PolymerError:
        return text


def _made(names: Sequence[str], reader: _Reader, known: Iterable[str], seed: int) -> Iterator[str]:
    """Keys of generated polymers as large as the training polymers."""
    single = [name for name in names if name.count("*") == 2]
    generator, seen = UnitGenerator(single), set(known)
    atoms = sorted(parse_smiles(name).GetNumHeavyAtoms() for name in single)
    sizes = Sizes(float(max(8, atoms[len(atoms) // 2])), _LARGEST_GENERATED, 0.6)
    for unit in generator.units(seed, sizes):
        key = reader.key(unit)
        if key is not None and key not in seen:
            seen.add(key)
            yield key
