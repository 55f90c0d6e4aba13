"""The repeats of an oligomer: which of its atoms are copies of which atom of a repeat unit.

A chain is cut at single bonds outside rings along its backbone, the longest of the shortest paths between two atoms. Cutting
at one kind of bond only leaves pieces of which few are distinct, if the kind is well chosen; these are the repeat units. A
regular chain has one. Monomers that went in either way round, or in random order, leave one piece a monomer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from rdkit import Chem, rdBase

from polyid.chemistry.chain import chain
from polyid.chemistry.repeat_unit import unit_of
from polyid.chemistry.smiles import parse_smiles
from polyid.explain.segments import (
    Piece,
    Segment,
    backbone_segments,
    canonical_order,
    fragment_with_points,
    longest_path,
    output_order,
    read_piece,
)
from polyid.explain.symmetry import symmetry_classes, symmetry_classes_in_chain

# Pieces that hold more than this share of an oligomer's atoms are no repeat units.
_LARGEST_SHARE = 0.5


@dataclass(frozen=True)
class Repeats:
    """How an oligomer is made of copies of a repeat unit.

    Attributes
    ----------
    smiles : str
        Canonical SMILES of the repeat unit, ``*`` where the chain goes on; of several units, joined by dots, where the
        chain is not regular; of the whole oligomer where it does not repeat.
    copies : int
        Copies of all units together; 1 where the oligomer does not repeat.
    atom : int array, shape (V,)
        For each heavy atom of the oligomer, in the order of its SMILES, the atom of `smiles` that it is a copy of; -1 for
        atoms of the end groups.
    copy : int array, shape (V,)
        The copy each atom belongs to; -1 for atoms of the end groups.
    links : dict of (int, int) to int
        For each bond of the oligomer between copies, or to an end group, as (atom, the other atom): the attachment point of
        `smiles` that stands for the other atom. Bonds between two copies are there in both directions.
    alike_atoms : int array, shape (U,)
        Class of each atom of `smiles`: atoms of one class can't be told apart in an endless chain.
    alike_bonds : int array, shape (W,)
        The same of each bond of `smiles`.
    """

    smiles: str
    copies: int
    atom: np.ndarray
    copy: np.ndarray
    links: dict[tuple[int, int], int]
    alike_atoms: np.ndarray
    alike_bonds: np.ndarray


@dataclass(frozen=True)
class _Division:
    """A choice of units: how bad it is, the copies of the units, and an inner copy of each."""

    score: tuple
    copies: list[Piece]
    units: dict[tuple[str, ...], Piece]


def find_repeats(oligomer: str, repeat_unit: str | None = None) -> Repeats:
    """The repeats of an oligomer.

    Parameters
    ----------
    oligomer : str
        SMILES of a molecule.
    repeat_unit : str, optional
        SMILES of the unit the oligomer was made of, with its attachment points; searched for when None.

    Returns
    -------
    Repeats

    Raises
    ------
    PolymerError
        The SMILES can't be read.
    """
    molecule = parse_smiles(oligomer)
    with rdBase.BlockLogs():
        plain = Chem.Mol(molecule)
        Chem.RemoveStereochemistry(plain)
        if repeat_unit is not None:
            repeats = _repeats_of(plain, parse_smiles(repeat_unit))
            if repeats is not None:
                return repeats
        division = _divide(plain)
        return _whole(molecule) if division is None else _assemble(plain, division)


def _repeats_of(plain: Chem.Mol, unit: Chem.Mol) -> Repeats | None:
    """The repeats of a chain made of `unit` with hydrogen at both ends; None if the oligomer is another molecule."""
    text = Chem.MolToSmiles(unit)
    unit = Chem.MolFromSmiles(text)
    cut = unit_of(unit)
    inner = [a.GetIdx() for a in unit.GetAtoms() if a.GetIdx() not in (*cut.heads, *cut.tails)]
    count, rest = divmod(plain.GetNumAtoms(), len(inner))
    if rest or not count:
        return None
    built = chain([cut] * count)
    Chem.RemoveStereochemistry(built)
    wanted, order = canonical_order(plain)
    got, built_order = canonical_order(built)
    if got != wanted:
        return None
    # The chain has its units' atoms one unit behind the other.
    by_copy = np.empty((count, len(inner)), np.int64)
    by_copy.flat[built_order] = order
    links: dict[tuple[int, int], int] = {}
    for head, tail in cut.strands:
        first, last = inner.index(cut.neighbour(head)), inner.index(cut.neighbour(tail))
        for left, right in itertools.pairwise(by_copy.tolist()):
            links[left[last], right[first]] = tail
            links[right[first], left[last]] = head
    atom = np.empty(by_copy.size, np.int64)
    copy = np.empty(by_copy.size, np.int64)
    atom[by_copy] = inner
    copy[by_copy] = np.arange(count)[:, None]
    return Repeats(text, count, atom, copy, links, *symmetry_classes_in_chain(unit, cut.strands))


def repeats_of_units(oligomer: str, sequence: Sequence[str], units: Sequence[str]) -> Repeats:
    """The repeats of a chain of several units in a known order, with hydrogen at both ends.

    Parameters
    ----------
    oligomer : str
        SMILES of the chain.
    sequence : sequence of str
        SMILES of its units, from head to tail.
    units : sequence of str
        The different units, in the order in which they are drawn side by side.
    """
    plain = Chem.Mol(parse_smiles(oligomer))
    cuts = {unit: unit_of(Chem.MolFromSmiles(unit)) for unit in units}
    numbers = [cuts[unit].molecule.GetNumAtoms() for unit in units]
    first_of = dict(zip(units, itertools.accumulate(numbers, initial=0), strict=False))
    built = chain([cuts[unit] for unit in sequence])
    for molecule in (plain, built):
        Chem.RemoveStereochemistry(molecule)
    in_oligomer = np.empty(plain.GetNumAtoms(), np.int64)
    in_oligomer[canonical_order(built)[1]] = canonical_order(plain)[1]
    atom, copy = np.empty_like(in_oligomer), np.empty_like(in_oligomer)
    links: dict[tuple[int, int], int] = {}
    begin, last = 0, None
    for number, unit in enumerate(sequence):
        cut = cuts[unit]
        inner = [i for i in range(cut.molecule.GetNumAtoms()) if i not in (cut.head, cut.tail)]
        places = in_oligomer[begin : begin + len(inner)].tolist()
        begin += len(inner)
        atom[places] = first_of[unit] + np.array(inner)
        copy[places] = number
        head = places[inner.index(cut.neighbour(cut.head))]
        if last is not None:
            before, tail = last
            links[before, head], links[head, before] = tail, first_of[unit] + cut.head
        last = places[inner.index(cut.neighbour(cut.tail))], first_of[unit] + cut.tail
    text = ".".join(units)
    return Repeats(text, len(sequence), atom, copy, links, *symmetry_classes(Chem.MolFromSmiles(text)))


def _whole(molecule: Chem.Mol) -> Repeats:
    """An oligomer that does not repeat, as its own unit."""
    n = molecule.GetNumAtoms()
    text, order = Chem.MolToSmiles(molecule), output_order(molecule)
    atom = np.empty(n, np.int64)
    atom[order] = np.arange(n)
    return Repeats(text, 1, atom, np.zeros(n, np.int64), {}, *symmetry_classes(Chem.MolFromSmiles(text)))


def _divide(plain: Chem.Mol) -> _Division | None:
    """The division that is shortest to describe; None if nothing repeats.

    Described are the atoms of every unit and of the end groups, at a bit each, and which unit each piece is.
    """
    segments, joints = backbone_segments(plain, longest_path(plain))
    best = None
    for directed, cuts in _choices_of_cuts(segments):
        if len(cuts) < 3:
            continue
        read = partial(read_piece, segments, joints, directed)
        bounds = [k + 1 for k in cuts]
        pieces = [read(*bound) for bound in itertools.pairwise(bounds)]
        units = {piece.unit: piece for piece in reversed(pieces)}
        size = sum(len(piece.atoms) for piece in units.values())
        if size > _LARGEST_SHARE * plain.GetNumAtoms():
            continue
        # Beyond an end unit that looks unlike the others one more unit may be hidden.
        for step in sorted(set(np.diff(bounds).tolist())):
            if bounds[0] > step and (piece := read(bounds[0] - step, bounds[0])).unit in units:
                pieces, bounds = [piece, *pieces], [bounds[0] - step, *bounds]
            if bounds[-1] + step < len(segments) and (piece := read(bounds[-1], bounds[-1] + step)).unit in units:
                pieces, bounds = [*pieces, piece], [*bounds, bounds[-1] + step]
        for start, stop in ((0, bounds[0]), (bounds[-1], len(segments))):
            piece = read(start, stop)
            pieces.append(piece if piece.unit in units else _as_copy(plain, piece, units.values()) or piece)
        copies = [piece for piece in pieces if piece.unit in units]
        left_over = plain.GetNumAtoms() - sum(len(piece.atoms) for piece in copies)
        bits = size + left_over + len(pieces) * np.log2(len(units))
        score = (bits, len(units), _unusual_cut(plain, joints[cuts[0]]), not directed, cuts[0])
        if best is None or score < best.score:
            best = _Division(score, copies, units)
    return best


def _choices_of_cuts(segments: Sequence[Segment]) -> Iterator[tuple[bool, list[int]]]:
    """Sets of joints to cut, as (whether pieces must be read forwards, joints)."""
    alike: dict[tuple, list[int]] = {}
    for k, (left, right) in enumerate(itertools.pairwise(segments)):
        forward, backward = (left.forward, right.forward), (right.backward, left.backward)
        alike.setdefault((True, forward), []).append(k)
        alike.setdefault((False, min(forward, backward)), []).append(k)
    for (directed, _), cuts in alike.items():
        yield directed, cuts
    joints = range(len(segments) - 1)
    yield False, list(joints)
    # Vinyl monomers that went in either way round: pairs of chain atoms, but for what hangs on at the ends.
    for start in range(4):
        pairs = list(joints[start::2])
        yield False, pairs
        yield False, pairs[:-1]


def _as_copy(plain: Chem.Mol, end: Piece, units: Iterable[Piece]) -> Piece | None:
    """An end piece as a copy of the unit that it would be if the chain went on instead of ending with hydrogen, if there is one.

    The longest path may begin in a side chain, so that the piece's text is another, though its atoms are the unit's.
    """
    (joint,) = end.joints
    for unit in units:
        if len(unit.atoms) != len(end.atoms):
            continue
        for kept, capped in (("entry", "exit"), ("exit", "entry")):
            wanted, wanted_order = canonical_order(
                fragment_with_points(plain, unit.atoms, [getattr(unit, kept)], capped=getattr(unit, capped))
            )
            text, order = canonical_order(fragment_with_points(plain, end.atoms, [joint]))
            if text == wanted:
                of_unit = {u: e for u, e in zip(wanted_order, order, strict=True) if u < len(end.atoms)}
                atoms = [end.atoms[of_unit[u]] for u in range(len(end.atoms))]
                return Piece(unit.unit, atoms, **{"entry": None, "exit": None, kept: joint})
    return None


def _unusual_cut(plain: Chem.Mol, joint: tuple[int, int]) -> int:
    """0 where chemists cut, between a heteroatom and an acyl group; 1 beside a heteroatom; 2 elsewhere."""
    atoms = [plain.GetAtomWithIdx(i) for i in joint]
    carbons = [a for a in atoms if a.GetAtomicNum() == 6]
    if len(carbons) != 1:
        return 2
    acyl = any(b.GetBondType() == Chem.BondType.DOUBLE for b in carbons[0].GetBonds() if not b.IsInRing())
    return 0 if acyl else 1


def _assemble(plain: Chem.Mol, division: _Division) -> Repeats:
    """The repeats of a division; the units are drawn without stereochemistry, which may differ from copy to copy."""
    drawn = Chem.Mol()
    drawn_as: dict[tuple[str, ...], tuple[list[int], int, int]] = {}
    for unit, piece in division.units.items():
        start, stop = drawn.GetNumAtoms(), drawn.GetNumAtoms() + len(piece.atoms)
        drawn_as[unit] = (list(range(start, stop)), stop, stop + 1)
        drawn = Chem.CombineMols(drawn, fragment_with_points(plain, piece.atoms, piece.joints))
    text = Chem.MolToSmiles(drawn)
    number = np.argsort(output_order(drawn))
    atom = np.full(plain.GetNumAtoms(), -1, np.int64)
    copy = np.full(plain.GetNumAtoms(), -1, np.int64)
    links: dict[tuple[int, int], int] = {}
    for k, piece in enumerate(division.copies):
        atoms_drawn, *stars = drawn_as[piece.unit]
        atom[piece.atoms] = number[atoms_drawn]
        copy[piece.atoms] = k
        for joint, star in zip((piece.entry, piece.exit), stars, strict=True):
            if joint is not None:
                links[joint] = int(number[star])
    molecule = Chem.MolFromSmiles(text)
    if len(drawn_as) > 1:
        return Repeats(text, len(division.copies), atom, copy, links, *symmetry_classes(molecule))
    _, head, tail = next(iter(drawn_as.values()))
    alike = symmetry_classes_in_chain(molecule, [(int(number[head]), int(number[tail]))])
    return Repeats(text, len(division.copies), atom, copy, links, *alike)
