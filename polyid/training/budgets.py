"""How many graph rows the batches of each size class are padded to, so that they share one compiled shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from polyid.training.batches import BatchLayout, padded_rows
from polyid.training.group import FoldData

VALIDATION = "validation"
"""Key of the budget of validation batches."""

# Polymers dealt to batches before a run starts, to know the room they need; four seconds.
_MOST_FORESEEN = 600_000


def training_key(size_class: int, parts: int) -> str:
    """Key of the budget of batches of a size class that are computed in so many parts."""
    return f"{size_class}/{parts}"


class RowBudgets:
    """Rows that each level of a batch is padded to, by size class.

    Attributes
    ----------
    rows : dict of str to int array, shape (L,)
        By `training_key` or `VALIDATION`; kept in checkpoints.
    static : bool
        Whether each shape is compiled for itself, so that training batches too need a budget.
    """

    def __init__(self, rows: dict[str, np.ndarray], static: bool):
        self.rows, self.static = rows, static

    @classmethod
    def foreseen(
        cls,
        sizes: np.ndarray,
        folds: Sequence[FoldData],
        validation: Mapping[int, list[np.ndarray]],
        layout: BatchLayout,
        epochs: int,
        static: bool,
    ) -> RowBudgets:
        """The most that any fold asks for in the epochs looked at, and a little more.

        All epochs are looked at where that takes seconds: a batch beyond its budget costs a compilation, and room that
        every later batch pads.

        Parameters
        ----------
        sizes : int array, shape (n, L)
            Graph rows of each polymer at each level.
        folds : sequence of FoldData
        validation : mapping of int to list of int arrays
            Validation batches of each fold.
        layout : BatchLayout
        epochs : int
            Of the run.
        static : bool
        """
        dealt = sum(len(fold.train) for fold in folds)
        looked_at = min(epochs, max(3, _MOST_FORESEEN // max(dealt, 1)) if static else 3)
        most: dict[str, np.ndarray] = {}

        def look(key: str, polymers: np.ndarray) -> None:
            most[key] = np.maximum(most.get(key, 0), sizes[polymers].sum(axis=0))

        for epoch in range(looked_at):
            size_classes = layout.buckets(epoch)
            for fold in folds:
                for size_class, polymers in zip(size_classes, layout.epoch(fold.fold, fold.train, epoch), strict=True):
                    look(training_key(size_class, 1), polymers)
        for batches in validation.values():
            for polymers in batches:
                look(VALIDATION, polymers)
        slack = 1.0 if layout.batch_size == 1 or looked_at == epochs else 1.02
        return cls({key: padded_rows(needed[None] * slack) for key, needed in most.items()}, static)

    def padded(self, key: str, rows: np.ndarray) -> np.ndarray:
        """Rows (L,) that a batch with `rows` (M, L) is padded to; the budget grows where it is too small."""
        if not self.static and key != VALIDATION:
            # Open shapes need only be equal over the members, and few enough that the CPU's kernels are found again.
            return padded_rows(rows)
        needed, budget = rows.max(axis=0), self.rows.get(key)
        if budget is None or np.any(needed > budget):
            # A batch beyond what was foreseen: from here on there is room for its like.
            room = [needed * 1.05] if budget is None else [needed * 1.05, budget]
            budget = self.rows[key] = padded_rows(np.array(room))
        return budget
