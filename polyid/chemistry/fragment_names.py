"""Circular fragments as people read them: the SMILES of the part of a molecule that each stands for, hydrogens written out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from polyid.chemistry.arrays.chains import BOND_TYPES, ChainArrays
from polyid.chemistry.arrays.counts import LocalCounts, local_counts
from polyid.chemistry.arrays.morgan import Fragments
from polyid.chemistry.environments import environments_in
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.smiles import parse_smiles

SHOWN = 2
"""Fragments that a reason quotes."""
_RADIUS, _HASH_BITS = 2, 32


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
            part.AddBond(one, other, BOND_TYPES[number])
        return str(Chem.MolToSmiles(part, isomericSmiles=False, allHsExplicit=True))


@dataclass(frozen=True)
class _Bonded:
    """Atoms and bonds of one or several molecules as lists, which are read one by one.

    Attributes
    ----------
    atoms : list of _Atom
    first : list of int
        Where the bonds that leave each atom begin, and where the last end.
    target, order : lists of int
        Of each directed bond.
    """

    atoms: list[_Atom]
    first: list[int]
    target: list[int]
    order: list[int]

    @classmethod
    def of_molecule(cls, molecule: Chem.Mol) -> _Bonded:
        atoms = [
            _Atom(a.GetAtomicNum(), a.GetFormalCharge(), a.GetIsAromatic(), a.GetTotalNumHs())
            for a in molecule.GetAtoms()
        ]
        bonds = []
        for bond in molecule.GetBonds():
            begin, end, number = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), int(bond.GetBondType())
            bonds += [(begin, end, number), (end, begin, number)]
        bonds.sort()
        first = np.searchsorted([source for source, _, _ in bonds], np.arange(len(atoms) + 1)).tolist()
        return cls(atoms, first, [target for _, target, _ in bonds], [number for _, _, number in bonds])

    @classmethod
    def of_arrays(cls, chains: ChainArrays) -> _Bonded:
        columns = (chains.element, chains.charge, chains.aromatic, chains.hydrogens)
        first = np.searchsorted(chains.source, np.arange(len(chains.polymer) + 1))
        return cls(
            [_Atom(*row) for row in zip(*(column.tolist() for column in columns), strict=True)],
            *(column.tolist() for column in (first, chains.target, chains.order)),
        )

    def part(self, centre: int, radius: int) -> _Part:
        """What is so many bonds around an atom."""
        index = {centre: 0}
        bonds: dict[tuple[int, int], int] = {}
        front = [centre]
        for _ in range(radius):
            reached = []
            for atom in front:
                for bond in range(self.first[atom], self.first[atom + 1]):
                    other = self.target[bond]
                    if other not in index:
                        index[other] = len(index)
                        reached.append(other)
                    bonds[min(atom, other), max(atom, other)] = self.order[bond]
            front = reached
        return _Part(
            [self.atoms[atom] for atom in index],
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
    # Of each polymer the molecule that each of its fragments is in, its radius, hash and centre.
    places: list[list[tuple[_Bonded, int, int, int]]] = [[] for _ in fragments]
    together: dict[int, tuple[LocalCounts, dict[int, int]]] = {}
    for i, (wanted, own) in enumerate(zip(fragments, chains, strict=True)):
        if len(own) == 1 and (polymer := Polymer.read(own[0])).is_regular:
            (counts,) = local_counts([polymer])
            together.setdefault(id(counts.chains), (counts, {}))[1][counts.number] = i
            continue
        for text in own:
            bonded, found, owner, number = _read(text)
            for _, radius, hashed, centre in _first_places(owner, found, {number: wanted}):
                places[i].append((bonded, radius, hashed, centre))
                wanted = wanted[wanted != hashed]
    for counts, polymers in together.values():
        bonded = _Bonded.of_arrays(counts.chains)
        owner = counts.chains.polymer[counts.places.centres]
        wanted_of = {number: fragments[i] for number, i in sorted(polymers.items())}
        for number, radius, hashed, centre in _first_places(owner, counts.places, wanted_of):
            places[polymers[number]].append((bonded, radius, hashed, centre))
    return [_named(own) for own in places]


def _read(text: str) -> tuple[_Bonded, Fragments, np.ndarray, int]:
    """Atoms and fragments of a regular chain, by its key, or of an oligomer; the chain that each fragment is of, and this one."""
    polymer = Polymer.read(text)
    if polymer.is_regular:
        (counts,) = local_counts([polymer])
        owner = counts.chains.polymer[counts.places.centres]
        return _Bonded.of_arrays(counts.chains), counts.places, owner, counts.number
    molecule = parse_smiles(text)
    found = Fragments(*environments_in(molecule))
    return _Bonded.of_molecule(molecule), found, np.zeros(len(found.centres), np.int64), 0


def _first_places(
    owner: np.ndarray, found: Fragments, wanted: Mapping[int, np.ndarray]
) -> Iterator[tuple[int, int, int, int]]:
    """Owner, radius, hash and centre of the first place of each fragment that is wanted of an owner; of radius 2 at most."""
    keys = np.concatenate([(number << _HASH_BITS) | np.asarray(own, np.int64) for number, own in wanted.items()])
    own = (owner << _HASH_BITS) | found.hashes.astype(np.int64)
    at = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
    here = np.flatnonzero((keys[at] == own) & (found.radii <= _RADIUS)) if len(keys) else np.zeros(0, int)
    here = here[np.lexsort((found.centres[here], found.radii[here], own[here]))]
    first = np.unique(own[here], return_index=True)[1]
    columns = (owner, found.radii, found.hashes, found.centres)
    yield from zip(*(column[here[first]].tolist() for column in columns), strict=True)


def _named(places: Sequence[tuple[_Bonded, int, int, int]]) -> list[str]:
    """The smallest of the fragments at some places as SMILES, of few atoms around, then of few bonds."""
    named: list[str] = []
    for _, of_radius in itertools.groupby(sorted(places, key=lambda place: place[1]), key=lambda place: place[1]):
        by_bonds: dict[int, list[_Part]] = {}
        for bonded, radius, _, centre in of_radius:
            part = bonded.part(centre, radius)
            by_bonds.setdefault(len(part.bonds), []).append(part)
        # A SMILES is most of the work, so only those that are shown are written.
        for size in sorted(by_bonds):
            named += sorted((part.smiles() for part in by_bonds[size]), key=lambda text: (len(text), text))
            if len(named) >= SHOWN:
                return named[:SHOWN]
    return named
