"""Functional groups by which monomers join, and what is left of a monomer where one of them has reacted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem

from polyid.chemistry.repeat_unit import Unit

_CARBON = "#6;!$([#6]=[O,S,N]);!$([#6]#N)"
# Aromatic atoms from which a leaving halide is activated (nucleophilic aromatic substitution): para or ortho to an acceptor.
_ACCEPTOR = "[$([#6](=O)[#6]),$([#16](=O)(=O)),$(C#N),$(N(=O)=O),$([N+](=O)[O-]),$(P=O),$(C(F)(F)F),$([cX3]1nnco1)]"
_ACTIVATED = (
    f"c;$(c1ccc({_ACCEPTOR})cc1),$(c1c({_ACCEPTOR})cccc1),$(c1ccncc1),$(c1ncccc1),$(c1ncncn1),$(c1c(F)c(F)c(-c)c(F)c1F)"
)

# Atom :1 gets the bond to the neighbour in the chain. :9 leaves it, with what hangs on it; the bond of :1 to :2 loses an
# order; :7 is an oxygen whose place a nitrogen takes, which gets the bond. :8 gets it where the nitrogen :1 comes with :7.
GROUPS = {
    name: Chem.MolFromSmarts(smarts)
    for name, smarts in {
        "amine": f"[NX3H2:1][{_CARBON}:8]",
        "secondary amine": f"[NX3H1;!$(N-[!#6]):1]([{_CARBON}])[{_CARBON}]",
        "alcohol": f"[OX2H1:1][{_CARBON}]",
        "phenol": "[OX2H1:1]c",
        "aryl acetate": "[OX2:1](c)[CX3:9](=O)[CH3]",
        "thiol": "[SX2H1:1][#6]",
        "hydrogen sulfide": "[SX2H2:1]",
        "water": "[OX2H2:1]",
        "silanol": "[OX2H1:1][Si]",
        "acid hydroxyl": "[OX2H1:1][CX3](=O)[#6]",
        "acid": "[#6][CX3:1](=O)[OX2H1,F,Cl,Br,I:9]",
        "ester": "[#6][CX3;!R:1](=O)[OX2;$(O[CH3]),$(O[CH2][CH3]),$(O-c1ccccc1),$(OC=C):9]",
        "chloroformate": "[#6][OX2][CX3:1](=O)[Cl:9]",
        "carbonate": "[$([OX2]),$([Cl]),$([NH2]),$([n]):9][CX3;!R:1](=O)[OX2,Cl,$([NH2]),$([n])]",
        "sulfonyl halide": "[#6][SX4:1](=O)(=O)[F,Cl:9]",
        "phosphoryl halide": "[PX4:1](=O)[Cl:9]",
        "isocyanate": "[CX2:1](=[NX2:2])=[O,S]",
        "anhydride": "[#6R](=O)@[#8R:7]@[#6R](=O)",
        "aldehyde": "[#6][CX3H1]=[O:7]",
        "cyclic carbonate": "[CX3:1]1(=O)[OX2:2][CX4][CX4;H2]O1",
        "epoxide": "[CX4;r3:1]1[OX2:2][CX4;r3]1",
        "alkyl halide": "[CX4;H2,H1:1][Cl,Br,I:9]",
        "activated aryl halide": f"[{_ACTIVATED}:1]-[F,Cl,Br:9]",
        "aryl halide": "[c:1]-[F,Cl,Br,I:9]",
        "boronic acid": "[c:1]-[B:9](O)O",
        "acceptor": "[CX3;H2,$([CH]([CX3]=O)=[CH][CX3]=O):1]=[CX3:2][CX3,SX4]=O",
        "alkene": "[CX3H2:1]=[CX3:2]",
        "silyl halide": "[Si:1][Cl,Br,$([OX2][CH3]),$([OX2][CH2][CH3]):9]",
    }.items()
}
_MAPS = {
    name: {atom.GetAtomMapNum(): atom.GetIdx() for atom in pattern.GetAtoms() if atom.GetAtomMapNum()}
    for name, pattern in GROUPS.items()
}
# The atoms, by their numbers, that make two matches one group.
_SAME = {"epoxide": (2,), "acceptor": (1, 2), "alkene": (1, 2)}
_MOST_SITES = 100
# Their double bond, or ring, brings the nitrogen of the amine.
WITH_NITROGEN = frozenset({"anhydride", "aldehyde"})
_ORGANIC = frozenset({"B", "C", "N", "O", "P", "S", "Si", "Se"})


@dataclass(frozen=True)
class Site:
    """One functional group of a molecule: its name, and its atoms by their numbers in the pattern."""

    group: str
    atoms: tuple[tuple[int, int], ...]

    def atom(self, number: int) -> int | None:
        """Index of the atom that the pattern numbers so."""
        return dict(self.atoms).get(number)


def sites_of(molecule: Chem.Mol, group: str) -> list[Site]:
    """Every occurrence of a group, each once."""
    maps = _MAPS[group]
    matches = molecule.GetSubstructMatches(GROUPS[group], uniquify=False, maxMatches=_MOST_SITES)
    sites = list({tuple((number, match[index]) for number, index in sorted(maps.items())) for match in matches})
    # Two ways to match one group: the end with fewer neighbours reacts.
    sites = sorted(sites, key=lambda atoms: (molecule.GetAtomWithIdx(atoms[0][1]).GetDegree(), atoms), reverse=True)
    groups = {
        tuple(sorted(atom for number, atom in atoms if number in _SAME.get(group, (1, 7, 9)))): atoms for atoms in sites
    }
    return [Site(group, atoms) for atoms in sorted(groups.values())]


def react(molecule: Chem.Mol, ends: Sequence[tuple[Site, bool]]) -> Unit | None:
    """What is left of a monomer in the chain.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
    ends : sequence of (Site, bool)
        The groups that have reacted, head and tail, and whether their partner brings the nitrogen of an amine.

    Returns
    -------
    Unit or None
        None if the two don't lie in one piece any more.
    """
    work = Chem.RWMol(molecule)
    Chem.Kekulize(work, clearAromaticFlags=True)
    for atom in work.GetAtoms():
        if atom.GetSymbol() in _ORGANIC and not atom.GetFormalCharge():
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    points = [_open(work, site, bare) for site, bare in ends]
    for isotope, point in enumerate(points, 1):
        work.GetAtomWithIdx(point).SetIsotope(isotope)
    for piece in Chem.GetMolFrags(work, asMols=True, sanitizeFrags=False):
        dummies = {atom.GetIsotope(): atom.GetIdx() for atom in piece.GetAtoms() if atom.GetAtomicNum() == 0}
        if len(dummies) == len(ends) and Chem.SanitizeMol(piece, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
            Chem.Kekulize(piece, clearAromaticFlags=True)
            for index in dummies.values():
                piece.GetAtomWithIdx(index).SetIsotope(0)
            return Unit(piece, dummies[1], dummies[2])
    return None


def _open(work: Chem.RWMol, site: Site, bare: bool) -> int:
    """Change a molecule where a group has reacted; the index of the new attachment point."""
    anchor, leaving, lowered, replaced = (site.atom(number) for number in (1, 9, 2, 7))
    if bare and site.atom(8) is not None:
        anchor, leaving = site.atom(8), anchor
    if replaced is not None:
        work.GetAtomWithIdx(replaced).SetAtomicNum(7)
        anchor = replaced
    assert anchor is not None, f"the pattern of {site.group} numbers no atom to join"
    if leaving is not None:
        # In the place of what leaves, so that the order of neighbours, and with it a configuration, stays.
        atom = work.GetAtomWithIdx(leaving)
        for neighbour in [neighbour.GetIdx() for neighbour in atom.GetNeighbors()]:
            if neighbour != anchor:
                work.RemoveBond(leaving, neighbour)
        atom.SetAtomicNum(0)
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(0)
        return leaving
    if lowered is not None:
        order = work.GetBondBetweenAtoms(anchor, lowered).GetBondType()
        work.RemoveBond(anchor, lowered)
        if order == Chem.BondType.DOUBLE:
            work.AddBond(anchor, lowered, Chem.BondType.SINGLE)
    point = work.AddAtom(Chem.Atom(0))
    work.AddBond(anchor, point, Chem.BondType.SINGLE)
    return int(point)
