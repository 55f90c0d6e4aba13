"""Which polymers each ensemble member sees in each step of an epoch.

Members of an ensemble train side by side, so their batches should cost the same: every batch gets equally many polymers and
about the same number of graph rows. Each member has its own order, drawn from the seed, the fold and the epoch alone, so
that a run is reproducible and does not depend on which folds train together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BatchLayout:
    """How epochs are cut into steps.

    Attributes
    ----------
    cost : float array, shape (n,)
        Graph rows of each polymer of the data.
    bucket : int array, shape (n,)
        Size class of each polymer; a step of every member comes from one size class.
    steps : int array, shape (buckets,)
        Steps of an epoch in each size class: what the fold with the most polymers there needs.
    batch_size : int
        Polymers a batch.
    seed : int
    """

    cost: np.ndarray
    bucket: np.ndarray
    steps: np.ndarray
    batch_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return int(self.steps.sum())

    def buckets(self, epoch: int) -> np.ndarray:
        """Size class of each step of an epoch, the same for all folds; shape (steps_per_epoch,)."""
        order = np.repeat(np.arange(len(self.steps)), self.steps)
        return np.random.default_rng([self.seed, 1, epoch]).permutation(order)

    def epoch(self, fold: int, members: np.ndarray, epoch: int) -> list[np.ndarray]:
        """Polymers (indices into the data) of each step of one fold's epoch; an empty step is sat out.

        Parameters
        ----------
        fold, epoch : int
            Together with the seed they determine the order.
        members : int array
            The fold's training polymers.
        """
        rng = np.random.default_rng([self.seed, 2, fold, epoch])
        queues = []
        for bucket, steps in enumerate(self.steps):
            own = members[self.bucket[members] == bucket]
            queues.append(iter(balanced_batches(own, self.cost, self.batch_size, int(steps), rng)))
        return [next(queues[bucket]) for bucket in self.buckets(epoch)]


def plan(cost: np.ndarray, folds: list[np.ndarray], batch_size: int, seed: int) -> BatchLayout:
    """Layout for the training polymers of all folds.

    Small batches can't be balanced by their composition, so for them polymers are sorted into size classes.
    """
    buckets = 1 if batch_size >= 8 else 12 if batch_size >= 3 else 20
    buckets = max(1, min(buckets, len(cost) // max(1, 4 * batch_size)))
    bucket = np.searchsorted(size_classes(cost, buckets), cost, side="left")
    steps = np.array(
        [max(-(-int(np.sum(bucket[fold] == b)) // batch_size) for fold in folds) for b in range(int(bucket.max()) + 1)],
        dtype=np.int64,
    )
    return BatchLayout(np.asarray(cost, float), bucket, steps, batch_size, seed)


def size_classes(cost: np.ndarray, classes: int, grid: int = 256) -> np.ndarray:
    """Upper limits of the size classes that waste least when every polymer is padded to its limit.

    Exact dynamic programming over a grid of quantiles, the classic one-dimensional partition.

    Parameters
    ----------
    cost : float array, shape (n,)
    classes : int
    grid : int
        Quantiles at which a class may end.

    Returns
    -------
    float array, shape (classes - 1,)
        Ascending; the last class has no upper limit.
    """
    ordered = np.sort(cost)
    ends = np.unique(np.linspace(1, len(ordered), min(grid, len(ordered))).round().astype(int))
    limit = ordered[ends - 1]
    # padded[i, j]: rows of a class of the polymers after end i - 1 up to end j, all padded to the largest.
    starts = np.concatenate([[0], ends[:-1]])
    padded = np.where(ends[None, :] > starts[:, None], (ends[None, :] - starts[:, None]) * limit[None, :], np.inf)
    best = padded[0]
    choices = []
    for _ in range(classes - 1):
        # A further class begins after end i and reaches to end j.
        total = best[:-1, None] + padded[1:, :]
        choice = np.argmin(total, axis=0)
        choices.append(choice)
        best = np.minimum(total[choice, np.arange(len(ends))], np.inf)
    limits = []
    last = len(ends) - 1
    for choice in reversed(choices):
        last = int(choice[last])
        limits.append(limit[last])
    return np.unique(limits)


def balanced_batches(
    polymers: np.ndarray, cost: np.ndarray, batch_size: int, steps: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Deal `polymers` at random into batches of nearly equal number and cost, then shuffle the batches.

    The largest polymers are dealt first, each to the cheapest batch with room (Graham's rule), with random ties and a
    random disturbance of the sizes so that the composition changes from epoch to epoch.
    """
    needed = min(steps, -(-len(polymers) // batch_size)) if len(polymers) else 0
    batches: list[list[int]] = [[] for _ in range(needed)]
    if needed:
        noisy = cost[polymers] * np.exp(rng.normal(0.0, 0.3, len(polymers)))
        load = rng.uniform(0.0, 1e-6, needed)
        room = np.full(needed, -(-len(polymers) // needed))
        surplus = room.sum() - len(polymers)
        room[rng.permutation(needed)[:surplus]] -= 1
        for polymer in polymers[np.argsort(-noisy, kind="stable")]:
            cheapest = int(np.argmin(np.where(room > 0, load, np.inf)))
            batches[cheapest].append(int(polymer))
            load[cheapest] += cost[polymer]
            room[cheapest] -= 1
    dealt = [np.array(batch, np.int64) for batch in batches] + [np.zeros(0, np.int64)] * (steps - needed)
    return [dealt[i] for i in rng.permutation(steps)]
