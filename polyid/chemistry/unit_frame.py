"""Where a repeat unit is cut and which of its ends is the head, so that units of a copolymer join as monomers do.

A homopolymer is the same wherever its unit is cut and in whichever direction it is written; beside another unit it is not:
``*C(C)C(=O)O*`` next to ``*OCC(=O)*`` would make a peroxide. So each unit is cut anew by a rule that looks at its chain only.
"""

from __future__ import annotations

import itertools

from rdkit import Chem

_HETERO = {"O": 0, "N": 1, "S": 2}
_METALLOIDS = ("Si", "P", "B", "Se")


def head_first(molecule: Chem.Mol) -> str:
    """SMILES of a repeat unit that begins with its head, the same for every way to write the unit.

    The bond between units is, in this order, the one between O, N or S and an acyl, sulphonyl or phosphoryl group, between O,
    N or S and another atom, between two saturated atoms, another one. The head is its heteroatom or, between two carbons, the
    less substituted one (vinyl monomers join head to tail). What the rule leaves open is decided by the alphabet.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        Sanitised, with two attachment points on single bonds; not changed. Where stereochemistry is written, only the
        direction is chosen, since a new cut would change which neighbours a configuration refers to.
    """
    head, tail = (atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0)
    path = Chem.GetShortestPath(molecule, head, tail)
    cuts = [(path[-2], path[1])]
    if not _has_stereo(molecule):
        cuts += [pair for pair in itertools.pairwise(path[1:-1]) if _can_be_cut(molecule.GetBondBetweenAtoms(*pair))]
    # (atom at the tail, atom at the head) of each way to cut and to turn the chain.
    ways = [*cuts, *((right, left) for left, right in cuts)]
    rank = {way: _preference(*(molecule.GetAtomWithIdx(atom) for atom in way)) for way in ways}
    best = min(rank.values())
    return min(_cut_at(molecule, way, (head, tail), path) for way in ways if rank[way] == best)


def _has_stereo(molecule: Chem.Mol) -> bool:
    return any(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in molecule.GetAtoms()) or any(
        bond.GetStereo() > Chem.BondStereo.STEREOANY for bond in molecule.GetBonds()
    )


def _can_be_cut(bond: Chem.Bond) -> bool:
    return bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing()


def _preference(tail: Chem.Atom, head: Chem.Atom) -> tuple[int, ...]:
    """The smaller, the more a bond between units is like this one, from tail to head."""
    hetero = _HETERO.get(head.GetSymbol())
    if hetero is None or (tail.GetSymbol() in _HETERO and not _is_acyl(tail)):
        unsaturated = sum(_is_unsaturated(atom) for atom in (tail, head))
        return (4 if tail.GetSymbol() in _HETERO else 3, unsaturated, head.GetDegree(), tail.GetDegree())
    group = 0 if _is_acyl(tail) else 1 if tail.GetSymbol() in _METALLOIDS else 2
    return group, hetero, _is_unsaturated(tail), tail.GetDegree()


def _is_acyl(atom: Chem.Atom) -> bool:
    """Whether an atom has a double bond to O or S: of an acid, a sulphone, a phosphate."""
    return any(
        bond.GetBondType() == Chem.BondType.DOUBLE and bond.GetOtherAtom(atom).GetSymbol() in ("O", "S")
        for bond in atom.GetBonds()
    )


def _is_unsaturated(atom: Chem.Atom) -> bool:
    return any(bond.GetBondType() != Chem.BondType.SINGLE for bond in atom.GetBonds())


def _cut_at(molecule: Chem.Mol, way: tuple[int, int], points: tuple[int, int], path: tuple[int, ...]) -> str:
    """The unit as SMILES, cut at the bond `way` from tail to head."""
    left, right = way
    head, tail = points
    if way == (path[-2], path[1]):
        return str(Chem.MolToSmiles(molecule, rootedAtAtom=head))
    if way == (path[1], path[-2]):
        return str(Chem.MolToSmiles(molecule, rootedAtAtom=tail))
    cut = Chem.RWMol(molecule)
    cut.RemoveBond(left, right)
    cut.RemoveBond(head, path[1])
    cut.RemoveBond(tail, path[-2])
    cut.AddBond(path[-2], path[1], Chem.BondType.SINGLE)
    cut.AddBond(head, right, Chem.BondType.SINGLE)
    cut.AddBond(left, tail, Chem.BondType.SINGLE)
    Chem.SanitizeMol(cut)
    return str(Chem.MolToSmiles(cut, rootedAtAtom=head))
