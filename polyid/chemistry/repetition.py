"""Whether a molecule is a chain that repeats, told from its graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from polyid.chemistry.smiles import atoms_of, bonds_of

LEAST_SHARE = 0.5
"""Of a molecule's heavy atoms, that the part that repeats must pass; end groups are the rest."""
LEAST_SHARE_IRREGULAR = 0.7
"""The same where pieces come in no order, as in random copolymers, branched chains and those joined head to head."""
_LEAST_COPIES_IN_ROW = 4
_LEAST_ATOMS = 10
_LEAST_PIECES_IRREGULAR = 12
_LEAST_COPIES = 3
_LEAST_KINDS_IRREGULAR = 2
_LEAST_ATOMS_OF_LADDER = 15
_ROUNDS = 3


def repeats(molecule: Chem.Mol, least_share: float = LEAST_SHARE) -> bool:
    """Whether most of a molecule is one sequence of pieces again and again, or pieces that come again in no order.

    Pieces are what is left when the single bonds outside rings are cut.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        One component without attachment points.
    least_share : float
        Share of the heavy atoms that repeats.
    """
    graph = _graph(molecule)
    path = _longest_path(graph, list(Chem.CanonicalRankAtoms(molecule)))
    backbone = list(dict.fromkeys(graph.piece[atom] for atom in path))
    tokens, sizes = _with_side_groups(graph, backbone)
    heavy = molecule.GetNumHeavyAtoms()
    if _longest_run(tokens, sizes, _LEAST_ATOMS) > least_share * heavy:
        return True
    if len(backbone) >= _LEAST_PIECES_IRREGULAR:
        return _irregular(graph, backbone) > max(least_share, LEAST_SHARE_IRREGULAR) * heavy
    # A ladder has no bond that can be cut: its atoms are what comes again.
    classes = [graph.labels[atom] for atom in path]
    return _longest_run(classes, [1] * len(path), _LEAST_ATOMS_OF_LADDER) > least_share * len(path)


@dataclass(frozen=True)
class _Graph:
    """A molecule and its pieces.

    Attributes
    ----------
    neighbours : list of list of int
        Of each atom.
    labels : list of int
        Hash of each atom and of what lies around it in its piece.
    piece : list of int
        Of each atom.
    kinds, sizes : list of int
        Hash and number of atoms of each piece.
    """

    neighbours: list[list[int]]
    labels: list[int]
    piece: list[int]
    kinds: list[int]
    sizes: list[int]


def _graph(molecule: Chem.Mol) -> _Graph:
    atoms = molecule.GetNumAtoms()
    neighbours: list[list[int]] = [[] for _ in range(atoms)]
    kept: list[list[tuple[int, int]]] = [[] for _ in range(atoms)]
    for bond in bonds_of(molecule):
        left, right = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        neighbours[left].append(right)
        neighbours[right].append(left)
        if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
            order = int(2 * bond.GetBondTypeAsDouble())
            kept[left].append((order, right))
            kept[right].append((order, left))
    labels = [
        hash((atom.GetAtomicNum(), atom.GetFormalCharge(), len(neighbours[i]), len(kept[i])))
        for i, atom in enumerate(atoms_of(molecule))
    ]
    for _ in range(_ROUNDS):
        labels = [
            hash((label, *sorted([hash((order, labels[other])) for order, other in kept[atom]])))
            if kept[atom]
            else label
            for atom, label in enumerate(labels)
        ]
    piece = [-1] * atoms
    kinds: list[int] = []
    sizes: list[int] = []
    for start in range(atoms):
        if piece[start] >= 0:
            continue
        members = [start]
        piece[start] = len(kinds)
        for atom in members:
            for _, other in kept[atom]:
                if piece[other] < 0:
                    piece[other] = len(kinds)
                    members.append(other)
        kinds.append(hash(tuple(sorted(labels[atom] for atom in members))))
        sizes.append(len(members))
    return _Graph(neighbours, labels, piece, kinds, sizes)


def _longest_path(graph: _Graph, rank: Sequence[int]) -> list[int]:
    """From the atom farthest from the first to the atom farthest from that, whatever the order of the atoms."""
    neighbours = [sorted(atoms, key=rank.__getitem__) for atoms in graph.neighbours]
    first, _ = _walk(neighbours, rank.index(0))
    end, reached_from = _walk(neighbours, first)
    path = [end]
    while path[-1] != first:
        path.append(reached_from[path[-1]])
    return path


def _walk(neighbours: Sequence[Sequence[int]], start: int) -> tuple[int, dict[int, int]]:
    """The atom that a walk outwards reaches last, and from where each atom was reached."""
    order, reached_from = [start], {start: start}
    for atom in order:
        for other in neighbours[atom]:
            if other not in reached_from:
                reached_from[other] = atom
                order.append(other)
    return order[-1], reached_from


def _with_side_groups(graph: _Graph, backbone: Sequence[int]) -> tuple[list[int], list[int]]:
    """Hash and size of each piece of a backbone with all that hangs on it."""
    owner = {piece: place for place, piece in enumerate(backbone)}
    members: list[list[int]] = [[piece] for piece in backbone]
    queue = [atom for atom, piece in enumerate(graph.piece) if piece in owner]
    for atom in queue:
        for other in graph.neighbours[atom]:
            piece = graph.piece[other]
            if piece not in owner:
                owner[piece] = owner[graph.piece[atom]]
                members[owner[piece]].append(piece)
                queue += _atoms_of(graph, other)
    tokens = [hash((graph.kinds[pieces[0]], *sorted(graph.kinds[piece] for piece in pieces[1:]))) for pieces in members]
    return tokens, [sum(graph.sizes[piece] for piece in pieces) for pieces in members]


def _atoms_of(graph: _Graph, start: int) -> list[int]:
    """The atoms of the piece of an atom."""
    members, reached = [start], {start}
    for atom in members:
        for other in graph.neighbours[atom]:
            if other not in reached and graph.piece[other] == graph.piece[start]:
                reached.add(other)
                members.append(other)
    return members


def _irregular(graph: _Graph, backbone: Sequence[int]) -> int:
    """Atoms of the pieces that come again along a backbone, or beside it; none if only methylene groups and the like do."""
    along = Counter(graph.kinds[piece] for piece in backbone)
    again = {kind for kind, copies in along.items() if copies >= _LEAST_COPIES}
    if len(again) < _LEAST_KINDS_IRREGULAR:
        return 0
    on_backbone = set(backbone)
    beside = Counter(kind for piece, kind in enumerate(graph.kinds) if piece not in on_backbone)
    again |= {kind for kind, copies in beside.items() if copies >= _LEAST_COPIES}
    return sum(size for kind, size in zip(graph.kinds, graph.sizes, strict=True) if kind in again)


def _longest_run(tokens: Sequence[int], sizes: Sequence[int], least: int) -> int:
    """Size of the longest run in which each token equals the one a period before, for two and a half periods or more."""
    series = np.array(tokens, np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    best = 0
    for period in range(1, len(series) * 2 // 5 + 1):
        differ = np.flatnonzero(series[period:] != series[:-period])
        starts = np.concatenate([[0], differ + 1])
        stops = np.concatenate([differ, [len(series) - period]]) + period
        long = stops - starts >= max(_LEAST_COPIES_IN_ROW, 2.5 * period)
        best = max(best, int((ends[stops] - ends[starts])[long].max(initial=0)))
    return best if best >= least else 0
