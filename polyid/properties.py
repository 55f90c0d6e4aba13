"""The properties this package knows: names, units, the other names people give them, and unit conversion.

Names and units are those of the published PolyID database. Unit arithmetic: 1 Barrer is
10⁻¹⁰ cm³(STP)·cm/(cm²·s·cmHg) (Stern, J. Polym. Sci. A-2 6, 1933 (1968)), the molar volume at STP 22,414 cm³/mol.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """A polymer property.

    Attributes
    ----------
    name : str
        Column name, as in the PolyID database.
    label : str
        What a page calls it.
    symbol : str
        As in formulae.
    unit : str or None
        Of values in tables and predictions; None when it isn't known.
    low, high : float
        Values outside are implausible for a polymer, in `unit`.
    synonyms : tuple of str
        Other column names, without units, as :func:`normalise` writes them.
    """

    name: str
    label: str
    symbol: str
    unit: str | None
    low: float = -math.inf
    high: float = math.inf
    synonyms: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Label with unit, for axes and tables."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


_GASES = {"CO2": "carbondioxide", "N2": "nitrogen", "O2": "oxygen", "CH4": "methane", "H2": "hydrogen", "He": "helium"}


def _permeability(gas: str, low: float, high: float) -> Property:
    short, long = gas.lower(), _GASES[gas]
    spellings = [
        spelling.format(gas=name)
        for name in (short, long)
        for spelling in (
            "permeability{gas}",
            "{gas}permeability",
            "perm{gas}",
            "{gas}perm",
            "permeabilityto{gas}",
            "permeabilityof{gas}",
            "gaspermeability{gas}",
        )
    ]
    return Property(
        f"log10_Permeability_{gas}",
        f"{gas} permeability",
        f"log₁₀ P({gas})",
        "log10(Barrer)",
        low,
        high,
        (*spellings, f"p{short}", f"{short}p"),
    )


PROPERTIES: dict[str, Property] = {
    entry.name: entry
    for entry in [
        Property(
            "Glass_Transition",
            "Glass transition temperature",
            "Tg",
            "°C",
            -150,
            500,
            ("tg", "glasstransition", "glasstransitiontemperature", "glasstransitiontemp", "glasstemp", "tglass"),
        ),
        Property(
            "Melt_Temp",
            "Melting temperature",
            "Tm",
            "°C",
            -100,
            600,
            ("tm", "melttemp", "meltingtemperature", "meltingtemp", "meltingpoint", "mp", "tmelt", "melttemperature"),
        ),
        Property("Density", "Density", "ρ", "g/cm3", 0.7, 2.6, ("rho", "density", "massdensity", "specificgravity")),
        _permeability("CO2", -6, 6),
        _permeability("N2", -7, 5),
        _permeability("O2", -7, 5),
        _permeability("CH4", -7, 6),
        _permeability("H2", -5, 6),
        _permeability("He", -5, 6),
        Property(
            "YoungMod",
            "Young's modulus",
            "E",
            "MPa",
            0.05,
            20_000,
            ("youngmod", "youngsmodulus", "youngmodulus", "tensilemodulus", "elasticmodulus", "emodulus", "modulus"),
        ),
        Property(
            "Tensile_Strength",
            "Tensile strength",
            "σ",
            "MPa",
            0.05,
            1_500,
            ("tensilestrength", "tensilestress", "ultimatetensilestrength", "uts", "tensilestrengthatbreak"),
        ),
        Property(
            "log10_ElongBreak",
            "Elongation at break",
            "log₁₀ ε",
            "log10(%)",
            -2,
            3.7,
            ("elongbreak", "elongationatbreak", "elongationbreak", "elongation", "strainatbreak", "eab"),
        ),
    ]
}

_SYNONYMS = {spelling: entry for entry in PROPERTIES.values() for spelling in entry.synonyms}

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


def normalise(text: str) -> str:
    """Letters and digits of a header, in lower case, sub- and superscripts made plain."""
    plain = str(text).translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789"))
    return re.sub(r"[^a-z0-9%°]", "", plain.lower())


def _unit_key(text: str) -> str:
    key = str(text).translate(str.maketrans("¹²³⁻−º", "123--°")).lower().replace("per", "/")
    # Negative exponents, as in kg m^-3, go behind the slash.
    below = [name + power.replace("1", "") for name, power in re.findall(r"([a-z]+)\^?-(\d)", key)]
    if below:
        key = re.sub(r"[a-z]+\^?-\d", "", key) + "/" + "".join(below)
    key = re.sub(r"stp|[\s()\[\]·*.^_×⋅∙{}-]", "", key)
    return key.replace("cc", "cm3").replace("centimeter", "cm").replace("ml", "cm3").replace("sec", "s")


_UNIT_KEYS = {_unit_key(unit): unit for unit in _UNITS} | {
    "c": "°C",
    "degc": "°C",
    "celsius": "°C",
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
    key = _unit_key(text or "")
    logarithm = re.match(r"log(?:10)?(.+)$", key)
    if logarithm:
        inner = _UNIT_KEYS.get(logarithm.group(1))
        return f"log10({inner})" if inner else None
    return _UNIT_KEYS.get(key)


def find_property(header: str) -> tuple[Property, str | None] | None:
    """The property and unit a column header names, or None.

    A unit may stand in brackets (``Tg (K)``), behind a slash (``Tg / K``) or an underscore (``tg_celsius``); a leading
    ``log`` makes it a logarithm.

    Parameters
    ----------
    header : str

    Returns
    -------
    (Property, str or None) or None
        The unit is None when the header names none.
    """
    if header in PROPERTIES:
        return PROPERTIES[header], PROPERTIES[header].unit
    for name, unit_text in _splits(header.strip()):
        unit = read_unit(unit_text) if unit_text else None
        if unit_text and unit is None:
            continue
        plain = re.sub(
            r"^(?:exp|experimental|measured|mean|average|median)_|_(?:exp|mean|avg|median)$", "", name.lower()
        )
        plain = normalise(plain)
        logarithm = re.match(r"log(?:10)?(.+)$", plain)
        entry = _SYNONYMS.get(plain) or (_SYNONYMS.get(logarithm.group(1)) if logarithm else None)
        if entry is None or (unit and not convertible(unit, entry)):
            continue
        if logarithm and plain not in _SYNONYMS:
            unit = entry.unit if unit is None else unit if unit.startswith("log10(") else f"log10({unit})"
        return entry, unit
    return None


def _splits(header: str):
    """A header as name and possible unit, in the ways people write both."""
    yield header, None
    bracket = re.match(r"(.+?)[\s_]*[(\[{](.+)[)\]}]\s*$", header)
    if bracket:
        yield bracket.groups()
    degree = re.match(r"(.+?)\s*([°℃].?)$", header)
    if degree:
        yield degree.groups()
    for match in re.finditer(r"\s+/\s*|[\s_,/:]+(?:in\s+)?", header):
        if match.start() and match.end() < len(header):
            yield header[: match.start()], header[match.end() :]


def decimals(value: float, error: float | None = None) -> int:
    """Decimals a value is shown with: two digits of its expected error, or three of its own where that isn't known.

    >>> decimals(98.34, 11.2), decimals(1.0534, 0.026), decimals(98.34)
    (0, 3, 1)
    """
    size, digits = (abs(error), 2) if error and math.isfinite(error) else (abs(value), 3)
    return 3 if not math.isfinite(size) or size == 0 else min(max(digits - 1 - math.floor(math.log10(size)), 0), 4)


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
    if not convertible(unit, target):
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
