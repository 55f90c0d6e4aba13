"""Pareto fronts against comparing every pair; Robeson's bounds against selectivities that his paper prints."""

from __future__ import annotations

import numpy as np
import pytest

from polyid.inference.trade_offs import pareto_front, quantities, upper_bounds

BARRER = {f"log10_Permeability_{gas}": "log10(Barrer)" for gas in ("CO2", "N2", "CH4", "O2", "H2", "He")}


@pytest.mark.parametrize("higher", [(True, True), (True, False), (False, False)])
def test_nothing_on_the_front_is_beaten_and_everything_else_is(higher):
    generator = np.random.default_rng(0)
    points = generator.integers(0, 12, (150, 2)).astype(float)
    points[3] = np.nan, 1.0
    gains = np.where(higher, points, -points)
    beaten = [
        any((other >= own).all() and (other > own).any() for other in gains[np.isfinite(gains).all(1)]) for own in gains
    ]
    expected = [number for number in range(150) if number != 3 and not beaten[number]]
    front = pareto_front(points, higher)
    assert sorted(front.tolist()) == expected
    assert (np.diff(gains[front, 0]) <= 0).all()


def test_nothing_known_is_no_front():
    assert pareto_front(np.full((4, 2), np.nan)).size == 0


def test_axes_are_properties_and_the_gas_pairs_they_make():
    names = [quantity.name for quantity in quantities({"Density": "g/cm3", **BARRER})]
    assert names[0] == "Density" and len(names) == 1 + 6 + 13
    without_units = dict.fromkeys(BARRER)
    assert len(quantities(without_units)) == 6, "numbers of no unit may be no logarithms"


def test_a_selectivity_is_the_ratio_of_two_permeabilities():
    by_name = {quantity.name: quantity for quantity in quantities(BARRER)}
    values = {name: np.log10([100.0, np.nan]) for name in BARRER} | {"log10_Permeability_CH4": np.log10([4.0, 1.0])}
    found = by_name["selectivity_CO2_CH4"].of(values)
    assert 10 ** found[0] == pytest.approx(25.0) and np.isnan(found[1])


@pytest.mark.parametrize(
    ("gases", "year", "permeability", "selectivity"),
    # Points on the lines as they are drawn in the figures of the 2008 paper.
    [(("O2", "N2"), 2008, 1396000 * 10**-5.666, 10.0), (("CO2", "CH4"), 1991, 1073700 * 10 ** (-2 * 2.6264), 100.0)],
)
def test_bounds_stand_where_robeson_drew_them(gases, year, permeability, selectivity):
    by_name = {quantity.name: quantity for quantity in quantities(BARRER)}
    x, y = by_name[f"log10_Permeability_{gases[0]}"], by_name["selectivity_{}_{}".format(*gases)]
    bounds = {bound.year: bound for bound in upper_bounds(x, y)}
    assert set(bounds) == {1991, 2008}
    assert 10 ** bounds[year].log_selectivity(np.log10(permeability)) == pytest.approx(selectivity)
    assert bounds[2008].log_selectivity(1.0) > bounds[1991].log_selectivity(1.0), "polymers got better"
    assert upper_bounds(y, x) == [] and upper_bounds(x, x) == []
