"""The properties this package knows, gases included: a line each; and which of them a column header names.

Names and units are those of the published PolyID database. Unit arithmetic: 1 Barrer is
10⁻¹⁰ cm³(STP)·cm/(cm²·s·cmHg) (Stern, J. Polym. Sci. A-2 6, 1933 (1968)), the molar volume at STP 22,414 cm³/mol.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from polyid.data.cells import without_hidden
from polyid.data.limits import MAX_WRITTEN
from polyid.data.property import Property
from polyid.data.units import convertible, normalise, read_unit

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
            "{gas}permeabilitycoefficient",
            "permeabilitycoefficient{gas}",
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


# Words that say where a value comes from and not what it is. Predicted and computed values are none of them.
_ORIGIN = re.compile(
    r"(?<![a-z0-9])(?:exp(?:t|tl|eriment|erimental|erimentally)?|measured|meas|observed|obs|reported|lit|literature"
    r"|mean|average|avg|median|values?|val|labels?|targets?|data|m?dsc|dmt?a|tma|dilatometry|onset|midpoint"
    r"|(?:2nd|second)[\s_]+(?:heating|scan|run|cycle))(?![a-z0-9])\.?",
    re.IGNORECASE,
)
_EMPTY_BRACKETS = re.compile(r"[(\[{][\s.,;:_/+-]*[)\]}]")
_BESIDE_BRACKET = re.compile(r"(?<=[(\[{])[\s.,;:_/+-]+|[\s.,;:_/+-]+(?=[)\]}])")
_AROUND = " .,;:_/+-"


def property_label(name: str) -> str:
    """The label of a property this package knows; any other is called by its own name."""
    return PROPERTIES[name].label if name in PROPERTIES else name


def _called(plain: str) -> Property | None:
    """The property that people write so, as `normalise` writes it; ``glasstransitiontg`` says it twice."""
    for entry in PROPERTIES.values():
        if plain in entry.synonyms:
            return entry
        if (
            len(plain) > 8
            and plain.startswith(entry.synonyms)
            and any(
                plain.startswith(spelling) and plain[len(spelling) :] in entry.synonyms for spelling in entry.synonyms
            )
        ):
            return entry
    return None


def _gas_of(plain: str) -> Property | None:
    """The permeability to the gas that is called so."""
    return next(
        (PROPERTIES[f"log10_Permeability_{gas}"] for gas, name in _GASES.items() if plain in (gas.lower(), name)), None
    )


def find_property(header: str) -> tuple[Property, str | None] | None:
    """The property and unit a column header names, or None.

    A unit may stand in brackets (``Tg (K)``), behind a slash (``Tg / K``) or an underscore (``tg_celsius``); a leading
    ``log`` makes it a logarithm. Words that say where values come from may stand anywhere (``Exp. Tg (DSC)``). A gas alone
    is its permeability where the unit or the logarithm says so (``O2 (Barrer)``, ``log10_O2``).

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
    if len(header) > MAX_WRITTEN:
        return None
    bare = _without_origin(header)
    return _find(header) or (_find(bare) if bare != header else None)


def _without_origin(header: str) -> str:
    bare = _ORIGIN.sub("", without_hidden(header))
    bare = _BESIDE_BRACKET.sub("", _EMPTY_BRACKETS.sub("", bare)).strip(_AROUND)
    return bare[1:-1] if re.fullmatch(r"\([^()]*\)|\[[^\[\]]*\]", bare) else bare


def _find(header: str) -> tuple[Property, str | None] | None:
    for name, unit_text in _splits(header.strip()):
        unit = read_unit(unit_text) if unit_text else None
        if unit_text and unit is None:
            continue
        plain = normalise(name)
        logarithm = re.match(r"log(?:10)?(.+)$", plain)
        entry = _called(plain) or (_called(logarithm[1]) if logarithm else None)
        if entry is None and (logarithm or unit):
            entry = _gas_of(logarithm[1] if logarithm else plain)
        if entry is None or (unit and not convertible(unit, entry)):
            continue
        if logarithm and _called(plain) is None:
            unit = entry.unit if unit is None else unit if unit.startswith("log10(") else f"log10({unit})"
        return entry, unit
    return None


def _splits(header: str) -> Iterator[tuple[str, str | None]]:
    """A header as name and possible unit, in the ways people write both."""
    yield header, None
    bracket = re.match(r"(.+?)[\s_]*[(\[{](.+)[)\]}]\s*$", header)
    if bracket:
        yield bracket[1], bracket[2]
    degree = re.match(r"(.+?)\s*([°℃].?)$", header)
    if degree:
        yield degree[1], degree[2]
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
