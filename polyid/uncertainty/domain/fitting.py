"""Learns a domain of validity from the rows of a training table and the polymers that were held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from polyid.chemistry.fragments import KnownFragments, elements_of, fragment_hashes
from polyid.errors import DataError, PolymerError
from polyid.uncertainty.domain.distances import MemberSpaces, group_means, mean_and_deviation
from polyid.uncertainty.domain.domain import ShownPolymers, TrainingDomain, farther, key_hash
from polyid.uncertainty.domain.thresholds import calibrated

REFERENCE_BYTES = 8 * 2**20
"""Reference fingerprints are kept of so many polymers that the file stays below this."""
MOST_JUDGED = 5_000
"""Held-out polymers that distances and thresholds are judged by; more change neither."""


def fit_domain(
    oligomers: Sequence[str],
    fingerprints: np.ndarray,
    trained: np.ndarray,
    *,
    polymers: Sequence[str] | None = None,
    smiles: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    errors: np.ndarray | None = None,
    novelty: np.ndarray | None = None,
    known_as: Sequence[Sequence[str]] | None = None,
    seed: int = 0,
) -> TrainingDomain:
    """Learn the domain from the rows of a training table.

    Distances are Euclidean in fingerprints whose features were brought to unit variance over the member's training
    polymers; the distance of a polymer is the mean over its three nearest ones, divided by the median of this over the
    polymers held out from the member.

    *In domain* is a polymer without unseen fragments that is no farther than 70 % of the held-out polymers are. *Outside*
    is a polymer beyond a distance, or with at least a number of unseen fragments. These two are chosen on the
    out-of-fold errors, where they are given: among quantiles of the held-out distances and 2 to 12 fragments, those
    that call most polymers outside while the median error of these is at least 2.5 times that of the polymers in domain,
    with 90 % confidence by resampling the polymers outside. Errors count in medians of their property, all properties
    together. The margin over a ratio of 2 is there because new polymers are others than those it was chosen on. If no
    choice reaches it, the riskiest is taken. Without errors of 60 held-out polymers, the outermost 2.5 % by either
    measure are outside; with fewer than 20 held-out polymers thresholds are those found on the PolyID database, and no
    polymer is called in domain. A polymer with an element that no training polymer has is outside in any case.

    Parameters
    ----------
    oligomers : sequence of str, length n
        What the networks were given.
    fingerprints : float array, shape (M, n, F)
        Of `EnsemblePredictor.fingerprints`.
    trained : bool array, shape (M, n)
        Which rows each member was trained on.
    polymers : sequence of str, optional
        Key of each row's polymer: rows of one polymer (replicates, tacticities) count once, with the mean of their
        fingerprints and values. By default every oligomer is a polymer.
    smiles, names : sequences of str, optional
        What a training polymer is shown as; by default its key, and no name.
    values : mapping of str to sequence of float, optional
        Measured values of each property, NaN where there are none.
    errors : float array, shape (n, P), optional
        Absolute out-of-fold errors, NaN where there are none.
    novelty : float array, shape (n,), optional
        Of the rows that were held out, by the kernel regressions that never saw them (the least of all properties); NaN of
        others.
    known_as : sequence of sequences of str, optional
        Keys by which the polymer of each row is told to be a training polymer; by default none is.
    seed : int
        Of the polymers that are kept as references, where there are more than fit into 8 MiB, and of the resampling.

    Returns
    -------
    TrainingDomain

    Raises
    ------
    DataError
        Lengths disagree, or no row was trained on.
    PolymerError
        A SMILES can't be read.
    """
    fingerprints, trained = np.asarray(fingerprints), np.asarray(trained, bool)
    _check_shapes(len(oligomers), fingerprints, trained)
    keys = list(oligomers) if polymers is None else list(polymers)
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    group = np.array([number[key] for key in keys])
    fingerprints = np.stack([group_means(states, group).astype(np.float32) for states in fingerprints])
    trained = np.stack([np.isin(np.arange(len(number)), group[rows]) for rows in trained])
    counts, hashes = _fragment_matrix(oligomers, group)
    rng = np.random.default_rng(seed)

    used = np.flatnonzero(trained.any(axis=0))
    kept = _references(used, fingerprints.shape, rng)
    rows = np.unique(group, return_index=True)[1][kept].tolist()
    shown_as = keys if smiles is None else list(smiles)
    columns = {
        name: group_means(np.asarray(column, float)[:, None], group)[kept, 0] for name, column in (values or {}).items()
    }
    shown = ShownPolymers(
        [shown_as[row] for row in rows],
        None if names is None else [names[row] for row in rows],
        {name: [float(v) if np.isfinite(v) else None for v in column] for name, column in columns.items()},
        _known_as(group, kept, known_as or [()] * len(oligomers)),
    )
    structures = {oligomers[row] for row in np.flatnonzero(np.isin(group, used)).tolist()}
    fragments = KnownFragments(
        np.sort(hashes[np.asarray(counts[used].sum(axis=0)).ravel() > 0]),
        frozenset().union(*map(elements_of, structures)),
    )
    held_out = np.flatnonzero(~trained.all(axis=0))
    if len(held_out) > MOST_JUDGED:
        held_out = np.sort(rng.choice(held_out, MOST_JUDGED, replace=False))
    spaces, distance = _scaled_spaces(_standardised(fingerprints, trained, kept), fingerprints, trained, held_out)
    unseen = _unseen_of_held_out(counts, trained, held_out)
    usual_novelty = None
    if novelty is not None:
        new = group_means(np.asarray(novelty, float)[:, None], group)[held_out, 0]
        usual_novelty = max(float(np.nanmedian(new)), 1e-3) if np.isfinite(new).any() else None
        distance = farther(distance, new, usual_novelty)
    judged = np.isfinite(distance) & np.isfinite(unseen)
    wrong = None if errors is None else group_means(np.asarray(errors, float), group)[held_out[judged]]
    return TrainingDomain(
        fragments, spaces, shown, *calibrated(distance[judged], unseen[judged], wrong, rng), usual_novelty
    )


def _known_as(group: np.ndarray, kept: np.ndarray, keys: Sequence[Sequence[str]]) -> dict[str, int]:
    """Number among the polymers that are kept, by the hash of each key of their rows."""
    place = {polymer: number for number, polymer in enumerate(kept.tolist())}
    return {
        key_hash(key): place[polymer]
        for polymer, of_row in zip(group.tolist(), keys, strict=True)
        if polymer in place
        for key in of_row
    }


def _check_shapes(rows: int, fingerprints: np.ndarray, trained: np.ndarray) -> None:
    if fingerprints.ndim != 3 or fingerprints.shape[1] != rows or trained.shape != fingerprints.shape[:2]:
        raise DataError(
            f"The domain needs fingerprints (members, {rows} rows, features) and as many marks of what was trained on, "
            f"not {fingerprints.shape} and {trained.shape}."
        )
    if not trained.any():
        raise DataError("No row was trained on, so there is no domain; give the rows of each member's training set.")


def _references(used: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Which of the polymers trained on are kept: all, if their fingerprints of `shape` (M, n, F) fit."""
    members, _, features = shape
    most = max(1_000, REFERENCE_BYTES // (2 * members * features))
    return np.sort(rng.choice(used, most, replace=False)) if len(used) > most else used


def _standardised(fingerprints: np.ndarray, trained: np.ndarray, kept: np.ndarray) -> MemberSpaces:
    """The spaces of all members with the polymers that are kept, distances still in standard deviations."""
    mean, deviation = mean_and_deviation(fingerprints, trained)
    return MemberSpaces(
        ((fingerprints[:, kept] - mean[:, None]) / deviation[:, None]).astype(np.float16),
        trained[:, kept],
        mean.astype(np.float32),
        deviation.astype(np.float32),
        np.ones(len(fingerprints), np.float32),
    )


def _scaled_spaces(
    spaces: MemberSpaces, fingerprints: np.ndarray, trained: np.ndarray, held_out: np.ndarray
) -> tuple[MemberSpaces, np.ndarray]:
    """The spaces with their usual distances, and those of held-out polymers, mean over the members that never saw them."""
    usual = spaces.usual.copy()
    total, count = np.zeros(len(held_out)), np.zeros(len(held_out))
    for member, states in enumerate(fingerprints):
        if not trained[member].any():
            continue
        never_saw = np.flatnonzero(~trained[member][held_out])
        distance = spaces.from_nearest(member, states[held_out[never_saw]])
        # Without held-out polymers, the training polymers' distances from each other have to serve.
        typical = distance if len(distance) else spaces.between_references(member)
        typical = typical[typical > 0]
        usual[member] = np.median(typical) if len(typical) else 1.0
        total[never_saw] += distance / usual[member]
        count[never_saw] += 1
    mean = np.divide(total, count, out=np.full(len(held_out), np.nan), where=count > 0)
    return replace(spaces, usual=usual), mean


def _fragment_matrix(oligomers: Sequence[str], group: np.ndarray) -> tuple[csr_matrix, np.ndarray]:
    """Which polymer (row) has which fragment (column), and the hashes of the columns."""
    number_of: dict[str, int] = {}
    for number, text in enumerate(oligomers, 1):
        number_of.setdefault(text, number)
    hashes_of: dict[str, np.ndarray] = {}
    try:
        for text, fragments in zip(number_of, fragment_hashes(list(number_of)), strict=True):
            hashes_of[text] = fragments
    except PolymerError as error:
        unread = next(number for text, number in number_of.items() if text not in hashes_of)
        raise PolymerError(f"Row {unread}: {error}") from None
    by_row = [hashes_of[text] for text in oligomers]
    hashes, column = np.unique(np.concatenate(by_row), return_inverse=True)
    row = np.repeat(group, [len(own) for own in by_row])
    counts = csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=(int(group.max()) + 1, len(hashes)))
    counts.data[:] = 1.0
    return counts, hashes


def _unseen_of_held_out(fragments: csr_matrix, trained: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Fragments of held-out polymers that a member did not train on, mean over the members that never saw the polymer."""
    total, count = np.zeros(len(held_out)), np.zeros(len(held_out))
    for by_member in trained:
        if not by_member.any():
            continue
        new = np.asarray(fragments[by_member].sum(axis=0)).ravel() == 0
        never_saw = np.flatnonzero(~by_member[held_out])
        total[never_saw] += fragments[held_out[never_saw]] @ new.astype(np.float32)
        count[never_saw] += 1
    return np.divide(total, count, out=np.full(len(held_out), np.nan), where=count > 0)
