"""Which atoms a round of message passing can tell apart: the exact compression of graphs by colour refinement.

After ``l`` rounds of message passing two atoms whose ``l``-hop neighbourhoods look alike have the same state. A round can
therefore run on the quotient graph of ``l`` rounds of colour refinement (the one-dimensional Weisfeiler-Leman test), one
node for each class of atoms and one edge for each class of directed bonds, with the sizes of the classes as weights. The
result equals that of the whole graph exactly; an oligomer of eighteen repeat units costs little more than a few of them.

Colour refinement is due to Weisfeiler and Leman (Nauchno-Tekhnicheskaya Informatsia 1968, 2(9), 12-16); that it bounds what
message passing can tell apart was shown by Xu et al. (arXiv:1810.00826) and Morris et al. (arXiv:1810.02244), and that
learning can run on the quotient by Bollen et al. (arXiv:2206.04540) for depth-bounded graph neural networks. What is new
here is only the use of one quotient a round, each as coarse as that round allows. Not covered: networks that tell equal
neighbourhoods apart by other means (random node features, positional encodings, three-dimensional coordinates).

Shapes: V atoms, D directed bonds, R rounds, n_l atom classes after l rounds, e_l directed bond classes after l rounds.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from polyid.graphs.molecular import MolecularGraph


@dataclass(frozen=True)
class QuotientGraph:
    """The quotient graphs of a molecular graph after 0, 1 ... R rounds of colour refinement.

    Level ``l`` holds the atom classes (l = 0 ... R-1) and directed bond classes (l = 0 ... R) that ``l`` rounds of message
    passing tell apart. Bond classes of level ``l`` are the pairs of atom classes of level ``l - 1`` that bonds of one feature join.

    Attributes
    ----------
    atom_features, bond_features : tuple of str
        Feature of each class of level 0, shapes (n_0,) and (e_0,).
    atom_count, bond_count : tuple of float32 arrays
        Members of each class, one array a level, shapes (n_l,) and (e_l,); fractions where atoms have weights.
    atom_parent, bond_parent : tuple of int arrays
        Class of the previous level that holds each class; entry 0 is for level 1.
    bond_source, bond_target : tuple of int arrays
        Atom classes of level ``l - 1`` at the ends of each bond class of level ``l``; entry 0 is for level 1.
    neighbour_bond, neighbour_atom, neighbour_count : tuple of int arrays, shape (i_l,)
        Bonds of class ``neighbour_bond`` that leave each atom of class ``neighbour_atom``, for levels 1 ... R-1.
    numbers : tuple of float
        Of the whole molecule; see `polyid.graphs.molecular.MolecularGraph`. Not kept on disk.
    """

    atom_features: tuple[str, ...]
    bond_features: tuple[str, ...]
    atom_count: tuple[np.ndarray, ...]
    bond_count: tuple[np.ndarray, ...]
    atom_parent: tuple[np.ndarray, ...]
    bond_parent: tuple[np.ndarray, ...]
    bond_source: tuple[np.ndarray, ...]
    bond_target: tuple[np.ndarray, ...]
    neighbour_bond: tuple[np.ndarray, ...]
    neighbour_atom: tuple[np.ndarray, ...]
    neighbour_count: tuple[np.ndarray, ...]
    numbers: tuple[float, ...] = ()

    @property
    def rounds(self) -> int:
        """Rounds of message passing the quotients are exact for."""
        return len(self.bond_parent)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Rows of every level: atom classes, bond classes, neighbour entries; shape (3R,)."""
        return np.array(
            [len(x) for x in self.atom_count]
            + [len(x) for x in self.bond_count]
            + [len(x) for x in self.neighbour_bond],
            dtype=np.int64,
        )

    def to_flat(self) -> np.ndarray:
        """All levels of all arrays, one behind the other, int32; with `sizes` and the features it is the whole graph.

        Counts stand there with the bits of float32.
        """

        def bits(name: str, level: np.ndarray) -> np.ndarray:
            return level.view(np.int32) if name in _COUNTS else level

        return np.concatenate([bits(name, level) for name in _ARRAYS for level in getattr(self, name)], dtype=np.int32)

    @classmethod
    def from_flat(
        cls,
        atom_features: tuple[str, ...],
        bond_features: tuple[str, ...],
        sizes: np.ndarray,
        flat: np.ndarray,
        numbers: tuple[float, ...] = (),
    ) -> QuotientGraph:
        """The graph of which `to_flat` gave the arrays; they become views of `flat`."""
        rounds = len(sizes) // 3
        rows = sizes.tolist()
        atoms, bonds, neighbours = rows[:rounds], rows[rounds : 2 * rounds + 1], rows[2 * rounds + 1 :]
        lengths = (atoms, bonds, atoms[1:], *[bonds[1:]] * 3, *[neighbours] * 3)
        arrays: dict[str, Any] = {}
        stop = 0
        for name, own in zip(_ARRAYS, lengths, strict=True):
            ends = list(itertools.accumulate(own, initial=stop))
            values = flat.view(np.float32) if name in _COUNTS else flat
            arrays[name] = tuple([values[start:stop] for start, stop in itertools.pairwise(ends)])
            stop = ends[-1]
        return cls(atom_features, bond_features, **arrays, numbers=numbers)

    def to_bytes(self) -> bytes:
        """The whole graph: a line of JSON, with features and sizes, and `to_flat` behind it."""
        header = [self.atom_features, self.bond_features, self.sizes.tolist()]
        return json.dumps(header).encode() + b"\n" + self.to_flat().tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> QuotientGraph:
        """The graph that `to_bytes` gave.

        Raises
        ------
        ValueError
            It is something else.
        """
        header, _, arrays = content.partition(b"\n")
        atom_features, bond_features, sizes = json.loads(header)
        flat = np.frombuffer(arrays, np.int32)
        return cls.from_flat(tuple(atom_features), tuple(bond_features), np.array(sizes, np.int64), flat)

    def __reduce__(self) -> tuple:
        # Between processes one array is many times as fast as some thirty.
        return QuotientGraph.from_flat, (
            self.atom_features,
            self.bond_features,
            self.sizes,
            self.to_flat(),
            self.numbers,
        )


