"""The linear part of a kernel regression: against scikit-learn with each polymer left out, and where values go on or don't."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from polyid.chemistry.composition import polymer_fragments
from polyid.chemistry.oligomer import to_oligomer
from polyid.kernel import trend
from polyid.kernel.regression import fit_member, members_from_arrays, members_to_arrays
from polyid.kernel.similarity import ReferencePolymers

CHAINS = ["*CC(*)", "*CC(C)(*)", "*OCC(*)", "*NCCC(*)"]
SIDES = ["", "C", "CC", "CCC", "Cl", "F", "OC", "C#N", "C(=O)OC", "c1ccccc1", "OC(C)=O", "N(C)C", "C(F)(F)F", "Br"]
UNITS = [f"{chain}{side}" if side else chain for chain, side in itertools.product(CHAINS, SIDES)]


@pytest.fixture(scope="module")
def fragments():
    return polymer_fragments([to_oligomer(unit, 4) for unit in UNITS])


def references_of(fragments, labels):
    references = ReferencePolymers(fragments, np.asarray(labels, float)[:, None])
    return references, references.similarity(fragments)


def test_the_weight_is_that_of_the_least_errors_with_each_polymer_left_out(fragments):
    """Of scikit-learn's ridge regression, refitted without each polymer."""
    labels = fragments.composition[:, 14] + 0.02 * np.random.default_rng(1).normal(size=len(UNITS))
    references, similarity = references_of(fragments, labels)
    gram, scaled = similarity.astype(float), (labels - np.median(labels)) / labels.std()
    errors = {}
    for weight in (0.0, *trend.WEIGHTS):
        square = gram + weight * trend.linear_kernel(references.descriptors, references.descriptors)
        found = cross_val_predict(
            KernelRidge(alpha=trend.RIDGE, kernel="precomputed"), square, scaled, cv=LeaveOneOut()
        )
        errors[weight] = np.abs(found - scaled).mean()
    best = trend.choose_trend(gram, references.descriptors, scaled)
    assert best == min(errors, key=errors.__getitem__) > 0, errors


@pytest.mark.parametrize("descriptor", [0, 16], ids=["polar surface", "carbon"])
def test_a_property_of_the_composition_goes_on_beyond_the_polymers_that_were_learnt(fragments, descriptor):
    """The highest fifth of a descriptor, learnt from the other four."""
    labels = fragments.composition[:, descriptor]
    highest = labels > np.quantile(labels, 0.8)
    references, similarity = references_of(fragments, labels)
    member = fit_member(references, similarity, np.where(highest, np.nan, labels)[:, None])
    assert member.trend[0] > 0
    asked, described = similarity[highest], references.descriptors[highest]
    with_it, without = (member.predict(asked, part)[:, 0] for part in (described, np.zeros_like(described)))
    assert np.abs(with_it - labels[highest]).mean() < 0.5 * np.abs(without - labels[highest]).mean()
    (again,) = members_from_arrays(members_to_arrays([member]))
    np.testing.assert_array_equal(
        again.predict(similarity, references.descriptors), member.predict(similarity, references.descriptors)
    )


@pytest.mark.parametrize("kind", ["noise", "few"])
def test_where_it_does_not_surely_help_there_is_none(fragments, kind):
    few = 30
    labels = np.random.default_rng(0).normal(size=len(UNITS)) if kind == "noise" else fragments.composition[:, 14]
    references, similarity = references_of(fragments, labels)
    targets = np.where(np.arange(len(UNITS))[:, None] < (few if kind == "few" else len(UNITS)), labels[:, None], np.nan)
    member = fit_member(references, similarity, targets)
    assert member.trend.tolist() == [0.0]
    np.testing.assert_array_equal(member.slopes, 0.0)
