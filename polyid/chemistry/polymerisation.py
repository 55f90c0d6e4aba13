"""From monomers to the repeat units of the polymer that they make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from polyid.chemistry.alternation import alternating_pairs, inserted_units
from polyid.chemistry.chain import chain
from polyid.chemistry.chain_growth import CHAIN_REACTIONS, growth_of
from polyid.chemistry.copolymer_text import Architecture, CopolymerText
from polyid.chemistry.repeat_unit import Unit
from polyid.chemistry.smiles import read_molecule
from polyid.chemistry.step_growth import NoLinearChain, step_units
from polyid.common.text import shorten
from polyid.errors import PolymerError

MECHANISMS = ("vinyl", "ester", "amide", "imide", "urethane", "carbonate", "NIPU")
MOST_MONOMERS = 8
"""Different ones, in one polymer."""
MOST_MOLECULES, MOST_ATOMS_OF_MONOMER = 100, 150
"""That are read where monomers are joined by dots, so that no text takes long."""
REMEDY = "write the repeat unit with two attachment points, such as *CC(*)c1ccccc1"

_FAMILIES_OF_MECHANISMS = {
    "vinyl": ("addition", "acetylene"),
    "ester": ("acyl",),
    "amide": ("acyl",),
    "carbonate": ("acyl",),
}
_FAMILIES = tuple(dict.fromkeys(reaction.family for reaction in CHAIN_REACTIONS))
_FORMALDEHYDE = "C=O"
_OPEN_ANHYDRIDE = rdChemReactions.ReactionFromSmarts(
    "[#6R:1](=[O:2])@[#8:3]@[#6R:4](=[O:5])>>([#6:1](=[O:2])[#8:3].[#6:4](=[O:5])O)"
)


@dataclass(frozen=True)
class Polymerisation:
    """What monomers make.

    Attributes
    ----------
    polymer : str
        Class of polymer, such as polyester.
    units : tuple of Unit
        Distinct, each with head and tail: joined tail to head in any order they make the chain.
    fractions : tuple of float
        Share of each unit; they add up to 1.
    source : str
        Of the reaction.
    """

    polymer: str
    units: tuple[Unit, ...]
    fractions: tuple[float, ...]
    source: str

    @property
    def copolymer(self) -> CopolymerText:
        """The random copolymer of several units; comonomers that alternate are one unit."""
        return CopolymerText(tuple(map(unit_smiles, self.units)), self.fractions, False, Architecture.RANDOM)

    def __str__(self) -> str:
        return f"{self.polymer} {unit_smiles(self.units[0])}" if len(self.units) == 1 else f"{self.copolymer} copolymer"


def unit_smiles(unit: Unit) -> str:
    """SMILES of a unit with ``*`` at both ends."""
    return Chem.MolToSmiles(chain([unit], cap=0))


def repeat_units(
    monomers: Sequence[str], amounts: Sequence[float] | None = None, mechanism: str | None = None
) -> Polymerisation:
    """The repeat units of monomers.

    Parameters
    ----------
    monomers : sequence of str
        SMILES, in any order.
    amounts : sequence of float, optional
        Moles of each, the same of all when None. In a growth by steps those that give and those that accept count among
        themselves. A monomer that is named several times has the sum.
    mechanism : str, optional
        One of :data:`MECHANISMS`; told from the functional groups when None.

    Returns
    -------
    Polymerisation

    Raises
    ------
    PolymerError
        How they join is not known here, or they make a network.
    """
    total: dict[str, float] = defaultdict(float)
    for monomer, amount in zip(monomers, amounts or [1.0] * len(monomers), strict=True):
        total[_canonical(monomer)] += amount
    if len(total) > MOST_MONOMERS:
        raise PolymerError(
            f"{len(total)} different monomers are given, but at most {MOST_MONOMERS} are read in one polymer; leave out those "
            "of the smallest share."
        )
    return _repeat_units(tuple(sorted(total.items())), mechanism)


def _canonical(monomer: str) -> str:
    molecule = read_molecule(monomer)
    if molecule is None:
        raise PolymerError(f"“{shorten(monomer)}” is no SMILES of a monomer; correct it.")
    return str(Chem.MolToSmiles(Chem.RemoveHs(molecule)))


# Reading a text asks for its form, its key and its chain; a table names the same monomers many times.
@lru_cache(maxsize=4096)
def _repeat_units(amounts: tuple[tuple[str, float], ...], mechanism: str | None) -> Polymerisation:
    names = [name for name, _ in amounts]
    shares = [amount for _, amount in amounts]
    molecules = [Chem.MolFromSmiles(name) for name in names]
    families = _FAMILIES if mechanism is None else _FAMILIES_OF_MECHANISMS.get(mechanism, ())
    growth = _chain_growth(molecules, shares, families, mechanism)
    if growth is not None and growth.likely and growth.made is not None:
        return growth.made
    network = growth is not None and growth.made is None
    rings = {place: opened[1] for place, molecule in enumerate(molecules) if (opened := growth_of(molecule, "acyl"))}
    for tried in (molecules, [_opened(molecule) for molecule in molecules]):
        try:
            steps = step_units(tried, shares, rings, mechanism)
        except NoLinearChain as reason:
            network = network or reason.network
        else:
            return _polymerisation(
                _joint_name(steps.polymers), steps.source, zip(steps.units, steps.fractions, strict=True)
            )
    if growth is not None and growth.made is not None:
        return growth.made
    shown = shorten(" + ".join(names))
    if network or (_FORMALDEHYDE in names and len(names) > 1):
        raise PolymerError(
            f"{shown} make a network, because a monomer has more than two places that react; networks are not read: {REMEDY}, "
            "of a linear polymer like it."
        )
    if len(names) == 1:
        raise PolymerError(
            f"How {shown} polymerises with itself is not known here; join a different partner to it with a dot, or {REMEDY}."
        )
    raise PolymerError(f"How {shown} join is not known here; {REMEDY}.")


def _polymerisation(polymer: str, source: str, units: Iterable[tuple[Unit, float]]) -> Polymerisation:
    """Units that are the same put together, in an order that does not depend on that of the monomers."""
    by_text: dict[str, tuple[Unit, float]] = {}
    for unit, amount in units:
        labelled = Chem.Mol(unit.molecule)
        labelled.GetAtomWithIdx(unit.head).SetIsotope(1)
        labelled.GetAtomWithIdx(unit.tail).SetIsotope(2)
        text = Chem.MolToSmiles(labelled)
        by_text[text] = unit, amount + by_text.get(text, (unit, 0.0))[1]
    ordered = [by_text[text] for text in sorted(by_text)]
    total = sum(amount for _, amount in ordered)
    return Polymerisation(
        polymer, tuple(unit for unit, _ in ordered), tuple(amount / total for _, amount in ordered), source
    )


def _joint_name(polymers: Sequence[str]) -> str:
    """Such as poly(amide imide)."""
    stems = [polymer.removeprefix("poly") for polymer in sorted(polymers)]
    plain = all(stem.isalpha() and f"poly{stem}" in polymers for stem in stems)
    return polymers[0] if len(polymers) == 1 else f"poly({' '.join(stems)})" if plain else " and ".join(polymers)


def _opened(molecule: Chem.Mol) -> Chem.Mol:
    """A cyclic anhydride as the diacid that it reacts as with alcohols; any other molecule as it is."""
    products = _OPEN_ANHYDRIDE.RunReactants((molecule,), 3)
    texts = {Chem.MolToSmiles(product) for (product,) in products}
    return (Chem.MolFromSmiles(texts.pop()) if len(texts) == 1 else None) or molecule


class _Growth(NamedTuple):
    """What monomers make one by one, None for a network, and whether that is likelier than that they join by steps."""

    made: Polymerisation | None
    likely: bool


def _chain_growth(
    molecules: Sequence[Chem.Mol], amounts: Sequence[float], families: Sequence[str], mechanism: str | None
) -> _Growth | None:
    """What monomers of one family make, by the reaction that is tried first; None if they don't grow so."""
    if (inserted := inserted_units(molecules, amounts, mechanism)) is not None:
        return _Growth(_polymerisation(inserted[0].polymer, inserted[0].source, inserted[1]), likely=True)
    candidates = []
    for family in families:
        growths = [growth for molecule in molecules if (growth := growth_of(molecule, family)) is not None]
        if len(growths) == len(molecules):
            candidates.append((max(CHAIN_REACTIONS.index(reaction) for reaction, _ in growths), growths))
    if not candidates:
        return None
    last, growths = min(candidates, key=lambda candidate: candidate[0])
    likely = CHAIN_REACTIONS[last].is_likely
    if any(reaction.crosslinks(molecule) for (reaction, _), molecule in zip(growths, molecules, strict=True)):
        return _Growth(None, likely)
    units = [(unit, amount) for (_, unit), amount in zip(growths, amounts, strict=True)]
    reaction = min((reaction for reaction, _ in growths), key=CHAIN_REACTIONS.index)
    if reaction.family == "addition":
        units = alternating_pairs(molecules, units)
    return _Growth(_polymerisation(reaction.polymer, reaction.source, units), likely)


def monomers_of(molecule: Chem.Mol) -> list[str]:
    """SMILES of the components of a molecule.

    Raises
    ------
    PolymerError
        There are too many of them, or one is too large.
    """
    parts = Chem.GetMolFrags(molecule)
    if len(parts) > MOST_MOLECULES:
        raise PolymerError(
            f"{len(parts)} molecules are joined by dots, but at most {MOST_MOLECULES} are read; write each monomer once, and their "
            "ratio behind, such as C=C.C=CC = 0.7 : 0.3."
        )
    largest = max(map(len, parts), default=0)
    if largest > MOST_ATOMS_OF_MONOMER:
        raise PolymerError(
            f"A monomer of {largest:,} atoms is given, but at most {MOST_ATOMS_OF_MONOMER} are read in one; {REMEDY}."
        )
    return [Chem.MolToSmiles(part) for part in Chem.GetMolFrags(molecule, asMols=True)]


def without_stereo(smiles: str) -> str:
    """A SMILES without configurations."""
    molecule = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(molecule)
    return Chem.MolToSmiles(molecule)
