"""The domain of validity of a student: its teacher's, with distances in the student's own fingerprints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from polyid.bundle.member import BundleMember
from polyid.distil.pool import Pool
from polyid.ensemble.evaluated import EvaluatedEnsemble
from polyid.inference.predictor import EnsemblePredictor
from polyid.uncertainty.domain.distances import MemberSpaces, mean_and_deviation
from polyid.uncertainty.domain.domain import ShownPolymers, TrainingDomain


def student_domain(teacher: EvaluatedEnsemble, student: BundleMember, pool: Pool) -> tuple[TrainingDomain, float]:
    """The domain, and the share of the polymers aside of which it says what the teacher's says.

    Fragments, thresholds and training polymers are the teacher's. A distance of 1 is what it is there: the median of the polymers
    aside is the same by both.
    """
    known = teacher.domain
    assert known is not None, "the pool was made of it"
    aside = [pool.keys[i] for i in np.flatnonzero(pool.aside)]
    predictor = EnsemblePredictor([student])
    fingerprints = predictor.fingerprints(pool.keys[: pool.labelled], cache=True)
    of_aside = predictor.fingerprints(aside, cache=True)
    trained = np.ones(fingerprints.shape[:2], bool)
    mean, deviation = mean_and_deviation(fingerprints, trained)
    spaces = MemberSpaces(
        ((fingerprints - mean[:, None]) / deviation[:, None]).astype(np.float16),
        trained,
        mean.astype(np.float32),
        deviation.astype(np.float32),
        np.ones(1, np.float32),
    )
    asked = teacher.fitted.predictor.answers(aside, cache=True, fingerprints=True)
    assert asked.fingerprints is not None, "they were asked for"
    novelty = None if asked.novelty is None else asked.novelty.min(axis=1)
    theirs = known.assess(aside, asked.fingerprints, teacher.fitted.numbers, novelty=novelty)
    own = np.median(spaces.from_nearest(0, of_aside[0]))
    usual = own / max(float(np.median(theirs.distance)), 1e-6)
    domain = TrainingDomain(
        known.training_fragments,
        replace(spaces, usual=np.array([max(usual, 1e-6)], np.float32)),
        _chosen(known.polymers, pool.reference.tolist()),
        known.thresholds,
        known.calibration,
    )
    ours = domain.assess(aside, of_aside)
    return domain, float(np.mean(ours.verdict == theirs.verdict))


def _chosen(polymers: ShownPolymers, index: list[int]) -> ShownPolymers:
    place = {old: new for new, old in enumerate(index)}
    return ShownPolymers(
        [polymers.smiles[i] for i in index],
        None if polymers.names is None else [polymers.names[i] for i in index],
        {name: [column[i] for i in index] for name, column in polymers.values.items()},
        {key: place[number] for key, number in polymers.known_as.items() if number in place},
    )
