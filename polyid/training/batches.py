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
        Steps of an epoch in each size class: what a fold has there on average.
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
        shares = self._shares(members, rng)
        queues = [
            iter(balanced_batches(share, self.cost, self.batch_size, int(steps), rng))
            for share, steps in zip(shares, self.steps, strict=True)
        ]
        return [next(queues[bucket]) for bucket in self.buckets(epoch)]

    def _shares(self, members: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """A fold's polymers by size class; what exceeds a class's steps goes to the classes of nearest cost with room."""
        shares = [rng.permutation(members[self.bucket[members] == b]) for b in range(len(self.steps))]
        room = self.steps * self.batch_size
        extra = np.concatenate([share[limit:] for share, limit in zip(shares, room, strict=True)]).astype(np.int64)
        shares = [share[:limit] for share, limit in zip(shares, room, strict=True)]
        typical = np.array([self.cost[self.bucket == b].mean() for b in range(len(self.steps))])
        for polymer in extra:
            free = np.array([len(share) for share in shares]) < room
            nearest = int(np.argmin(np.where(free, np.abs(typical - self.cost[polymer]), np.inf)))
            shares[nearest] = np.append(shares[nearest], polymer)
        return shares


def plan(
    sizes: np.ndarray, folds: list[np.ndarray], batch_size: int, seed: int, most_classes: int | None = None
) -> BatchLayout:
    """Layout for the training polymers of all folds.

    Large batches are balanced by what they are made of. Small ones can't be, so polymers are sorted into classes of like
    size, the more the smaller the batch; padding then stays below 15 % on the PolyID database.

    Parameters
    ----------
    sizes : int array, shape (n, L)
        Graph rows of each polymer at each level.
    folds : list of int arrays
        Training polymers of each fold.
    batch_size, seed : int
    most_classes : int, optional
        Upper limit, where each class costs a compilation.
    """
    classes = next(c for least, c in ((16, 1), (8, 6), (4, 16), (2, 24), (1, 36)) if batch_size >= least)
    classes = max(1, min(classes, len(sizes) // (24 * batch_size), most_classes or classes))
    bucket = size_classes(sizes, classes)
    counts = np.array([np.bincount(bucket[fold], minlength=int(bucket.max()) + 1) for fold in folds])
    steps = np.ceil(counts.mean(axis=0) / batch_size).astype(np.int64)
    # No fold may have more polymers than all steps together hold.
    lacking = -(-int(counts.sum(axis=1).max()) // batch_size) - int(steps.sum())
    steps[np.argsort(-counts.mean(axis=0), kind="stable")[: max(0, lacking)]] += 1
    return BatchLayout(sizes.sum(axis=1).astype(float), bucket, steps, batch_size, seed)


def validation_batches(polymers: np.ndarray, cost: np.ndarray, most: int, size: int = 64) -> list[np.ndarray]:
    """A fold's validation polymers in as many parts as the `most` of any fold need, large and small ones mixed."""
    count = max(1, -(-most // size))
    order = polymers[np.argsort(cost[polymers], kind="stable")]
    return [order[i::count] for i in range(count)]


def padded_rows(sizes: np.ndarray) -> np.ndarray:
    """Rows that hold each of `sizes` (n, L), in full vectors of eight, at least one; shape (L,)."""
    return np.maximum(np.ceil(np.max(sizes, axis=0) / 8).astype(np.int64), 1) * 8


def size_classes(sizes: np.ndarray, classes: int) -> np.ndarray:
    """Classes of polymers that waste little when each is padded to the largest of its class, level by level.

    Begins with a fine grid along the two main directions of the logarithmic sizes, then joins the two classes whose union
    adds fewest rows, until few enough are left.

    Parameters
    ----------
    sizes : int array, shape (n, L)
    classes : int

    Returns
    -------
    int array, shape (n,)
        Class of each polymer, from 0.
    """
    if classes <= 1:
        return np.zeros(len(sizes), np.int64)
    shape = np.log(sizes + 5.0)
    shape -= shape.mean(axis=0)
    along, across = (shape @ np.linalg.svd(shape, full_matrices=False)[2][:2].T).T
    first = _quantile(along, 24)
    cell = first * 8
    for value in range(24):
        cell[first == value] += _quantile(across[first == value], 8)
    members = [np.flatnonzero(cell == c) for c in np.unique(cell)]
    limits = np.array([padded_rows(sizes[m]) for m in members])
    while len(members) > classes:
        count = np.array([len(m) for m in members], float)
        alone = limits.sum(axis=1) * count
        union = np.maximum(limits[:, None], limits[None]).sum(axis=2) * (count[:, None] + count[None])
        added = union - alone[:, None] - alone[None]
        added[np.tril_indices(len(members))] = np.inf
        i, j = np.unravel_index(np.argmin(added), added.shape)
        members[i] = np.concatenate([members[i], members.pop(j)])
        limits[i] = np.maximum(limits[i], limits[j])
        limits = np.delete(limits, j, axis=0)
    label = np.zeros(len(sizes), np.int64)
    for number, m in enumerate(members):
        label[m] = number
    return label


def _quantile(values: np.ndarray, parts: int) -> np.ndarray:
    """Which of `parts` equal shares each value falls into, by rank."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable") * parts // max(1, len(values))


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
        noisy = cost[polymers] * np.exp(rng.normal(0.0, 0.15, len(polymers)))
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
