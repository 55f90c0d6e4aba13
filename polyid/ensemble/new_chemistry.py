"""How wrong the kernel regression is about polymers of which it saw no relatives: what the intervals of new chemistry rest on."""

from __future__ import annotations

import numpy as np

from polyid.kernel.neighbourhood import neighbourhood
from polyid.kernel.regression import fit_member
from polyid.kernel.similarity import ReferencePolymers
from polyid.uncertainty.widening import NewChemistry

SIMILARITY = 0.35
"""Least similarity, by the kernel, to the centre of a cluster that is left out: most polyimides are one."""
_GROUPS = 8


def leave_clusters_out(references: ReferencePolymers) -> NewChemistry:
    """Errors of the polymers that the kernel regression knows, each predicted without its whole cluster."""
    similarity, labels = references.similarity(references.fragments), references.labels
    group = cluster_groups(similarity)
    errors, novelty, roughness = (np.full(labels.shape, np.nan) for _ in range(3))
    for left_out in np.unique(group):
        inside = np.flatnonzero(group == left_out)
        known = np.where((group == left_out)[:, None], np.nan, labels)
        enough = np.isfinite(known).sum(axis=0) >= 3
        member = fit_member(references, similarity, known)
        predicted = member.predict(similarity[inside], references.descriptors[inside])
        errors[inside] = np.where(enough, np.abs(predicted - labels[inside]), np.nan)
        novelty[inside], roughness[inside] = neighbourhood(similarity[inside], known)
    return NewChemistry(errors, novelty, roughness)


def cluster_groups(similarity: np.ndarray) -> np.ndarray:
    """A number from 0 to 7 for each of N polymers by their similarity (N, N), the same for all of a cluster.

    Clusters are found by the algorithm of Butina, J. Chem. Inf. Comput. Sci. 1999, 39, 747; the largest get groups of their
    own, the others fill them up. A polymer at several tacticities is in one cluster: its structures are almost the same here.
    """
    cluster = np.full(len(similarity), -1)
    found = 0
    for centre in np.argsort(-(similarity >= SIMILARITY).sum(axis=1), kind="stable").tolist():
        if cluster[centre] < 0:
            near = similarity[centre] >= SIMILARITY
            near[centre] = True
            cluster[near & (cluster < 0)] = found
            found += 1
    sizes = np.bincount(cluster, minlength=found)
    filled, home = np.zeros(_GROUPS), np.zeros(found, int)
    for number in np.argsort(-sizes, kind="stable").tolist():
        home[number] = int(np.argmin(filled))
        filled[home[number]] += sizes[number]
    return home[cluster]
