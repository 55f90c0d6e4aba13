"""Atoms and bonds of a unit that look alike in its chain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from polyid.explain.segments import not_stars
from polyid.graphs.molecular import MolecularGraph
from polyid.graphs.refinement import refine


def symmetry_classes(molecule: Chem.Mol) -> tuple[np.ndarray, np.ndarray]:
    """Classes of symmetric atoms and bonds of a molecule."""
    ranks = np.array(list(Chem.CanonicalRankAtoms(molecule, breakTies=False)))
    pairs = [sorted((ranks[b.GetBeginAtomIdx()], ranks[b.GetEndAtomIdx()])) for b in molecule.GetBonds()]
    return ranks, _numbered(pairs)


def symmetry_classes_in_chain(unit: Chem.Mol, strands: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Classes of atoms and bonds of a unit that colour refinement can't tell apart in the endless chain of that unit.

    `strands` are the heads and tails, as `polyid.chemistry.repeat_unit.Unit` has them.
    """
    unit_atoms = not_stars(unit)
    position = {i: k for k, i in enumerate(unit_atoms)}
    beside = {star: unit.GetAtomWithIdx(star).GetNeighbors()[0].GetIdx() for strand in strands for star in strand}
    inner = [b for b in unit.GetBonds() if not beside.keys() & {b.GetBeginAtomIdx(), b.GetEndAtomIdx()}]
    # Three copies in a ring have the neighbourhoods of an endless chain, and no two bonds between the same atoms.
    ends, bonds = [], []
    for k in range(3):
        start, next_start = k * len(unit_atoms), (k + 1) % 3 * len(unit_atoms)
        for b in inner:
            ends.append((start + position[b.GetBeginAtomIdx()], start + position[b.GetEndAtomIdx()]))
            bonds.append(f"{b.GetBondType()} {b.IsInRing()}")
        for head, tail in strands:
            ends.append((start + position[beside[tail]], next_start + position[beside[head]]))
            bonds.append(f"SINGLE {len(strands) > 1}")
    atoms = [
        f"{a.GetSymbol()} {a.GetFormalCharge()} {a.GetIsAromatic()} {a.GetTotalNumHs()}"
        for a in (unit.GetAtomWithIdx(i) for i in unit_atoms)
    ]
    source, target = np.array([*ends, *(e[::-1] for e in ends)]).T
    order = np.argsort(source, kind="stable")
    atom_texts, bond_texts = sorted(set(atoms)), sorted(set(bonds))
    graph = MolecularGraph(
        tuple(atom_texts),
        np.array([atom_texts.index(a) for a in atoms] * 3),
        tuple(bond_texts),
        np.array([bond_texts.index(text) for text in bonds * 2])[order],
        np.stack([source, target], axis=1)[order],
    )
    _, atom_classes, bond_classes = refine(graph, len(unit_atoms) + 1)
    of_bond = {(int(i), int(j)): int(c) for (i, j), c in zip(graph.connectivity, bond_classes[-1], strict=True)}
    alike_atoms = np.full(unit.GetNumAtoms(), -1, np.int64)
    alike_atoms[unit_atoms] = atom_classes[-1][: len(unit_atoms)]
    links = {star: ends[len(inner) + n] for n, strand in enumerate(strands) for star in strand}
    pairs = []
    for b in unit.GetBonds():
        begin, end = b.GetBeginAtomIdx(), b.GetEndAtomIdx()
        i, j = links.get(begin) or links.get(end) or (position[begin], position[end])
        pairs.append(sorted((of_bond[i, j], of_bond[j, i])))
    return alike_atoms, _numbered(pairs)


def _numbered(pairs: Sequence[Sequence[int]]) -> np.ndarray:
    """Number of each distinct pair."""
    numbers: dict[tuple[int, ...], int] = {}
    return np.array([numbers.setdefault(tuple(map(int, pair)), len(numbers)) for pair in pairs], np.int64)
