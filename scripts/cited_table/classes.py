"""The class of a polymer, by the groups of its repeat unit, in the words of the compilation from memory."""

from __future__ import annotations

from functools import cache

from rdkit import Chem

from polyid.chemistry.chain import chain
from polyid.chemistry.repeat_unit import unit_of

# Looked for in the repeat unit, [#0] where the chain goes on: rings, and chains of two carbon atoms, told by what they carry.
_OF_UNITS = [
    ("polyimides", "[#6R](=O)@[#7R]@[#6R](=O)"),
    ("methacrylates", "[#0][CH2]C([#0])([CH3])C(=O)O[#6]"),
    ("acrylates", "[#0][CH2][CH]([#0])C(=O)O[#6]"),
    ("vinyl esters", "[#0][CH2][CH]([#0])OC=O"),
    ("vinyl ethers", "[#0][CH2][CH]([#0])O[#6]"),
    ("styrenics", "[#0]CC([#0])c"),
    ("fluoropolymers", "[#0][CX4](F)[CX4][#0]"),
    ("fluoropolymers", "[#0]CC([#0])C(F)(F)F"),
    ("dienes", "[#0]CC=CC[#0]"),
    ("dienes", "[#0]CC([#0])C=C"),
    ("polyacetylenes", "[#0]C=C[#0]"),
    ("vinyls", "[#0]CC([#0])[!#6]"),
    ("vinyls", "[#0]CC([#0])[CX3,CX2]"),
    ("polyoxazolines and polyimines", "[#0]CCN[#0]"),
]
# Looked for in two units, as attachment points would stand in the way; the first that matches.
_OF_CHAINS = [
    ("polysiloxanes", "[Si]O"),
    ("polysilanes and carbosilanes", "[Si]"),
    ("polyphosphazenes", "N=P"),
    ("polyurethanes and polyureas", "[NX3;!R][CX3;!R](=O)[NX3,OX2;!R]"),
    ("polycarbonates", "a[OX2;!R][CX3;!R](=O)[OX2]"),
    ("aliphatic polycarbonates", "[OX2][CX3;!R](=O)[OX2]"),
    ("furan polyesters", "c1(C(=O))ccc(C(=O))o1"),
    ("cellulosics", "[#6]1([#8])[#6]([#8])[#6][#8][#6]([#8])[#6]1[#8]"),
    ("polysulfones", "cS(=O)(=O)c"),
    ("polybenzimidazoles", "c1nc2ccccc2[nH]1"),
    ("aramids", "c[NX3]C(=O)c"),
    ("semi-aromatic polyamides", "a.[NX3][CX3]=O"),
    ("polyamides", "[NX3][CX3]=O"),
    ("aromatic polyesters", "c[CX3;!R](=O)[OX2;!R]"),
    ("aromatic polyesters", "c[OX2;!R][CX3;!R]=O"),
    ("polyketones and polyanhydrides", "[CX3](=O)[OX2][CX3]=O"),
    ("aliphatic polyesters", "[#6][CX3](=O)[OX2][#6]"),
    ("aromatic polyethers", "c[OX2]"),
    ("fluoropolymers", "FC(F)C(F)F"),
    ("polyethers", "[#6][OX2][#6]"),
    ("polysulfides", "[#6]S[#6]"),
    ("polyketones and polyanhydrides", "[CX3](=O)([#6])[#6]"),
    ("polyarylenes and xylylenes", "c"),
    ("polyolefins", "[#6]"),
]
_PATTERNS = [[(name, Chem.MolFromSmarts(smarts)) for name, smarts in table] for table in (_OF_UNITS, _OF_CHAINS)]


@cache
def polymer_class(repeat_unit: str) -> str:
    """The class of a repeat unit, the first of a copolymer; ``other`` where none of the patterns is in it."""
    unit = Chem.MolFromSmiles(repeat_unit.split(" ")[0])
    for molecule, patterns in zip((unit, chain([unit_of(unit)] * 2)), _PATTERNS, strict=True):
        for name, pattern in patterns:
            if molecule.HasSubstructMatch(pattern):
                return name
    return "other"
