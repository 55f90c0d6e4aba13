"""Names of polymers: from a common, source-based, structure-based or trade name, an abbreviation or a CAS number to the unit.

``names.csv`` lists one name of one polymer a row: `name`, `smiles` (repeat unit, canonical RDKit SMILES, cut as in the bundled
table; tacticity is left out, cis and trans are not), `kind` (common, source-based, structure-based, trade name, abbreviation or
CAS) and `source` of the name. A name with several rows stands for several polymers and is asked back. What stands for no single
repeat unit (copolymers, blends, families) is listed with its `reason` in ``names_without_unit.csv``. What is usually one polymer
but may be another, or says more than a repeat unit does, is in ``names_with_note.csv`` and answered with the `note`. Names made by
a rule come from `polyid.chemistry.name_families`, other spellings from `polyid.chemistry.name_spellings`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files

from rdkit import Chem

from polyid.chemistry.name_families import family_names
from polyid.chemistry.name_spellings import loose_key, name_forms, name_key
from polyid.chemistry.polyamide_names import slashed_polyamides
from polyid.chemistry.smiles import read_molecule
from polyid.common.text import shorten
from polyid.errors import PolymerError

MAX_CHARACTERS = 150
"""No name is longer."""

_QUOTES = "\"'`“”„‟‘’‚‛«»‹›´,; \t"
_COMPONENTS = re.compile(r"a (?:block )?copolymer of (.+)")
_IN_BRACKETS = re.compile(r"^(.*\S)\s+\((.+)\)$")


@dataclass(frozen=True)
class NamedPolymer:
    """A polymer that a name stands for.

    Attributes
    ----------
    smiles : str
        Repeat unit with two attachment points, or four of a ladder.
    name : str
        As listed.
    source : str
        Where the name comes from: who named it so, or by which rules.
    notes : tuple of str
        What the name says and the repeat unit does not, one clause each.
    """

    smiles: str
    name: str
    source: str
    notes: tuple[str, ...] = ()


class AmbiguousName(PolymerError):
    """A name that stands for several polymers, or is the SMILES of a molecule too."""


def find_name(text: str) -> NamedPolymer | None:
    """The polymer of a name, however it is spaced, hyphenated, bracketed and capitalised.

    Parameters
    ----------
    text : str
        Such as ``nylon-66``, ``Poly (vinyl chloride)``, ``PMMA``, ``Teflon®`` or ``9003-53-6``.

    Returns
    -------
    NamedPolymer or None
        None for what is no name listed here.

    Raises
    ------
    AmbiguousName
        The name has several readings, which the message names.
    PolymerError
        The name stands for no single repeat unit.
    """
    text = text.strip(_QUOTES) if len(text) <= MAX_CHARACTERS else ""
    if not text:
        return None
    polymers, notes = _readings(text)
    if not polymers:
        return _with_bracket(text)
    # What has attachment points is no molecule; letters alone can be both.
    is_molecule = text.isalpha() and read_molecule(text) is not None
    if len(polymers) == 1 and not is_molecule:
        (polymer,) = polymers
        return replace(polymer, notes=notes)
    meanings = [f"{in_a_sentence(polymer.name)}, {polymer.smiles}" for polymer in _best_known(polymers)]
    if is_molecule:
        meanings.append(f"the molecule {'-'.join(re.findall('Br|Cl|.', text))}")
    raise AmbiguousName(f"“{text}” may be {', or '.join(meanings)}; write which.")


def is_abbreviation(text: str) -> bool:
    """Whether a text of SMILES characters is a name listed here: PS and PB-1 are, CCO is not; P-S is a molecule."""
    if text.isalpha():
        return text.lower() in listed_names()
    return text.lower() in _spellings() and read_molecule(text) is None


def _best_known(polymers: list[NamedPolymer]) -> list[NamedPolymer]:
    """The polymers under names that tell them apart."""
    return [_main_names().get(polymer.smiles, polymer) for polymer in polymers]


def in_a_sentence(name: str) -> str:
    """A name with a small letter, where it is no abbreviation."""
    return name[0].lower() + name[1:] if name[1:2].islower() else name


@cache
def listed_names() -> dict[str, list[NamedPolymer]]:
    """The polymers of each key; those of `names.csv` come first."""
    listed: dict[str, list[NamedPolymer]] = {}
    for name, smiles, source in _all_names():
        listed.setdefault(name_key(name), []).append(NamedPolymer(smiles, name, source))
    return listed


def _all_names() -> Iterator[tuple[str, str, str]]:
    for row in _rows("names.csv"):
        yield row["name"], row["smiles"], row["source"]
    yield from family_names()


@cache
def _spellings() -> frozenset[str]:
    """The names as they are listed, in small letters."""
    return frozenset(name.lower() for name, _, _ in _all_names())


@cache
def _main_names() -> dict[str, NamedPolymer]:
    """The first name of `names.csv` of each unit: those of the bundled table lead the list."""
    names: dict[str, NamedPolymer] = {}
    for row in _rows("names.csv"):
        if row["kind"] not in ("abbreviation", "CAS"):
            names.setdefault(row["smiles"], NamedPolymer(row["smiles"], row["name"], row["source"]))
    return names


@cache
def _loosely_listed() -> dict[str, list[str]]:
    """The keys of names by their loose keys."""
    keys: dict[str, list[str]] = {}
    for key in (*_with_note(), *_without_unit(), *listed_names()):
        keys.setdefault(loose_key(key), []).append(key)
    return keys


@cache
def _with_note() -> dict[str, tuple[NamedPolymer, str]]:
    """What is usually meant by a name that may mean or says more than that, by key, and the note on it."""
    rows = _rows("names_with_note.csv")
    return {
        name_key(row["name"]): (NamedPolymer(row["smiles"], row["name"], row["source"]), row["note"]) for row in rows
    }


@cache
def _without_unit() -> dict[str, str]:
    """Why a name is not answered, by key."""
    reasons = {name_key(name): reason for name, reason in slashed_polyamides()}
    for row in _rows("names_without_unit.csv"):
        reasons[name_key(row["name"])] = f"names {row['reason']}; {_remedy(row['reason'])}"
    return reasons


def _remedy(reason: str) -> str:
    """What to write in place of a name: units and ratio of a copolymer, as names where its components' polymers have one."""
    units = components_of(reason)
    if units is not None:
        return f"write its units with their ratio, such as {' : '.join(units)} = {' : '.join('1' for _ in units)}"
    if "copolymer of" in reason:
        return "write its units or their names with the ratio, as in polystyrene : PMMA = 0.7 : 0.3"
    return "write a repeat unit with its attachment points, or the monomers"


