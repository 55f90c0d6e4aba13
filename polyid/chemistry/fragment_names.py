"""Circular fragments as people read them: the SMILES of the part of a molecule that each stands for, hydrogens written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from polyid.chemistry.arrays.chains import AROMATIC, ChainArrays, UnitArrays
from polyid.chemistry.arrays.morgan import Fragments, connectivity, morgan
from polyid.chemistry.environments import environments_in
from polyid.chemistry.polymer import LOCAL_REACH, Polymer
from polyid.chemistry.smiles import parse_smiles

SHOWN = 2
"""Fragments that a reason quotes."""
_BOND_TYPES = {
    1: Chem.BondType.SINGLE,
    2: Chem.BondType.DOUBLE,
    3: Chem.BondType.TRIPLE,
    AROMATIC: Chem.BondType.AROMATIC,
}


class _Atom(NamedTuple):
    element: int
    charge: int
    aromatic: bool
    hydrogens: int


@dataclass(frozen=True)
class _Part:
    """Some atoms and the bonds between them, (atom, atom, number of its type) each."""

    atoms: list[_Atom]
    bonds: list[tuple[int, int, int]]

    def smiles(self) -> str:
        part = Chem.RWMol()
        for element, charge, aromatic, hydrogens in self.atoms:
            atom = Chem.Atom(element)
            atom.SetFormalCharge(charge)
            atom.SetIsAromatic(aromatic)
            atom.SetNoImplicit(True)
            atom.SetNumExplicitHs(hydrogens)
            part.AddAtom(atom)
        for one, other, number in self.bonds:
            part.AddBond(one, other, _BOND_TYPES[number])
        return str(Chem.MolToSmiles(part, isomericSmiles=False, allHsExplicit=True))


class _Chain:
    """A chain whose fragments are known, atom by atom.

    Parameters
    ----------
    atoms : list of _Atom
    neighbours : list of lists of (int, int)
        Of each atom, with the number of the bond's type.
    fragments : Fragments
        Up to radius 2.
    """

    def __init__(self, atoms: list[_Atom], neighbours: list[list[tuple[int, int]]], fragments: Fragments):
        self._atoms, self._neighbours, self.fragments = atoms, neighbours, fragments

    @classmethod
    def of_molecule(cls, molecule: Chem.Mol) -> _Chain:
        atoms = [
            _Atom(a.GetAtomicNum(), a.GetFormalCharge(), a.GetIsAromatic(), a.GetTotalNumHs())
            for a in molecule.GetAtoms()
        ]
        neighbours: list[list[tuple[int, int]]] = [[] for _ in atoms]
        for bond in molecule.GetBonds():
            begin, end, number = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), int(bond.GetBondType())
            neighbours[begin].append((end, number))
            neighbours[end].append((begin, number))
        return cls(atoms, neighbours, Fragments(*environments_in(molecule)))

    @classmethod
    def of_arrays(cls, chains: ChainArrays, fragments: Fragments, number: int) -> _Chain:
        """The chain of a number, of the fragments of all."""
        start, stop = chains.starts[number : number + 2].tolist()
        own = slice(start, stop)
        columns = (chains.element, chains.charge, chains.aromatic, chains.hydrogens)
        atoms = [_Atom(*row) for row in zip(*(column[own].tolist() for column in columns), strict=True)]
        neighbours: list[list[tuple[int, int]]] = [[] for _ in atoms]
        bonds = slice(*np.searchsorted(chains.source, (start, stop)).tolist())
        ends = (chains.source[bonds] - start, chains.target[bonds] - start, chains.order[bonds])
        for source, target, order in zip(*(column.tolist() for column in ends), strict=True):
            neighbours[source].append((target, order))
        here = np.flatnonzero((fragments.centres >= start) & (fragments.centres < stop))
        return cls(
            atoms, neighbours, Fragments(fragments.hashes[here], fragments.centres[here] - start, fragments.radii[here])
        )

    def part(self, centre: int, radius: int) -> _Part:
        """What is so many bonds around an atom."""
        index = {centre: 0}
        bonds: dict[tuple[int, int], int] = {}
        front = [centre]
        for _ in range(radius):
            reached = []
            for atom in front:
                for other, number in self._neighbours[atom]:
                    if other not in index:
                        index[other] = len(index)
                        reached.append(other)
                    bonds[min(atom, other), max(atom, other)] = number
            front = reached
        return _Part(
            [self._atoms[atom] for atom in index],
            [(index[one], index[other], number) for (one, other), number in bonds.items()],
        )


def smallest_named(fragments: Sequence[np.ndarray], chains: Sequence[Sequence[str]]) -> list[list[str]]:
    """The smallest of some fragments of each of n polymers as SMILES.

    Parameters
    ----------
    fragments : sequence of int arrays
        RDKit's hashes, ascending, of each polymer.
    chains : sequence of sequences of str
        Keys of regular chains, or SMILES of oligomers, of each polymer, in which these fragments are.
    """
    regular = {text: polymer for own in chains for text in own if (polymer := Polymer.read(text)).is_regular}
    number = {text: place for place, text in enumerate(regular)}
    if regular:
        polymers = list(regular.values())
        arrays = UnitArrays.of([polymer.facts for polymer in polymers]).chains(
            np.array([polymer.degree for polymer in polymers]), LOCAL_REACH
        )
        (found,) = morgan(arrays, [connectivity(arrays)], [2])

    def read(text: str) -> _Chain:
        if text in number:
            return _Chain.of_arrays(arrays, found, number[text])
        return _Chain.of_molecule(parse_smiles(text))

    return [_smallest_named(hashes, map(read, own)) for hashes, own in zip(fragments, chains, strict=True)]


def _smallest_named(wanted: np.ndarray, chains: map[_Chain]) -> list[str]:
    parts: dict[tuple[int, int], list[_Part]] = {}
    for chain in chains:
        hashes, centres, radii = chain.fragments
        here = np.flatnonzero(np.isin(hashes, wanted) & (radii <= 2))
        here = here[np.lexsort((centres[here], radii[here], hashes[here]))]
        kinds, first = np.unique(hashes[here], return_index=True)
        for place in here[first].tolist():
            part = chain.part(int(centres[place]), int(radii[place]))
            parts.setdefault((int(radii[place]), len(part.bonds)), []).append(part)
        wanted = np.setdiff1d(wanted, kinds)
    named: list[str] = []
    # A SMILES is most of the work, so only those that are shown are written.
    for size in sorted(parts):
        named += sorted((part.smiles() for part in parts[size]), key=lambda text: (len(text), text))
        if len(named) >= SHOWN:
            break
    return named[:SHOWN]
