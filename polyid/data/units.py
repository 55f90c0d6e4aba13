"""Units of polymer properties, as people write them, and their conversion."""

from __future__ import annotations

import math
import re

from polyid.data.cells import without_hidden
from polyid.data.limits import MAX_WRITTEN
from polyid.data.property import Property

_CM3_STP_PER_MOL = 22_413.97
_PA_PER_CMHG = 1_333.224
# Quantity and factor to its base unit; a value is converted as (value · factor) / (factor of the target).
_UNITS: dict[str, tuple[str, float]] = {
    "°C": ("temperature", 1),
    "K": ("temperature", 1),
    "°F": ("temperature", 1),
    "Pa": ("stress", 1e-6),
    "kPa": ("stress", 1e-3),
    "MPa": ("stress", 1),
    "GPa": ("stress", 1e3),
    "bar": ("stress", 0.1),
    "psi": ("stress", 6.894757e-3),
    "ksi": ("stress", 6.894757),
    "kgf/cm2": ("stress", 9.80665e-2),
    "dyn/cm2": ("stress", 1e-7),
    "g/cm3": ("density", 1),
    "kg/m3": ("density", 1e-3),
    "g/L": ("density", 1e-3),
    "Barrer": ("permeability", 1),
    "cm3·cm/(cm2·s·cmHg)": ("permeability", 1e10),
    "cm3·cm/(cm2·s·Pa)": ("permeability", 1e10 * _PA_PER_CMHG),
    "cm3·cm/(cm2·s·bar)": ("permeability", 1e10 * _PA_PER_CMHG / 1e5),
    "m3·m/(m2·s·Pa)": ("permeability", 1e10 * _PA_PER_CMHG * 1e4),
    "mol·m/(m2·s·Pa)": ("permeability", 1e10 * _CM3_STP_PER_MOL * _PA_PER_CMHG / 100),
    "cm3·mm/(m2·day·atm)": ("permeability", 1e10 / (10 * 1e4 * 86_400 * 76)),
    "cm3·mil/(100in2·day·atm)": ("permeability", 1e10 / (10 * 1e4 * 86_400 * 76) * 0.0254 / 0.064516),
    "%": ("elongation", 1),
    "fraction": ("elongation", 100),
}

_PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789")
_PLAIN_MARKS = str.maketrans("¹²³⁻−º", "123--°")


def normalise(text: str) -> str:
    """Letters and digits of a header, in lower case, sub- and superscripts made plain."""
    return re.sub(r"[^a-z0-9%°]", "", str(text).translate(_PLAIN_DIGITS).lower())


def _unit_key(text: str) -> str:
    key = without_hidden(text).translate(_PLAIN_MARKS).lower().replace("per", "/")
    # Negative exponents, as in kg m^-3, go behind the slash.
    below = [name + power.replace("1", "") for name, power in re.findall(r"([a-z]+)\^?-(\d)", key)]
    if below:
        key = re.sub(r"[a-z]+\^?-\d", "", key) + "/" + "".join(below)
    key = re.sub(r"stp|[\s()\[\]·*.^_×⋅∙{}-]", "", key)
    return key.replace("cc", "cm3").replace("centimeter", "cm").replace("ml", "cm3").replace("sec", "s")


_UNIT_KEYS = {_unit_key(unit): unit for unit in _UNITS} | {
    "c": "°C",
    "degc": "°C",
    "oc": "°C",
    "c°": "°C",
    "celsius": "°C",
    "celcius": "°C",
    "degreec": "°C",
    "degreesc": "°C",
    "degreescelsius": "°C",
    "degreecelsius": "°C",
    "℃": "°C",
    "kelvin": "K",
    "degk": "K",
    "°k": "K",
    "f": "°F",
    "degf": "°F",
    "fahrenheit": "°F",
    "n/mm2": "MPa",
    "mn/m2": "MPa",
    "gcm3": "g/cm3",
    "kg/l": "g/cm3",
    "kg/dm3": "g/cm3",
    "t/m3": "g/cm3",
    "kgm3": "kg/m3",
    "barrers": "Barrer",
    "cm3mm/m2datm": "cm3·mm/(m2·day·atm)",
    "cm3mm/m224hatm": "cm3·mm/(m2·day·atm)",
    "cm3mil/100in2datm": "cm3·mil/(100in2·day·atm)",
    "percent": "%",
    "pct": "%",
}


def read_unit(text: str | None) -> str | None:
    """The unit a text names, in this module's spelling, ``log10(...)`` for logarithms; None when it is none.

    >>> read_unit("g cm^-3"), read_unit("deg C"), read_unit("log10(Barrer)"), read_unit("banana")
    ('g/cm3', '°C', 'log10(Barrer)', None)
    """
    key = _unit_key(text) if text and len(text) <= MAX_WRITTEN else ""
    logarithm = re.match(r"log(?:10)?(.+)$", key)
    if logarithm:
        inner = _UNIT_KEYS.get(logarithm.group(1))
        return f"log10({inner})" if inner else None
    return _UNIT_KEYS.get(key)


def default_unit(header: str, target: Property) -> str | None:
    """The unit meant by a header that names none: a permeability without "log" is in Barrer, not its logarithm."""
    if target.unit and target.unit.startswith("log10(") and "log" not in header.lower():
        return target.unit[6:-1]
    return target.unit


def convertible(unit: str, target: Property) -> bool:
    """Whether values in `unit` can be written in a property's own unit."""
    return target.unit is not None and _quantity(unit) == _quantity(target.unit)


def _quantity(unit: str) -> str:
    return _UNITS[_plain(unit)][0]


def _plain(unit: str) -> str:
    """The unit inside a logarithm."""
    return unit[6:-1] if unit.startswith("log10(") else unit


def convert(value: float, unit: str, target: Property) -> float:
    """A value in another unit, in the property's own.

    Parameters
    ----------
    value : float
    unit : str
        As :func:`read_unit` spells it.
    target : Property

    Returns
    -------
    float
        Rounded to 12 significant digits, so that 373.15 K is 100 °C.

    Raises
    ------
    ValueError
        The unit is of another quantity, or the value has no logarithm.
    """
    if unit == target.unit:
        return value
    if target.unit is None or not convertible(unit, target):
        raise ValueError(f"{unit} can't be converted to {target.unit}")
    if unit.startswith("log10("):
        value, unit = 10**value, _plain(unit)
    if _quantity(unit) == "temperature":
        result = {"°C": value, "K": value - 273.15, "°F": (value - 32) / 1.8}[unit]
    else:
        result = value * _UNITS[unit][1] / _UNITS[_plain(target.unit)][1]
    if target.unit.startswith("log10("):
        if result <= 0:
            raise ValueError(f"{value:g} {unit} has no logarithm")
        result = math.log10(result)
    return float(f"{result:.12g}")
