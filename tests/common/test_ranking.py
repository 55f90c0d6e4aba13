"""The least values of each row, against NumPy's stable sort of the whole row."""

from __future__ import annotations

import numpy as np
import pytest

from polyid.common.ranking import places_of_least


@pytest.mark.parametrize("different", [2, 7, 1_000], ids="values of {} kinds".format)
@pytest.mark.parametrize(("columns", "count"), [(1, 1), (5, 5), (12, 3), (13, 3), (400, 8), (400, 101)])
def test_places_are_those_of_a_stable_sort(different, columns, count):
    random = np.random.default_rng(columns + count)
    values = random.integers(0, different, (60, columns)).astype(np.float32)
    values[random.random(values.shape) < 0.2] = np.inf
    values[:2] = [[np.inf], [0.0]]
    assert np.array_equal(places_of_least(values, count), np.argsort(values, axis=1, kind="stable")[:, :count])


def test_no_rows_have_no_places():
    assert places_of_least(np.zeros((0, 30)), 3).shape == (0, 3)
