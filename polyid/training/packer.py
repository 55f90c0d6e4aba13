"""Which polymers a step trains on, packed by `polyid.graphs.batch` while the step before runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from polyid.graphs.batch import pack
from polyid.graphs.refinement import QuotientGraph
from polyid.nn.tensor import Batch
from polyid.training.batches import BatchLayout, validation_batches
from polyid.training.budgets import VALIDATION, RowBudgets, training_key
from polyid.training.group import FoldData


class BatchPacker:
    """Batches of the members of a group, padded alike.

    Parameters
    ----------
    graphs : sequence of QuotientGraph
        All polymers.
    sizes : int array, shape (n, L)
        Graph rows of each at each level.
    folds : sequence of FoldData
        All folds of the run.
    layout : BatchLayout
    epochs : int
        Of the run.
    static : bool
        Whether each shape is compiled for itself.

    Attributes
    ----------
    parts : int
        Parts that a batch is computed in: more than one where the memory was too small for a whole one.
    rows_used, rows_padded : int
        Graph rows of the training batches packed so far, without and with their padding.
    validation : dict of int to list of int arrays
        Validation batches of each fold, as many for every fold.
    """

    def __init__(
        self,
        graphs: Sequence[QuotientGraph],
        sizes: np.ndarray,
        folds: Sequence[FoldData],
        layout: BatchLayout,
        epochs: int,
        static: bool,
    ):
        self.graphs, self.sizes, self.batch_size = graphs, sizes, layout.batch_size
        self.parts = 1
        self.rows_used = self.rows_padded = 0
        most = max(len(fold.validation) for fold in folds)
        self.validation = {fold.fold: validation_batches(fold.validation, layout.cost, most) for fold in folds}
        self.budgets = RowBudgets.foreseen(sizes, folds, self.validation, layout, epochs, static)
        self._foreseen = dict(self.budgets.rows)

    def begin_group(self) -> None:
        """Forget the room that an earlier group turned out to need: a group's padding doesn't depend on what trained before."""
        self.budgets.rows = dict(self._foreseen)

    def parts_of_step(
        self, folds: list[FoldData], polymers: list[np.ndarray], size_class: int
    ) -> list[tuple[Batch, np.ndarray]]:
        """The batch of a step, in `parts` parts, each as of `training_batch`."""
        parts = self.parts
        return [self.training_batch(folds, [p[part::parts] for p in polymers], size_class) for part in range(parts)]

    def training_batch(
        self, folds: list[FoldData], polymers: list[np.ndarray], size_class: int
    ) -> tuple[Batch, np.ndarray]:
        """Batch and targets (M, G, P) of the polymers of each fold, all of one size class."""
        rows = self._rows(polymers)
        padded = self.budgets.padded(training_key(size_class, self.parts), rows)
        self.rows_used += int(rows.sum())
        self.rows_padded += int(np.sum(padded)) * len(polymers)
        return self._packed(folds, polymers, padded, -(-self.batch_size // self.parts))

    def validation_steps(self, folds: list[FoldData]) -> Iterator[tuple[Batch, np.ndarray]]:
        """Batch and targets (M, G, P) of each part of the folds' validation polymers."""
        by_fold = [self.validation[fold.fold] for fold in folds]
        for polymers in zip(*by_fold, strict=True):
            padded = self.budgets.padded(VALIDATION, self._rows(list(polymers)))
            yield self._packed(folds, list(polymers), padded, len(by_fold[0][0]))

    def _rows(self, polymers: list[np.ndarray]) -> np.ndarray:
        return np.array([self.sizes[p].sum(axis=0) for p in polymers])

    def _packed(
        self, folds: list[FoldData], polymers: list[np.ndarray], rows: np.ndarray, least_graphs: int
    ) -> tuple[Batch, np.ndarray]:
        graphs = max(least_graphs, *(len(p) for p in polymers), 1)
        batch = pack(
            [[self.graphs[i] for i in p] for p in polymers],
            [[fold.tokens[i] for i in p] for fold, p in zip(folds, polymers, strict=True)],
            rows,
            graphs,
        )
        targets = np.full((len(folds), graphs, folds[0].targets.shape[1]), np.nan, np.float32)
        for member, (fold, p) in enumerate(zip(folds, polymers, strict=True)):
            targets[member, : len(p)] = fold.targets[p]
        return batch, targets
