"""Comonomers that alternate: electron-poor with electron-rich double bonds, and small molecules that a chain takes in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from polyid.chemistry.chain import joined
from polyid.chemistry.chain_growth import growth_of
from polyid.chemistry.functional_groups import sites_of
from polyid.chemistry.repeat_unit import Unit, unit_of

# Odian, Principles of Polymerization, 4th ed., Wiley 2004, ch. 6; fluoroolefins: Scheirs, Modern Fluoropolymers, Wiley 1997.
_POOR = [Chem.MolFromSmarts(smarts) for smarts in ("O=C1C=CC(=O)[O,N]1", "FC(F)=C(F)[F,Cl]")]
_NOT_RICH = Chem.MolFromSmarts("[$(C(=C)F),$(C(=C)C=O),$(C(=C)C#N)]")
_ANHYDRIDE_UNIT = rdChemReactions.ReactionFromSmarts(
    "[#6R:1](=[O:2])@[#8:3]@[#6R:4]=[O:5]>>([1*][#6:1]=[O:2].[#6:4](=[O:5])[O:3][2*])"
)


@dataclass(frozen=True)
class Inserted:
    """What a small molecule makes in the chain of another monomer.

    Attributes
    ----------
    unit : str
        SMILES; [1*] is its head, [2*] its tail.
    family : str
        Of the monomers that it goes between.
    mechanism : str
        One of `polyid.chemistry.polymerisation.MECHANISMS` by which it may be asked for.
    polymer, source : str
    """

    unit: str
    family: str
    mechanism: str
    polymer: str
    source: str


_INSERTED = {
    "O=C=O": Inserted(
        "[1*]C(=O)O[2*]",
        "ether",
        "carbonate",
        "polycarbonate",
        "Coates and Moore, Angew. Chem. Int. Ed. 2004, 43, 6618",
    ),
    "[C-]#[O+]": Inserted(
        "[1*]C(=O)[2*]", "addition", "vinyl", "polyketone", "Drent and Budzelaar, Chem. Rev. 1996, 96, 663"
    ),
    "O=S=O": Inserted("[1*]S(=O)(=O)[2*]", "addition", "vinyl", "poly(olefin sulfone)", "Odian, ch. 6"),
}


def alternating_pairs(molecules: Sequence[Chem.Mol], units: Sequence[tuple[Unit, float]]) -> list[tuple[Unit, float]]:
    """Units of double bonds that alternate joined in pairs, with their amounts; the units themselves where they don't."""
    poor = [any(molecule.HasSubstructMatch(pattern) for pattern in _POOR) for molecule in molecules]
    rich = [not molecule.HasSubstructMatch(_NOT_RICH) for molecule in molecules]
    if not any(poor) or not any(rich) or not all(a or b for a, b in zip(poor, rich, strict=True)):
        return list(units)
    giving = [unit for unit, is_poor in zip(units, poor, strict=True) if not is_poor]
    taking = [unit for unit, is_poor in zip(units, poor, strict=True) if is_poor]
    return [
        (joined([rich_unit, poor_unit]), amount * other_amount)
        for (rich_unit, amount), (poor_unit, other_amount) in itertools.product(giving, taking)
    ]


def inserted_units(
    molecules: Sequence[Chem.Mol], amounts: Sequence[float], mechanism: str | None
) -> tuple[Inserted, list[tuple[Unit, float]]] | None:
    """Units of a small molecule, or a cyclic anhydride, and the monomers that it alternates with; None if it doesn't.

    With a mechanism only what is made by that.
    """
    for place, molecule in enumerate(molecules):
        small = _INSERTED.get(Chem.MolToSmiles(molecule)) or _anhydride(molecule)
        if small is None or mechanism not in (None, small.mechanism):
            continue
        others = [i for i in range(len(molecules)) if i != place]
        growths = [growth_of(molecules[i], small.family) for i in others]
        units = [
            growth[1]
            for growth, i in zip(growths, others, strict=True)
            if growth and not growth[0].crosslinks(molecules[i])
        ]
        if units and len(units) == len(others):
            inner = unit_of(Chem.MolFromSmiles(small.unit))
            return small, [(joined([unit, inner]), amounts[i]) for unit, i in zip(units, others, strict=True)]
    return None


def _anhydride(molecule: Chem.Mol) -> Inserted | None:
    """A cyclic anhydride as it goes between epoxides."""
    if len(sites_of(molecule, "anhydride")) != 1:
        return None
    units = {Chem.MolToSmiles(product) for (product,) in _ANHYDRIDE_UNIT.RunReactants((molecule,), 5)}
    return Inserted(min(units), "ether", "ester", "polyester", "Longo, Sanford and Coates, Chem. Rev. 2016, 116, 15167")
