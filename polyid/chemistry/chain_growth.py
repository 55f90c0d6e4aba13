"""Monomers that add to a growing chain one by one, and the repeat unit that each becomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from polyid.chemistry.backbone import standard_unit
from polyid.chemistry.repeat_unit import Unit, unit_of

_ODIAN = "Odian, Principles of Polymerization, 4th ed., Wiley 2004"
_MOST_MATCHES = 50
# A ring of these may hold a unit several times.
_OF_RINGS = frozenset({"acyl", "siloxane", "phosphazene", "xylylene", "metathesis", "disulfide"})

# The two atoms of a double bond that polymerises: its head, and an atom with a group that helps radicals or ions.
_HEAD = "CX3H2,$([CX3](F)F),$([CX3](Cl)Cl)"
_ACTIVE = "CX3;$(C-[a]),$(C-[CX3,CX2]),$(C[N,O,S,F,Cl,Br,I,P,Si,B])"
_NORBORNENE = "CX3;$(C1=CC2C~CC1[C,O]2)"
_STRAINED = "CX3;r4,r5,r8,r9,r10,r11,r12;$(C(=C)@[CX4])"
_FORMAL = "OX2;r5,r7,r8;!$(O-[a])"
# Aminobenzoic acids make amides.
_NO_ACID = "!$(c[CX3](=O)[OX2H1])"
_ESTER_OXYGEN = "OX2;R;$(O[#6;!$([#6]=[O,S,N])])"

# What a molecule must not hold to be taken for a monomer where nothing else says that it is one.
_NOTHING = "[#0]"
_ANYTHING = "[*]"
_HETEROATOM = "[!#6;!#1;!F;!Cl;!Si]"
_TWO_HETEROATOMS = "[!#6;!#1;!F;!Cl;!Br].[!#6;!#1;!F;!Cl;!Br]"
_THREE_HETEROATOMS = "[!#6;!#1].[!#6;!#1].[!#6;!#1]"
_REACTIVE = "[$([OX2H1]),$([NX3;H1,H2]),$([SX2H1]),$([NX2]=C=O),$([NX3+])]"
_NOT_OF_LACTONES = "[$([!#6;!#1;!#8]),$([OX2H1]),$([CX3]=[CX3]),$([OX2][OX2])]"


@dataclass(frozen=True)
class ChainReaction:
    """How a kind of monomer becomes a repeat unit.

    Attributes
    ----------
    monomer, polymer : str
        Classes.
    family : str
        Monomers of one family grow in one chain.
    smarts : str
        Reaction to the repeat unit; [1*] is its head, [2*] its tail.
    not_alone : str
        SMARTS of what keeps a molecule from being taken for a monomer where nothing else says that it is one.
    multiple : bool
        Whether a molecule in which the reaction happens at several places crosslinks.
    source : str
    """

    monomer: str
    polymer: str
    family: str
    smarts: str
    not_alone: str = _ANYTHING
    multiple: bool = False
    source: str = f"{_ODIAN}, ch. 7"

    @property
    def is_likely(self) -> bool:
        """Whether monomers that may also join by steps react so first."""
        return self.not_alone != _ANYTHING

    def may_stand_alone(self, molecule: Chem.Mol) -> bool:
        """Whether a molecule that may react so is a monomer even where nothing else says so."""
        return not molecule.HasSubstructMatch(_pattern(self.not_alone))

    def crosslinks(self, molecule: Chem.Mol) -> bool:
        """Whether it happens at several places of a molecule."""
        (template,) = _reaction(self.smarts).GetReactants()
        return self.multiple and len(molecule.GetSubstructMatches(template, maxMatches=_MOST_MATCHES)) > 1

    def unit(self, molecule: Chem.Mol) -> Unit | None:
        """The repeat unit of a monomer; None if it doesn't react so."""
        units = set()
        for (product,) in _reaction(self.smarts).RunReactants((molecule,), _MOST_MATCHES):
            if len(Chem.GetMolFrags(product)) == 1 and Chem.SanitizeMol(product, catchErrors=True) == 0:
                units.add(Chem.MolToSmiles(product))
        if not units:
            return None
        # Equivalent ways round the same ring or diene: the first in alphabetical order, to be reproducible.
        unit = unit_of(Chem.MolFromSmiles(min(units)))
        return standard_unit(unit, one_atom_twice=False) if self.family in _OF_RINGS else unit


