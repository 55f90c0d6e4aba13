"""The repeat unit of a polymer that a source gives by its monomers, and the key by which two sources mean the same polymer."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cache

from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions

from polyid.chemistry.chain import chain
from polyid.chemistry.forms import PolymerForm, parse_polymer
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.polymerisation import repeat_units, unit_smiles, without_stereo
from polyid.chemistry.repeat_unit import unit_of
from polyid.chemistry.tacticity import open_backbone_centres
from polyid.errors import PolymerError

# Group that reacts to what is left of it, [1*] where the chain goes on; an imide's nitrogen comes with the anhydride.
_REACTED = {
    name: rdChemReactions.ReactionFromSmarts(smarts)
    for name, smarts in {
        "alcohol": "[OX2H1;$(O[#6;!$([#6]=[O,S])]):1]>>[1*][O:1]",
        "amine": "[NX3;H1,H2;$(N[#6]);!$(N[#0]);!$(N[#6]=[O,S]);!$(N[SX4]):1]>>[1*][N:1]",
        "amine lost": "[NX3H2][#6;!$([#6]=[O,S]):1]>>[1*][#6:1]",
        "acid": "[#6:1][CX3:2](=[O:3])[OX2H1,F,Cl,Br,I]>>[#6:1][C:2](=[O:3])[1*]",
        "anhydride": "[#6R:1](=[O:2])@[#8]@[#6R:3]=[O:4]>>[#6:1](=[O:2])N([1*])[#6:3]=[O:4]",
        "isocyanate": "[#6:4][NX2:1]=[C:2]=[O:3]>>[#6:4][N:1][C:2](=[O:3])[1*]",
        "carbonyl": "[CX3;!R:1](=[O:2])[OX2,Cl]>>[C:1](=[O:2])[1*]",
    }.items()
}
# Which groups of two monomers react, by the mechanism that the published database names.
_PAIRS = {
    "ester": [("alcohol", "acid")],
    "amide": [("amine", "acid")],
    "imide": [("amine lost", "anhydride")],
    "urethane": [("alcohol", "isocyanate")],
    "carbonate": [("alcohol", "carbonyl")],
}

_CLOSE_ANHYDRIDE = rdChemReactions.ReactionFromSmarts(
    "[#6:1]([CX3:3](=[O:5])[OX2H1])[#6:2][CX3:4](=[O:6])[OX2H1:7]>>[#6:1]1[C:3](=[O:5])[O:7][C:4](=[O:6])[#6:2]1"
)


@dataclass(frozen=True)
class PolymerKey:
    """What makes two records the same polymer.

    Attributes
    ----------
    structure : str
        Of `polyid.chemistry.identity.polymer_identity`: stereochemistry left out, any cut or direction of the chain.
    geometry : tuple of str
        ``cis`` or ``trans`` for each double bond of the chain whose geometry is given, in the order of the unit.
    """

    structure: str
    geometry: tuple[str, ...] = ()


@cache
def repeat_unit_of_monomers(monomers: str, mechanism: str) -> str | None:
    """The repeat unit that one or two monomers grow to, head to tail.

    Two monomers that both have two ways round are joined the way whose SMILES comes first in the alphabet.

    Parameters
    ----------
    monomers : str
        SMILES of one or two monomers joined by a dot; the hands of one are no two.
    mechanism : str
        Of the published database: ``vinyl``, ``ester``, ``amide``, ``imide``, ``urethane`` or ``carbonate``.

    Returns
    -------
    str or None
        None if no linear, regular chain can be told: other than two groups a monomer, copolymers, other mechanisms.
    """
    with rdBase.BlockLogs():
        # Two hands of one monomer are one, whose sequence the share of meso dyads tells.
        parts = sorted({without_stereo(monomer) for monomer in monomers.split(".")})
        if len(parts) > 2:
            return None
        if len(parts) == 1:
            try:
                return unit_smiles(repeat_units(parts).units[0])
            except PolymerError:
                return None
        if mechanism == "amide":
            # The database has some imides by their acids: amic acids close to imides before they soften or make a film.
            closed = [_dianhydride(part) for part in parts]
            if closed != parts:
                parts, mechanism = closed, "imide"
        units = set()
        for first, second in _PAIRS.get(mechanism, []):
            for one, other in (parts, parts[::-1]):
                units |= _joined(_residues(one, first), _residues(other, second))
    return min(units, default=None)


@cache
def copolymer_of_monomers(monomers: str, mechanism: str, shares: str) -> str | None:
    """A random copolymer of monomers that each polymerise alone, in the package's notation.

    Parameters
    ----------
    monomers : str
        SMILES joined by dots.
    mechanism : str
        As for `repeat_unit_of_monomers`.
    shares : str
        A number for each monomer, in per cent or parts of amount: ``[82,18]``.

    Returns
    -------
    str or None
        Such as ``*OC(C)CC(*)=O : *OC(CCC)CC(*)=O = 0.82 : 0.18 random``; None if a monomer or a share can't be told.
    """
    units = [repeat_unit_of_monomers(monomer, mechanism) for monomer in monomers.split(".")]
    numbers = [float(number) for number in re.findall(r"[\d.]+", shares)]
    if None in units or len(numbers) != len(units):
        return None
    components = sorted(
        (str(unit), f"{number / sum(numbers):.4g}") for unit, number in zip(units, numbers, strict=True)
    )
    return f"{' : '.join(unit for unit, _ in components)} = {' : '.join(share for _, share in components)} random"


def _dianhydride(monomer: str) -> str:
    """A tetracarboxylic acid of two neighbouring pairs as the dianhydride; any other monomer as it is."""
    products = {monomer}
    for _ in range(2):
        products = {
            _sanitised_smiles(product)
            for smiles in products
            for (product,) in _CLOSE_ANHYDRIDE.RunReactants((Chem.MolFromSmiles(smiles),))
        }
    return min(products, default=monomer)


def _residues(monomer: str, group: str) -> list[str]:
    """What two reacted groups leave of a monomer, [1*] and [2*] at its ends, both ways round; none unless there are just two."""
    reaction = _REACTED[group]
    pattern = reaction.GetReactantTemplate(0)
    molecule = Chem.MolFromSmiles(monomer)
    # Two matches at one carbonyl are the two bonds that it grows by.
    if len(molecule.GetSubstructMatches(pattern, uniquify=True)) != 2:
        return []
    once = {_sanitised_smiles(product) for (product,) in reaction.RunReactants((_kekulised(molecule),))}
    ends = set()
    for smiles in once:
        marked = Chem.MolFromSmiles(smiles.replace("[1*]", "[2*]"))
        for (product,) in reaction.RunReactants((_kekulised(marked),)):
            if len(Chem.GetMolFrags(product)) == 1:
                ends.add(_sanitised_smiles(product))
    return sorted(ends)


def _kekulised(molecule: Chem.Mol) -> Chem.Mol:
    copy = Chem.Mol(molecule)
    Chem.Kekulize(copy, clearAromaticFlags=True)
    return copy


def _sanitised_smiles(product: Chem.Mol) -> str:
    Chem.SanitizeMol(product)
    return Chem.MolToSmiles(product)


def _joined(firsts: list[str], seconds: list[str]) -> set[str]:
    """The repeat units of two residues, each either way round."""
    units = set()
    for first, second in itertools.product(firsts, seconds):
        pair = [unit_of(Chem.MolFromSmiles(residue)) for residue in (first, second)]
        units.add(Chem.MolToSmiles(chain(pair, cap=0)))
    return units


@cache
def polymer_key(repeat_unit: str) -> PolymerKey | None:
    """The key of a repeat unit; None where the package refuses to read it as one."""
    try:
        molecule, form = parse_polymer(repeat_unit)
        if form is not PolymerForm.REPEAT_UNIT:
            return None
        return PolymerKey(polymer_identity(repeat_unit), _geometry(molecule))
    except PolymerError:
        return None


def _geometry(molecule: Chem.Mol) -> tuple[str, ...]:
    """Cis or trans along the chain, for each double bond of the backbone outside rings whose geometry is written."""
    points = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(points) != 2:
        return ()  # the strands of a ladder are rings of the chain
    path = Chem.GetShortestPath(molecule, *points)
    found = []
    for before, left, right, after in zip(path, path[1:], path[2:], path[3:], strict=False):
        bond = molecule.GetBondBetweenAtoms(left, right)
        if bond.GetStereo() <= Chem.BondStereo.STEREOANY:
            continue
        same_side = bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
        # RDKit states the geometry for two neighbours of its choice; each that is not the chain's turns it round.
        turned = sum(atom not in (before, after) for atom in bond.GetStereoAtoms())
        found.append("cis" if same_side == (turned % 2 == 0) else "trans")
    return tuple(found)


def plain_unit(repeat_unit: str) -> str:
    """A repeat unit as the table writes it: canonical, hands of stereocentres left out, geometry of double bonds kept."""
    molecule, _ = parse_polymer(repeat_unit)
    for atom in molecule.GetAtoms():
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    # A second reading drops the bond directions that only a hand needed.
    return Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(molecule)))


@cache
def has_one_stereocentre(repeat_unit: str) -> bool:
    """Whether a share of meso dyads says something of the chain: it has one stereocentre a unit."""
    return len(open_backbone_centres(unit_of(parse_polymer(repeat_unit)[0]))) == 1
