"""What an ensemble learns from, as arrays: the rows of a table, their labels, the structure of each row, and the folds.

Made once of a table; scalers, preprocessors, trainer, kernel regression, held-out predictions and domain of validity index
it by row number. Shapes: n rows, S distinct structures (oligomers), P properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from polyid.chemistry.composition import PolymerFragments, polymer_fragments
from polyid.chemistry.marks import has_marks
from polyid.chemistry.oligomer import ChainSettings
from polyid.data.keys import data_ids, polymer_keys, polymer_names
from polyid.data.learnt_marks import LearntMarks
from polyid.data.row_polymers import row_polymers


@dataclass(frozen=True, eq=False)
class Fold:
    """The rows of one member.

    Attributes
    ----------
    name : str
    train, held_out : int arrays
        Numbers of the rows it trains on, and of those it never sees.
    """

    name: str
    train: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows with a label of at least one property; nothing of it changes.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows.
    properties : tuple of str
    chain : ChainSettings
        Of the oligomers of repeat units and monomers.
    folds : tuple of Fold
    marks : LearntMarks or None
        Stereo marks that the structures keep; None keeps all as they are written.
    """

    frame: pd.DataFrame
    properties: tuple[str, ...]
    chain: ChainSettings = ChainSettings()
    folds: tuple[Fold, ...] = ()
    marks: LearntMarks | None = None

    @classmethod
    def of_table(
        cls,
        frame: pd.DataFrame,
        properties: Sequence[str],
        chain: ChainSettings = ChainSettings(),
    ) -> Dataset:
        """The rows of a table that have a label, numbered from 0."""
        labelled = frame.dropna(subset=list(properties), how="all").reset_index(drop=True)
        return cls(labelled, tuple(properties), chain)

    @classmethod
    def of_members(
        cls,
        members: Iterable[tuple[str, pd.DataFrame, pd.DataFrame | None]],
        properties: Sequence[str],
        chain: ChainSettings = ChainSettings(),
    ) -> Dataset:
        """Of members that were given rows of their own.

        Parameters
        ----------
        members : iterable of (str, pandas.DataFrame, pandas.DataFrame or None)
            Name, training and held-out rows of each; a row of one index label and one SMILES is the same in all of them.
        properties, chain
            As of `of_table`.
        """
        named = [(name, train, train.iloc[:0] if held_out is None else held_out) for name, train, held_out in members]
        frames = [frame for _, *pair in named for frame in pair]
        together = pd.concat(frames)
        identity = pd.MultiIndex.from_arrays([together.index, row_polymers(together, chain)])
        parts = np.split(pd.factorize(identity)[0], np.cumsum([len(frame) for frame in frames])[:-1])
        folds = tuple(Fold(name, *parts[2 * i : 2 * i + 2]) for i, (name, _, _) in enumerate(named))
        return cls(together[~identity.duplicated()], tuple(properties), chain, folds)

    def learning_marks(self) -> Dataset:
        """The same rows, of whose stereo marks the structures keep those that enough polymers have; no structure, no marks."""
        if "smiles_polymer" not in self.frame:
            return self
        oligomers = row_polymers(self.frame, self.chain)
        rows = [row for row, text in enumerate(oligomers) if isinstance(text, str) and has_marks(text)]
        marked = self.frame.iloc[rows]
        marks = LearntMarks.of_rows(
            self.properties, self.labels[rows], polymer_keys(marked), [oligomers[row] for row in rows]
        )
        return replace(self, marks=marks)

    def divided(self, folds: Mapping[str, Mapping[str, Sequence[int]]]) -> Dataset:
        """The same rows in folds ``{name: {"train": [data ids], "validate": [data ids]}}``."""
        ids = pd.Series(self.ids)
        parts = {
            name: [np.flatnonzero(ids.isin(own[part])) for part in ("train", "validate")] for name, own in folds.items()
        }
        return replace(self, folds=tuple(Fold(str(name), *pair) for name, pair in parts.items()))

    @cached_property
    def ids(self) -> np.ndarray:
        """Number of each row's polymer and tacticity, shape (n,); see `polyid.data.keys.data_ids`."""
        return data_ids(self.frame).to_numpy()

    @cached_property
    def keys(self) -> list[str]:
        """Key of each row's polymer, the same for every tacticity and replicate."""
        return polymer_keys(self.frame)

    @property
    def polymers(self) -> list[str]:
        """What each row's polymer is: its key, or the text of a copolymer."""
        return polymer_names(self.frame)

    @cached_property
    def labels(self) -> np.ndarray:
        """Measured values, shape (n, P); NaN where there is none."""
        return self.frame[list(self.properties)].to_numpy(float)

    @cached_property
    def _structures(self) -> tuple[np.ndarray, np.ndarray]:
        oligomers = row_polymers(self.frame, self.chain)
        if self.marks is not None:
            oligomers = [self.marks.structure(text) for text in oligomers]
        return pd.factorize(np.array(oligomers, object))

    @property
    def structure(self) -> np.ndarray:
        """Number of each row's structure, shape (n,); replicates share one."""
        return self._structures[0]

    @property
    def structure_keys(self) -> list[str]:
        """The S structures, in order of first appearance, each by its `polyid.chemistry.polymer.Polymer.key`."""
        return self._structures[1].tolist()

    @cached_property
    def fragments(self) -> PolymerFragments:
        """Of the S structures."""
        return polymer_fragments(self.structure_keys)

    @property
    def used(self) -> np.ndarray:
        """Rows of any fold, fold by fold, what it trains on before what it holds out."""
        return pd.unique(np.concatenate([rows for fold in self.folds for rows in (fold.train, fold.held_out)]))

    @property
    def held_out(self) -> np.ndarray:
        """Rows that any member holds out, ascending."""
        return np.unique(np.concatenate([fold.held_out for fold in self.folds]))

    def structures_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The distinct structures of rows, in order of appearance, and the place of each row's among them."""
        place, distinct = pd.factorize(self.structure[rows])
        return distinct, place

    def mean_labels(self, rows: np.ndarray, structures: np.ndarray) -> np.ndarray:
        """Labels of structures, the mean over those of `rows` that have it; NaN where none does. Shape (len(structures), P)."""
        rows = pd.unique(rows)
        return pd.DataFrame(self.labels[rows]).groupby(self.structure[rows]).mean().reindex(structures).to_numpy()

    def part(self, rows: np.ndarray) -> pd.DataFrame:
        """A copy of some rows, with their ``data_id``."""
        return self.frame.iloc[rows].assign(data_id=self.ids[rows])
