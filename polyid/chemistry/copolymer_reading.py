"""Reading copolymers: from their text to the units, fractions and architecture, and the chains that stand for them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rdkit import Chem

from polyid.chemistry.backbone import canonical_unit, framed_unit, standard_unit
from polyid.chemistry.chain import chain
from polyid.chemistry.copolymer import Copolymer, parsed_unit
from polyid.chemistry.copolymer_text import Architecture, CopolymerText, copolymer_text, shares_of
from polyid.chemistry.forms import PolymerForm, parse_polymer
from polyid.chemistry.notations import MAX_CHARACTERS, as_smiles, copolymer_of
from polyid.chemistry.polymerisation import Polymerisation, monomers_of, repeat_units, unit_smiles
from polyid.chemistry.repeat_unit import Unit, unit_of
from polyid.common.text import shorten
from polyid.config.settings import DEGREE_OF_POLYMERISATION
from polyid.errors import PolymerError

MOST_COMPONENTS = 16
_UNEVEN = 0.02  # Alternating units are as many of each; another ratio contradicts that.


@dataclass(frozen=True)
class CopolymerReading:
    """What the text of a copolymer stands for.

    Attributes
    ----------
    polymer : Copolymer or str
        The SMILES of a repeat unit where there is only one of them, or units alternate.
    key : str or None
        The same for every ratio and architecture of the same units; None for a single repeat unit, which has its own.
    notes : tuple of str
        What was understood, for people.
    degree : int or None
        Units of its chains, where written.
    """

    polymer: Copolymer | str
    key: str | None
    notes: tuple[str, ...]
    degree: int | None

    @property
    def units(self) -> str:
        """Its repeat units as one SMILES, with dots between them."""
        return self.polymer if isinstance(self.polymer, str) else ".".join(dict.fromkeys(self.polymer.units))


def read_copolymer(text: str, mechanism: str | None = None) -> CopolymerReading | None:
    """Read the text of a copolymer, as of `polyid.chemistry.notations.copolymer_of`; None for any other text.

    Monomers joined by dots are a copolymer's text if they make several repeat units, by `mechanism` where one is given.

    Raises
    ------
    PolymerError
        A component is no repeat unit and no monomer that polymerises by itself, there are too many, or the ratio is none.
    """
    taken_apart, notes = copolymer_of(text)
    if taken_apart is None:
        made = _of_monomers(text, mechanism)
        return None if made is None else replace(_read(made), notes=as_smiles(text).notes)
    reading = _read(taken_apart)
    return replace(reading, notes=(*notes, *reading.notes))


def _of_monomers(text: object, mechanism: str | None) -> CopolymerText | None:
    """The copolymer of monomers joined by dots; None where they make one repeat unit, and for any other text."""
    if not isinstance(text, str) or "." not in text or "*" in text or len(text) > MAX_CHARACTERS:
        return None
    try:
        molecule, form = parse_polymer(text)
        made = repeat_units(monomers_of(molecule), mechanism=mechanism) if form is PolymerForm.MONOMERS else None
    except PolymerError:
        # What reads the text as one polymer says why.
        return None
    return made.copolymer if made is not None and len(made.units) > 1 else None


@lru_cache(maxsize=1_000)
def _read(written: CopolymerText) -> CopolymerReading:
    shown = shorten(str(written))
    if len(written.components) > MOST_COMPONENTS:
        most = f"at most {MOST_COMPONENTS} are read; leave out those there is least of."
        raise PolymerError(f"“{shown}” has {len(written.components)} components, but {most}")
    made = _made_together(written)
    if made is not None and len(made.units) == 1:
        return CopolymerReading(unit_smiles(made.units[0]), None, (f"read as {made}",), written.degree)
    units = [component_unit(component) for component in written.components] if made is None else _heads_first(made)
    notes = [note for component in written.components for note in as_smiles(component).notes]
    architecture = written.architecture or Architecture.RANDOM
    shares = written.shares if made is None else made.fractions
    by_weight = made is None and written.by_weight
    if architecture is not Architecture.ALTERNATING:
        # A multiple of a unit counts as often as it holds it.
        smallest = [_smallest(unit) for unit in units]
        units, times = [unit for unit, _ in smallest], [multiple for _, multiple in smallest]
        if shares is not None and not by_weight:
            shares = shares_of([share * multiple for share, multiple in zip(shares, times, strict=True)], shown)
    if written.shares is None and architecture is not Architecture.ALTERNATING:
        notes.append("equal amounts assumed")
    if shares is None:
        shares = (1.0 / len(units),) * len(units)
    elif by_weight:
        masses = [_molar_mass(unit) for unit in units]
        shares = shares_of([share / mass for share, mass in zip(shares, masses, strict=True)], shown)
    if written.architecture is None:
        notes.append("random order assumed")
    if architecture is Architecture.ALTERNATING:
        polymer: Copolymer | str = _alternating(units, shares, shown)
        notes.append(f"read as the repeat unit {polymer}")
    else:
        several, (units, fractions) = len(units), _merged(units, shares, architecture)
        if len(units) < several:
            notes.append("components of one unit added up, those of no share left out")
        polymer = units[0] if len(units) == 1 else Copolymer(tuple(units), fractions, architecture)
        notes.append(f"read as {polymer if isinstance(polymer, str) else f'{polymer.text()} copolymer, by mole'}")
    different = sorted({_without_stereo(unit) for unit in units})
    key = " : ".join(different) if len(different) > 1 else None
    return CopolymerReading(polymer, key, tuple(note for note in notes if note), written.degree)


def _made_together(written: CopolymerText) -> Polymerisation | None:
    """What components that are all monomers make of each other.

    None for blocks, where components are no monomers or make nothing together, and where each is a unit of its own in an order
    or a ratio that is written: those that would alternate, in a ratio that is not even, come at random.
    """
    texts = [as_smiles(component).text for component in written.components]
    if written.architecture is Architecture.BLOCK or any("*" in text or "." in text for text in texts):
        return None
    amounts = list(written.shares or [1.0 / len(texts)] * len(texts))
    if written.by_weight:
        amounts = [share / _molar_mass(text) for share, text in zip(amounts, texts, strict=True)]
    there = [(text, amount) for text, amount in zip(texts, amounts, strict=True) if round(amount, 8) > 0]
    uneven = max(amount for _, amount in there) - min(amount for _, amount in there) > _UNEVEN * sum(amounts)
    try:
        for text, _ in there:
            parse_polymer(text)
        made = repeat_units([text for text, _ in there], [amount for _, amount in there])
    except PolymerError:
        return None
    refused = uneven if len(made.units) == 1 else written.architecture is Architecture.ALTERNATING
    return None if refused else made


def _heads_first(made: Polymerisation) -> list[str]:
    return [head_first(chain([unit], cap=0, labelled=True)) for unit in made.units]


def component_unit(component: str) -> str:
    """The repeat unit of a component, as SMILES that begins with its head; see `head_first`.

    Raises
    ------
    PolymerError
        It can't be read, or doesn't make a chain by itself.
    """
    molecule, form = parse_polymer(component)
    if form is PolymerForm.REPEAT_UNIT:
        return head_first(molecule)
    try:
        made = repeat_units(monomers_of(molecule))
    except PolymerError:
        raise PolymerError(
            f"The component “{shorten(component)}” of a copolymer is neither a repeat unit nor a monomer that is known to "
            "polymerise by itself; write its repeat unit with two attachment points, such as *CC(*)c1ccccc1."
        ) from None
    if len(made.units) > 1:
        several = f"makes {len(made.units)} repeat units; write each of them as a component."
        raise PolymerError(f"The component “{shorten(component)}” of a copolymer {several}")
    return _heads_first(made)[0]


def head_first(molecule: Chem.Mol) -> str:
    """SMILES of a repeat unit that begins with its head, the same for every way to cut, turn and write the unit.

    A homopolymer is the same wherever its unit is cut; beside another unit it is not: ``*C(C)C(=O)O*`` next to ``*OCC(=O)*``
    would make a peroxide. So each unit is cut anew, see `polyid.chemistry.backbone.framed_unit`.

    Raises
    ------
    PolymerError
        It is a ladder's, whose strands join no other unit's.
    """
    unit = unit_of(molecule)
    if len(unit.strands) > 1:
        raise PolymerError(
            f"The unit {shorten(Chem.MolToSmiles(molecule))} of a copolymer has four attachment points, but copolymers of ladder "
            "polymers are not supported; write units with two."
        )
    return _text(framed_unit(unit))


def _text(unit: Unit) -> str:
    """SMILES that begins with the head."""
    flat = Chem.Mol(unit.molecule)
    Chem.SanitizeMol(flat)
    return str(Chem.MolToSmiles(flat, rootedAtAtom=unit.head))


@lru_cache(maxsize=1_000)
def _smallest(unit: str) -> tuple[str, float]:
    """The unit of which a unit is a multiple, as SMILES that begins with its head, and how often it holds that."""
    parsed = parsed_unit(unit)
    # A methylene is a unit of its own, but polyethylene's is two of them.
    smallest = standard_unit(parsed, one_atom_twice=not parsed.has_one_atom)
    multiple = parsed.heavy_atoms / smallest.heavy_atoms
    return (unit, 1.0) if multiple == 1 else (_text(smallest), multiple)


def _molar_mass(unit: str) -> float:
    """Of a repeat unit; attachment points weigh nothing."""
    return float(sum(atom.GetMass() for atom in Chem.AddHs(Chem.MolFromSmiles(unit)).GetAtoms()))


def _without_stereo(unit: str) -> str:
    molecule = Chem.MolFromSmiles(unit)
    Chem.RemoveStereochemistry(molecule)
    return head_first(molecule)


def _alternating(units: Sequence[str], shares: Sequence[float], shown: str) -> str:
    """The repeat unit of units that follow each other in order."""
    if max(shares) - min(shares) > _UNEVEN:
        raise PolymerError(
            f"“{shown}” is alternating, which takes equal amounts; leave the ratio out, or write random or block."
        )
    joined = chain([parsed_unit(unit) for unit in units], cap=0)
    stereo = any(mark in unit for unit in units for mark in "@/\\")
    return str(Chem.MolToSmiles(joined)) if stereo else canonical_unit(unit_of(joined))


def _merged(
    units: Sequence[str], shares: Sequence[float], architecture: Architecture
) -> tuple[list[str], tuple[float, ...]]:
    """Units and fractions in the one order, each unit (or, of blocks, each block) once, those of no share left out."""
    pairs = [(unit, share) for unit, share in zip(units, shares, strict=True) if round(share, 8) > 0]
    if architecture is Architecture.RANDOM:
        pairs.sort()
    pairs = [
        (unit, sum(share for _, share in same)) for unit, same in itertools.groupby(pairs, key=lambda pair: pair[0])
    ]
    pairs = min(pairs, pairs[::-1])
    return [unit for unit, _ in pairs], shares_of([round(share, 8) for _, share in pairs], "")


# Graph, fragments and domain of a polymer each ask.
@lru_cache(maxsize=500)
def weighted_chains(text: str) -> tuple[tuple[str, float], ...]:
    """The chains that stand for a polymer, with weights that add up to 1: itself alone where it is the SMILES of an oligomer.

    Parameters
    ----------
    text : str
        The oligomer, or copolymer with the number of its units, as `polyid.chemistry.oligomer.to_oligomer` gives them.
    """
    written = copolymer_text(text)
    if written is None:
        return ((text, 1.0),)
    polymer, degree = _copolymer(written)
    return tuple(polymer.weighted_chains(degree).items())


def _copolymer(written: CopolymerText) -> tuple[Copolymer, int]:
    """The copolymer of a text that stands where the SMILES of an oligomer may stand, and the units of its chains."""
    reading = _read(written)
    if isinstance(reading.polymer, str):
        raise PolymerError(
            f"“{shorten(str(written))}” is the repeat unit {reading.polymer}; make an oligomer of it first."
        )
    return reading.polymer, reading.degree or DEGREE_OF_POLYMERISATION


def copolymer_chains(text: str) -> dict[str, tuple[str, ...]]:
    """The chains of `weighted_chains`, with the units of each from head to tail; none where it is the SMILES of an oligomer."""
    written = copolymer_text(text)
    if written is None:
        return {}
    polymer, degree = _copolymer(written)
    return polymer.chains(degree)


@lru_cache(maxsize=500)
def repeating_chains(text: str) -> tuple[str, ...]:
    """Chains in which all that is common in a polymer repeats, see `Copolymer.repeating_chains`; `text` as of `weighted_chains`."""
    written = copolymer_text(text)
    if written is None:
        return (text,)
    polymer, degree = _copolymer(written)
    return tuple(polymer.repeating_chains(degree))
