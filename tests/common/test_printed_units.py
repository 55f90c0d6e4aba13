"""How units and properties are written for people."""

from __future__ import annotations

import pytest

from polyid.common.text import formula, plain_unit
from polyid.data.properties import PROPERTIES


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("g/cm3", "g/cm³"),
        ("kg/m3", "kg/m³"),
        ("cm3(STP)·cm/(cm2·s·cmHg)", "cm³(STP)·cm/(cm²·s·cmHg)"),
        ("mol·m/(m2·s·Pa)", "mol·m/(m²·s·Pa)"),
        ("log10(Barrer)", "log₁₀(Barrer)"),
        ("W/(m·K)", "W/(m·K)"),
        ("mm23", "mm23"),
        (None, ""),
    ],
)
def test_units_are_written_as_in_print(unit, printed):
    assert plain_unit(unit) == printed


def test_no_property_keeps_a_number_of_its_gas_on_the_line():
    gases = [entry.label for name, entry in PROPERTIES.items() if name.startswith("log10_Permeability_")]
    assert gases and not [
        label for label in map(formula, gases) if any(digit.isascii() for digit in label if digit.isdigit())
    ]