def components_of(reason: str) -> list[str] | None:
    """Names of the homopolymers of what a copolymer is of; None where not each has one."""
    match = _COMPONENTS.match(reason)
    monomers = re.split(r", | and (?:an? )?", match[1]) if match else []
    names = [
        next((name for name in (f"poly({one})", one) if name_key(name) in listed_names()), None) for one in monomers
    ]
    known = [name for name in names if name is not None]
    return known if len(known) == len(names) > 1 else None


def copolymer_components(text: str) -> list[str] | None:
    """Names of the homopolymers of a copolymer whose name is listed; None for any other name."""
    key = name_key(text)
    reasons = (row["reason"] for row in _rows("names_without_unit.csv") if name_key(row["name"]) == key)
    return components_of(next(reasons, ""))


def is_listed(text: str) -> bool:
    """Whether a name stands for one polymer or several, as it is."""
    return name_key(text) in listed_names()


def _rows(table: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _readings(text: str) -> tuple[list[NamedPolymer], tuple[str, ...]]:
    """The polymers that a name stands for, each once, and what their repeat units leave out of it."""
    forms = list(dict.fromkeys(name_forms(text)))
    for loose in (False, True):
        for form, notes in forms:
            keys = [name_key(form)] if not loose else _loosely_listed().get(loose_key(name_key(form)), [])
            for key in keys[:1]:
                polymers, note = _listed_under(key, text)
                if polymers:
                    return polymers, (*notes, *note)
    return [], ()


def _listed_under(key: str, text: str) -> tuple[list[NamedPolymer], tuple[str, ...]]:
    """The polymers of a key, each once, or the one that is usually meant, and the note on it."""
    if key in _with_note():
        polymer, note = _with_note()[key]
        return [polymer], (note,)
    if key in _without_unit():
        raise PolymerError(f"“{shorten(text)}” {_without_unit()[key]}.")
    return each_once(listed_names().get(key, ())), ()


def each_once(polymers: Iterable[NamedPolymer]) -> list[NamedPolymer]:
    """Polymers with their canonical SMILES, the first name of each."""
    once: dict[str, NamedPolymer] = {}
    for polymer in polymers:
        smiles = _canonical(polymer.smiles)
        once.setdefault(smiles, replace(polymer, smiles=smiles))
    return list(once.values())


def _with_bracket(text: str) -> NamedPolymer | None:
    """The polymer of a name with another name of it behind, such as polystyrene (PS)."""
    match = _IN_BRACKETS.match(text)
    if match is None:
        return None
    polymers, notes = _readings(match[1])
    others = {other.smiles for other in _readings(match[2])[0]}
    if not polymers or not others:
        return None
    same = [polymer for polymer in polymers if polymer.smiles in others]
    if len(same) != 1:
        raise AmbiguousName(f"“{shorten(text)}” holds two names that do not stand for one polymer; write which.")
    return replace(same[0], notes=notes)


@lru_cache(maxsize=1000)
def _canonical(smiles: str) -> str:
    """Canonical SMILES of a unit put together from fragments."""
    return Chem.CanonSmiles(smiles)