_ARRAYS = tuple(field.name for field in fields(QuotientGraph))[2:-1]
_COUNTS = ("atom_count", "bond_count")


def _classes(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number the distinct keys: (a position of each class, class of each key, members of each class)."""
    # np.unique would give the first position of each class, at three times the cost.
    order = keys.argsort()
    ordered = keys[order]
    begins = np.empty(len(keys), bool)
    begins[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    start = begins.nonzero()[0]
    count = np.append(start[1:], len(keys)) - start
    member_of = np.empty(len(keys), np.int64)
    member_of[order] = np.arange(len(start)).repeat(count)
    return order[start], member_of, count


def _joined(columns: Sequence[np.ndarray] | np.ndarray, bound: int) -> np.ndarray:
    """Join integers (each < bound) position by position into one that is equal only where all are."""
    bits = max(1, int(bound).bit_length())
    key = columns[0]
    room = 62 // bits - 1
    for column in columns[1:]:
        if room <= 0:
            key = _classes(key)[1]
            room = (62 - (int(key.max()) + 1).bit_length()) // bits
            if room <= 0:
                raise OverflowError("molecule too large for colour refinement")
        key = (key << bits) | column
        room -= 1
    return key


def _weights(classes: list[np.ndarray], weight: np.ndarray) -> list[np.ndarray]:
    """Weight of each class at each level, from the weights of its members."""
    return [np.bincount(member_of, weight) for member_of in classes]


def compress(graph: MolecularGraph, rounds: int, *, identity: bool = False) -> QuotientGraph:
    """Quotient graphs of `graph` for `rounds` rounds of message passing.

    Parameters
    ----------
    graph : MolecularGraph
        The molecule.
    rounds : int
        Rounds of message passing, at least 1.
    identity : bool
        Keep every atom and bond apart: the uncompressed graph in the same form, for comparison.

    Returns
    -------
    QuotientGraph
    """
    return refine(graph, rounds, identity=identity)[0]


def refine(
    graph: MolecularGraph, rounds: int, *, identity: bool = False
) -> tuple[QuotientGraph, list[np.ndarray], list[np.ndarray]]:
    """Quotient graphs, and the class of every atom (V,) and directed bond (D,) at each level."""
    source, target = graph.connectivity[:, 0].astype(np.int64), graph.connectivity[:, 1].astype(np.int64)
    n_atoms, n_bonds = len(graph.atom_type), len(source)
    degree = np.bincount(source, minlength=n_atoms)
    slot = 1 + np.arange(n_bonds) - (np.cumsum(degree) - degree)[source]
    width = int(degree.max()) if n_bonds else 0
    bond_type, by_source = graph.bond_type.astype(np.int64), source * n_bonds

    if identity:
        first, atom_class, count = np.arange(n_atoms), np.arange(n_atoms), np.ones(n_atoms, np.int64)
        bond_first, bond_class, bond_size = np.arange(n_bonds), np.arange(n_bonds), np.ones(n_bonds, np.int64)
    else:
        first, atom_class, count = _classes(graph.atom_type)
        bond_first, bond_class, bond_size = _classes(graph.bond_type)
    atom_classes, bond_classes = [atom_class], [bond_class]
    atom_features = tuple(graph.atom_features[i] for i in graph.atom_type[first])
    bond_features = tuple(graph.bond_features[i] for i in graph.bond_type[bond_first])
    atom_count, bond_count = [count], [bond_size]
    atom_parent, bond_parent, bond_source, bond_target = [], [], [], []
    neighbour_bond, neighbour_atom, neighbour_count = [], [], []

    for level in range(1, rounds + 1):
        if identity:
            next_first, next_bond, next_size = bond_first, bond_class, bond_size
        else:
            # A bond class is its feature and the classes of its two atoms; earlier bond classes follow from these. Classes
            # of one source lie side by side, which makes sums over them cheap.
            ends = (atom_class[source], atom_class[target], bond_type)
            next_first, next_bond, next_size = _classes(_joined(ends, max(n_atoms, len(graph.bond_features))))
        bond_parent.append(bond_class[next_first])
        bond_source.append(atom_class[source][next_first])
        bond_target.append(atom_class[target][next_first])
        bond_count.append(next_size)
        bond_classes.append(next_bond)
        if level < rounds:
            if identity:
                next_atom_first, next_atom, next_count = first, atom_class, count
            else:
                # An atom class is its earlier class and the multiset of bond classes that leave it.
                around = np.zeros((1 + width, n_atoms), np.int64)
                around[0] = atom_class
                around[slot, source] = np.sort(by_source + next_bond) - by_source + 1
                bound = max(n_atoms, len(next_first) + 1)
                next_atom_first, next_atom, next_count = _classes(_joined(around, bound))
            atom_parent.append(atom_class[next_atom_first])
            atom_count.append(next_count)
            atom_classes.append(next_atom)
            representative = np.zeros(n_atoms, bool)
            representative[next_atom_first] = True
            leaving = representative[source]
            entry = next_atom[source[leaving]] * max(1, len(next_first)) + next_bond[leaving]
            entry_first, _, entry_count = _classes(entry)
            entries = entry[entry_first]
            neighbour_atom.append(entries // max(1, len(next_first)))
            neighbour_bond.append(entries % max(1, len(next_first)))
            neighbour_count.append(entry_count)
            first, atom_class, count = next_atom_first, next_atom, next_count
        bond_class, bond_first, bond_size = next_bond, next_first, next_size

    if graph.weight is not None:
        atom_count = _weights(atom_classes, graph.weight)
        bond_count = _weights(bond_classes, graph.weight[source])

    def small(arrays: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        return tuple(array.astype(np.int32) for array in arrays)

    quotient = QuotientGraph(
        atom_features,
        bond_features,
        tuple(count.astype(np.float32) for count in atom_count),
        tuple(count.astype(np.float32) for count in bond_count),
        small(atom_parent),
        small(bond_parent),
        small(bond_source),
        small(bond_target),
        small(neighbour_bond),
        small(neighbour_atom),
        small(neighbour_count),
        graph.numbers,
    )
    return quotient, atom_classes, bond_classes
