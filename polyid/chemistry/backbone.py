"""The smallest repeat unit of a chain, however it was cut, turned or multiplied."""

from __future__ import annotations

import itertools

from rdkit import Chem

from polyid.chemistry.chain import chain
from polyid.chemistry.repeat_unit import Unit, unit_of


def canonical_unit(unit: Unit) -> str:
    """The smallest repeat unit of a chain, independent of where and in which direction it was cut."""
    forward = _segments(unit)
    backward = [(right, left) for left, right in reversed(forward)]
    length = len(forward)
    period = next(
        step
        for step in range(1, length + 1)
        if length % step == 0 and all(forward[i] == forward[i % step] for i in range(length))
    )
    best = min(
        tuple(text for text, _ in [*segments[start:period], *segments[:start]])
        for segments in (forward[:period], backward[:period])
        for start in range(period)
    )
    return Chem.MolToSmiles(chain([unit_of(Chem.MolFromSmiles(text)) for text in best], head_cap=0, tail_cap=0))


def _segments(unit: Unit) -> list[tuple[str, str]]:
    """The pieces between a backbone's single bonds outside rings, each as SMILES read forwards and backwards."""
    molecule = Chem.RWMol(unit.molecule)
    path = Chem.GetShortestPath(molecule, unit.head, unit.tail)
    molecule.GetAtomWithIdx(unit.head).SetIsotope(1)
    molecule.GetAtomWithIdx(unit.tail).SetIsotope(2)
    Chem.FastFindRings(molecule)
    starts = [path[1]]
    for left, right in itertools.pairwise(path[1:-1]):
        bond = molecule.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            starts.append(right)
    for right in starts[1:]:
        left = path[path.index(right) - 1]
        molecule.RemoveBond(left, right)
        for atom, label in ((left, 2), (right, 1)):
            point = molecule.AddAtom(Chem.Atom(0))
            molecule.GetAtomWithIdx(point).SetIsotope(label)
            molecule.AddBond(atom, point, Chem.BondType.SINGLE)
    Chem.SanitizeMol(molecule)
    fragments = {}
    members: list[tuple[int, ...]] = []
    for fragment, atoms in zip(
        Chem.GetMolFrags(molecule, asMols=True, fragsMolAtomMapping=members), members, strict=True
    ):
        fragments.update(dict.fromkeys(atoms, fragment))
    return [(Chem.MolToSmiles(fragments[start]), Chem.MolToSmiles(_turned(fragments[start]))) for start in starts]


def _turned(segment: Chem.Mol) -> Chem.Mol:
    turned = Chem.Mol(segment)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    return turned
