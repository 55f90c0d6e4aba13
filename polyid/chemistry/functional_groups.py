"""Functional groups by which monomers are told from oligomers, and react."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from polyid.chemistry.chain import chain
from polyid.chemistry.repeat_unit import Unit, unit_of

# A molecule with polymerisable ends is taken for a monomer up to this size and for an oligomer beyond it: the largest
# common monomers (dianhydrides of bisphenols) have about 40 heavy atoms.
MAX_MONOMER_HEAVY_ATOMS = 40

GROUPS = {
    name: Chem.MolFromSmarts(smarts)
    for name, smarts in {
        "alcohol": "[OX2H1][#6;!$([#6]=[O,S])]",
        "aliphatic alcohol": "[OX2H1][CX4]",
        "acid": "[#6][CX3](=O)[OX2H1,F,Cl,Br,I]",
        "acyl halide": "[#6][CX3](=O)[F,Cl,Br,I]",
        "methyl ester": "[#6][CX3](=O)[OX2][CH3]",
        "amine": "[NX3H2][#6;!$([#6]=[O,S])]",
        "anhydride": "[#6R](=O)@[#8R]@[#6R](=O)",
        "isocyanate": "[NX2]=C=O",
        "cyclic carbonate": "O=C1OCCO1",
        "carbonyl": "[CX3;!R](=O)([OX2,Cl])[OX2,Cl]",
        "alkene": "C=C",
        "vinyl": "[CX3H2,$([CX3](F)F),$([CX3](Cl)Cl);!$(C=*=*)]=[CX3;!$(C=*=*)]",
    }.items()
}

# One monomer to its repeat unit: class, reaction (head [1*], tail [2*]), atomic number of the cap at the tail.
_SELF_POLYMERISING = [
    (name, rdChemReactions.ReactionFromSmarts(smarts), cap)
    for name, smarts, cap in [
        ("diene", "[CH2:1]=[C;!R:2][C;!R:3]=[CX3:4]>>[1*][C:1][C:2]=[C:3][C:4][2*]", 1),
        ("vinyl monomer", "[CX3H2,$([CX3](F)F),$([CX3](Cl)Cl):1]=[CX3:2]>>[1*][C:1][C:2][2*]", 1),
        ("epoxide", "[CH2;r3:1]1[C:2][O:3]1>>[1*][C:1][C:2][O:3][2*]", 1),
        ("lactam", "[C;R:2](=[O:3])@[N;R:1]>>([1*][N:1].[C:2](=[O:3])[2*])", 8),
        ("lactone", "[C;R:2](=[O:3])@[O;R:1]>>([1*][O:1].[C:2](=[O:3])[2*])", 8),
        ("cyclic ether", "[CX4;r4,r5:1]1[O:3][CX4:4][CX4:5]1>>[1*][C:1][C:5][C:4][O:3][2*]", 1),
        ("cyclic ether", "[CX4;r5:1]1[O:3][CX4:4][CX4:5][CX4:6]1>>[1*][C:1][C:6][C:5][C:4][O:3][2*]", 1),
        (
            "amino acid",
            "([NX3;H1,H2;$(N[#6]);!$(N[#6]=O):1].[C;$(C[#6]):2](=[O:3])[OX2H1,Cl])>>([1*][N:1].[C:2](=[O:3])[2*])",
            8,
        ),
        (
            "hydroxy acid",
            "([OX2H1;$(O[#6]);!$(O[#6]=O):1].[C;$(C[#6]):2](=[O:3])[OX2H1,Cl])>>([1*][O:1].[C:2](=[O:3])[2*])",
            8,
        ),
    ]
]
# Groups that growth by steps forms: a molecule that has one is an oligomer, not its monomer.
_STEP_LINK = Chem.MolFromSmarts("[CX3;!R](=O)[OX2,NX3][#6]")
_PAIRED = ("alcohol", "acid", "amine", "anhydride", "isocyanate")


def count_groups(molecule: Chem.Mol) -> dict[str, int]:
    return {name: len(molecule.GetSubstructMatches(pattern)) for name, pattern in GROUPS.items()}


def self_polymerising_unit(molecule: Chem.Mol) -> tuple[str, Unit, int] | None:
    """Class, repeat unit and tail cap of a monomer that polymerises on its own; None if it is no such monomer."""
    for name, reaction, cap in _SELF_POLYMERISING:
        units = {}
        for (product,) in reaction.RunReactants((molecule,)):
            if len(Chem.GetMolFrags(product)) == 1 and Chem.SanitizeMol(product, catchErrors=True) == 0:
                units[Chem.MolToSmiles(product)] = product
        if units:
            # Equivalent ways round the same ring or diene: the first in alphabetical order, to be reproducible.
            return name, unit_of(Chem.MolFromSmiles(min(units))), cap
    return None


def why_monomer(molecule: Chem.Mol) -> str | None:
    """What makes a small molecule a monomer rather than an oligomer, and what to write instead; None for others."""
    if molecule.GetNumHeavyAtoms() > MAX_MONOMER_HEAVY_ATOMS:
        return None
    step_grown = molecule.HasSubstructMatch(_STEP_LINK)
    monomer = self_polymerising_unit(molecule)
    if monomer is not None and not (step_grown and monomer[0] in ("amino acid", "hydroxy acid")):
        name, unit, _ = monomer
        smiles = Chem.MolToSmiles(chain([unit], head_cap=0, tail_cap=0))
        return (
            f"one molecule, {'an' if name[0] in 'aeiou' else 'a'} {name}, not a polymer; "
            f"write its repeat unit with two attachment points, {smiles}, or the monomer twice, joined by a dot"
        )
    groups = count_groups(molecule)
    if not step_grown and (paired := next((name for name in _PAIRED if groups[name] >= 2), None)):
        return (
            f"one molecule with {groups[paired]} {paired} groups, a monomer, not a polymer; "
            "join its partner to it with a dot, or write the repeat unit with two attachment points"
        )
    return None