@cache
def _reaction(smarts: str) -> rdChemReactions.ChemicalReaction:
    reaction = rdChemReactions.ReactionFromSmarts(smarts)
    reaction.Initialize()
    return reaction


@cache
def _pattern(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)


_VINYL = f"{_ODIAN}, ch. 3 and 5"
_OLEFIN = f"{_ODIAN}, ch. 8"
_DIENE = "[1*][C:1][C:2]=[C:3][C:4][2*]"
_DOUBLE_BOND = "[1*][C:1][C:2][2*]"
_OPENED_ALKENE = "([1*][C:2]=[C:1].[C:3][2*])"

CHAIN_REACTIONS = (
    ChainReaction(
        "N-carboxyanhydride", "polypeptide", "acyl",
        "[NX3;R:1]1[CX4:2][C:3](=[O:4])[O,S]C1=O>>[1*][N:1][C:2][C:3](=[O:4])[2*]", _NOTHING,
    ),
    ChainReaction(
        "O-carboxyanhydride", "polyester", "acyl",
        "[OX2;R:1]1[CX4:2][C:3](=[O:4])OC1=O>>[1*][O:1][C:2][C:3](=[O:4])[2*]", _NOTHING,
        source="du Boullay et al., J. Am. Chem. Soc. 2006, 128, 16442",
    ),
    ChainReaction(
        "cyclosiloxane", "polysiloxane", "siloxane",
        "[Si;R1:2]@[OX2;$(O([Si])[Si]):1]>>([1*][Si:2].[O:1][2*])", _NOTHING,
    ),
    ChainReaction(
        "silanediol", "polysiloxane", "siloxane", "[OX2H1:1][Si:2][OX2H1]>>[1*][Si:2][O:1][2*]", _ANYTHING,
        source=f"{_ODIAN}, ch. 2",
    ),
    ChainReaction(
        "cyclophosphazene", "polyphosphazene", "phosphazene", "[NX2;R1:1]@-[P;R1:2]>>([1*][N:1].[P:2][2*])", _NOTHING,
    ),
    ChainReaction(
        "cyclic ketene acetal", "polyester", "addition",
        "[CX3H2:1]=[CX3;R:2](@[OX2;R:4])@[OX2;R:3]@[CX4;R:5]>>([1*][C:1][C:2](=[O:3])[O:4].[C:5][2*])", _REACTIVE,
        source="Bailey et al., J. Polym. Sci. 1982, 20, 3021",
    ),
    ChainReaction(
        "diene", "1,4-polydiene", "addition", f"[{_HEAD}:1]=[CX3;!R:2][CX3;!R:3]=[CX3;!R:4]>>{_DIENE}", _HETEROATOM,
        source=_OLEFIN,
    ),
    ChainReaction(
        "vinyl monomer", "vinyl polymer", "addition", f"[{_HEAD}:1]=[{_ACTIVE}:2]>>{_DOUBLE_BOND}", _NOTHING, True, _VINYL,
    ),
    ChainReaction(
        "norbornene", "polyalkenamer", "metathesis",
        f"[{_NORBORNENE}:1]=[{_NORBORNENE}:2]@[CX4:3]>>{_OPENED_ALKENE}", _NOTHING,
    ),
    ChainReaction(
        "strained cycloalkene", "polyalkenamer", "metathesis",
        f"[{_STRAINED}:1]=[{_STRAINED}:2]@[CX4:3]>>{_OPENED_ALKENE}", _HETEROATOM,
    ),
    ChainReaction(
        "acetylene", "polyacetylene", "acetylene", "[CX2:1]#[CX2:2]>>[1*][C:1]=[C:2][2*]", _HETEROATOM, True, _OLEFIN,
    ),
    ChainReaction(
        "epoxide", "polyether", "ether", "[CX4;r3:1]1[CX4;r3:2][OX2:3]1>>[1*][C:1][C:2][O:3][2*]", _REACTIVE, True,
    ),
    ChainReaction(
        "episulfide", "polythioether", "thioether", "[CX4;r3:1]1[CX4;r3:2][SX2:3]1>>[1*][C:1][C:2][S:3][2*]", _REACTIVE, True,
    ),
    ChainReaction(
        "aziridine", "polyamine", "amine", "[CX4;r3:1]1[CX4;r3:2][NX3:3]1>>[1*][C:1][C:2][N:3][2*]", _TWO_HETEROATOMS, True,
    ),
    ChainReaction(
        "oxetane", "polyether", "ether", "[CX4;r4:1]1[OX2:3][CX4:4][CX4:5]1>>[1*][C:1][C:5][C:4][O:3][2*]",
        _TWO_HETEROATOMS, True,
    ),
    ChainReaction(
        "thietane", "polythioether", "thioether", "[CX4;r4:1]1[SX2:3][CX4:4][CX4:5]1>>[1*][C:1][C:5][C:4][S:3][2*]",
        _TWO_HETEROATOMS, True,
    ),
    ChainReaction(
        "cyclic ether", "polyether", "ether",
        "[CX4;r5:1]1[OX2:3][CX4:4][CX4:5][CX4:6]1>>[1*][C:1][C:6][C:5][C:4][O:3][2*]", _TWO_HETEROATOMS,
    ),
    ChainReaction(
        "cyclic ether", "polyether", "ether",
        "[CX4;r7:1]1[OX2:3][CX4:4][CX4:5][CX4:6][CX4:7][CX4:8]1>>[1*][C:1][C:8][C:7][C:6][C:5][C:4][O:3][2*]",
        _TWO_HETEROATOMS,
    ),
    ChainReaction(
        "trioxane",
        "polyacetal",
        "ether",
        "[CX4H2:1]1[OX2:2][CX4H2]O[CX4H2]O1>>[1*][C:1][O:2][2*]",
        _NOTHING,
    ),
    ChainReaction(
        "cyclic formal", "polyacetal", "ether",
        f"[{_FORMAL}:1]@[CX4H2;R:2]@[{_FORMAL}:3]>>([1*][C:2][O:1].[O:3][2*])", "[D3,D4]",
    ),
    ChainReaction(
        "lactone", "polyester", "acyl",
        f"[CX3;R;$(C(=O)([#6])O):2](=[O:3])@[{_ESTER_OXYGEN}:1]>>([1*][O:1].[C:2](=[O:3])[2*])", _NOT_OF_LACTONES,
    ),
    ChainReaction(
        "lactam", "polyamide", "acyl",
        "[CX3;R;$(C(=O)[#6]):2](=[O:3])@[NX3H1;R;$(N[CX4]):1]>>([1*][N:1].[C:2](=[O:3])[2*])", _THREE_HETEROATOMS,
    ),
    ChainReaction(
        "cyclic carbonate", "polycarbonate", "acyl",
        f"[{_ESTER_OXYGEN}:1]@[CX3;!r5:2](=[O:3])@[OX2;R:4]>>([1*][O:1].[2*][C:2](=[O:3])[O:4])", _REACTIVE,
    ),
    ChainReaction(
        "cyclic phosphoester", "polyphosphoester", "acyl",
        "[PX4;R:2](=[O:3])@[OX2;R:1]>>([1*][O:1].[P:2](=[O:3])[2*])", "[N,S,$([OX2H1])]",
    ),
    ChainReaction(
        "oxazoline", "poly(N-acylethylenimine)", "imine",
        "[CX3;R:1]1=[NX2:2][CX4:3][CX4:4][OX2:5]1>>[1*][N:2]([C:1]=[O:5])[C:3][C:4][2*]", _REACTIVE, True,
    ),
    ChainReaction(
        "oxazine", "poly(N-acylpropylenimine)", "imine",
        "[CX3;R:1]1=[NX2:2][CX4:3][CX4:6][CX4:4][OX2:5]1>>[1*][N:2]([C:1]=[O:5])[C:3][C:6][C:4][2*]", _REACTIVE, True,
    ),
    ChainReaction(
        "olefin", "polyolefin", "addition", f"[CX3H2:1]=[CX3:2]>>{_DOUBLE_BOND}", _HETEROATOM, True, _OLEFIN,
    ),
    ChainReaction(
        "diene", "1,4-polydiene", "addition", f"[CX3:1]=[CX3:2]-[CX3:3]=[CX3:4]>>{_DIENE}", source=_OLEFIN,
    ),
    ChainReaction(
        "1,2-disubstituted alkene", "vinyl polymer", "addition", f"[CX3:1]=[{_ACTIVE}:2]>>{_DOUBLE_BOND}",
        multiple=True, source=_VINYL,
    ),
    ChainReaction(
        "cycloalkene", "polyolefin", "addition",
        f"[{_STRAINED}:1]=[{_STRAINED}:2]>>{_DOUBLE_BOND}", source=_OLEFIN,
    ),
    ChainReaction(
        "formaldehyde", "polyacetal", "ether", "[CX3H2:1]=[OX1:2]>>[1*][C:1][O:2][2*]", _NOTHING, source=f"{_ODIAN}, ch. 5",
    ),
    ChainReaction(
        "aldehyde", "polyacetal", "ether", "[CX3H1:1]=[OX1:2]>>[1*][C:1][O:2][2*]", multiple=True, source=f"{_ODIAN}, ch. 5",
    ),
    ChainReaction(
        "isocyanate", "polyisocyanate", "isocyanate", "[NX2:1]=[CX2:2]=[O:3]>>[1*][N:1][C:2](=[O:3])[2*]", multiple=True,
        source="Bur and Fetters, Chem. Rev. 1976, 76, 727",
    ),
    ChainReaction(
        "isocyanide", "polyisocyanide", "isocyanide", "[C-:1]#[N+:2]>>[1*][C+0:1](=[N+0:2])[2*]", multiple=True,
        source="Millich, Chem. Rev. 1972, 72, 101",
    ),
    ChainReaction(
        "2,6-substituted phenol", "poly(phenylene oxide)", "phenol",
        "[OX2H1:1][c:2]1[cH0:3][c:4][cH1:5][c:6][cH0:7]1>>[1*][O:1][c:2]1[c:3][c:4][c:5]([2*])[c:6][c:7]1",
        source=f"{_ODIAN}, ch. 2",
    ),
    ChainReaction(
        "thiophene or pyrrole", "conjugated polymer", "heteroarene",
        "[cH1:1]1[c:2][c:3][cH1:4][s,o,n:5]1>>[1*][c:1]1[c:2][c:3][c:4]([2*])[*:5]1",
        source="Handbook of Conducting Polymers, 3rd ed., CRC 2007",
    ),
    ChainReaction(
        "aniline", "polyaniline", "aniline",
        f"[NX3;H2,H1:1][c:2]1[c:3][c;{_NO_ACID}:4][cH1:5][c;{_NO_ACID}:6][c:7]1>>"
        "[1*][N:1][c:2]1[c:3][c:4][c:5]([2*])[c:6][c:7]1",
        source="Handbook of Conducting Polymers, 3rd ed., CRC 2007",
    ),
    ChainReaction(
        "paracyclophane", "poly(p-xylylene)", "xylylene",
        "[CX4H2;R;!r5;!r6;!r7;$(C-c):1]@-[CX4H2;$(C-c):2]>>([1*][C:1].[C:2][2*])", _HETEROATOM,
        source="Gorham, J. Polym. Sci. A-1 1966, 4, 3027",
    ),
    ChainReaction(
        "cyclic disulfide", "polydisulfide", "disulfide", "[SX2;R:1]@[SX2;R:2]>>([1*][S:1].[S:2][2*])",
        source="Bang et al., Polym. Rev. 2013, 53, 1",
    ),
)  # fmt: skip
"""In the order in which they are tried: what is more reactive comes first."""


def growth_of(monomer: Chem.Mol, family: str | None = None) -> tuple[ChainReaction, Unit] | None:
    """The first reaction by which a monomer grows to a chain, in a family if one is given, and its unit."""
    for reaction in CHAIN_REACTIONS:
        if family in (None, reaction.family) and (unit := reaction.unit(monomer)) is not None:
            return reaction, unit
    return None
