"""The repeats of an oligomer: which of its atoms are copies of which atom of a repeat unit.

A chain is cut at single bonds outside rings along its backbone, the longest of the shortest paths between two atoms. Cutting
at one kind of bond only leaves pieces of which few are distinct, if the kind is well chosen; these are the repeat units. A
regular chain has one. Monomers that went in either way round, or in random order, leave one piece a monomer.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from rdkit import Chem, rdBase

from polyid.features import parse_smiles
from polyid.graphs import MolecularGraph, refine
from polyid.repeat_units import chain, unit_of

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
class _Piece:
    """A piece of a chain: the text of its unit, its atoms in the order of the text, and the bonds (own atom, outer atom) at
    its two ends, in the direction of the text; None at an end of the chain."""

    unit: tuple[str, ...]
    atoms: list[int]
    entry: tuple[int, int] | None
    exit: tuple[int, int] | None


@dataclass(frozen=True)
class _Division:
    """A choice of units: how bad it is, the copies of the units, and an inner copy of each."""

    score: tuple
    copies: list[_Piece]
    units: dict[tuple[str, ...], _Piece]


@dataclass(frozen=True)
class _Segment:
    """A piece of the backbone between two cuts, read forwards and backwards: its text, and its atoms in an order the text sets."""

    forward: str
    backward: str
    forward_atoms: list[int]
    backward_atoms: list[int]


def find_repeats(oligomer: str, repeat_unit: str | None = None) -> Repeats:
    """The repeats of an oligomer.

    Parameters
    ----------
    oligomer : str
        SMILES of a molecule.
    repeat_unit : str, optional
        SMILES of the unit the oligomer was made of, with two attachment points; searched for when None.

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
            found = _known_repeats(plain, parse_smiles(repeat_unit))
            if found is not None:
                return found
        division = _divide(plain)
        return _whole(molecule) if division is None else _assemble(plain, division)


def _known_repeats(plain: Chem.Mol, unit: Chem.Mol) -> Repeats | None:
    """The repeats of a chain made of `unit` with hydrogen at both ends; None if the oligomer is another molecule."""
    text = Chem.MolToSmiles(unit)
    unit = Chem.MolFromSmiles(text)
    cut = unit_of(unit)
    own = [a.GetIdx() for a in unit.GetAtoms() if a.GetIdx() not in (cut.head, cut.tail)]
    count, rest = divmod(plain.GetNumAtoms(), len(own))
    if rest or not count:
        return None
    built = chain([cut] * count)
    Chem.RemoveStereochemistry(built)
    wanted, order = _canonical(plain)
    got, built_order = _canonical(built)
    if got != wanted:
        return None
    # The chain has its units' atoms one unit behind the other.
    place = np.empty(len(order), np.int64)
    place[built_order] = order
    place = place.reshape(count, len(own))
    first, last = own.index(cut.neighbour(cut.head)), own.index(cut.neighbour(cut.tail))
    links = {}
    for left, right in itertools.pairwise(place.tolist()):
        links[left[last], right[first]] = cut.tail
        links[right[first], left[last]] = cut.head
    atom = np.empty(place.size, np.int64)
    copy = np.empty(place.size, np.int64)
    atom[place] = own
    copy[place] = np.arange(count)[:, None]
    return Repeats(text, count, atom, copy, links, *_alike_in_chain(unit, cut.head, cut.tail))


def _whole(molecule: Chem.Mol) -> Repeats:
    """An oligomer that does not repeat, as its own unit."""
    n = molecule.GetNumAtoms()
    text, order = Chem.MolToSmiles(molecule), _output_order(molecule)
    atom = np.empty(n, np.int64)
    atom[order] = np.arange(n)
    return Repeats(text, 1, atom, np.zeros(n, np.int64), {}, *_alike(Chem.MolFromSmiles(text)))


def _output_order(molecule: Chem.Mol) -> list[int]:
    """Atoms in the order of the SMILES just written."""
    return list(molecule.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])


def _canonical(molecule: Chem.Mol) -> tuple[str, list[int]]:
    """Canonical SMILES, read and written once more to be the same however the molecule was made, and its atoms in order."""
    first = Chem.MolFromSmiles(Chem.MolToSmiles(molecule))
    order = _output_order(molecule)
    text = Chem.MolToSmiles(first)
    return text, [order[i] for i in _output_order(first)]


def _backbone(plain: Chem.Mol) -> list[int]:
    """A longest of the shortest paths (in a tree; nearly so where there are rings)."""

    def farthest(start: int) -> int:
        distance = {start: 0}
        queue = [start]
        for atom in queue:
            for neighbour in plain.GetAtomWithIdx(atom).GetNeighbors():
                if neighbour.GetIdx() not in distance:
                    distance[neighbour.GetIdx()] = distance[atom] + 1
                    queue.append(neighbour.GetIdx())
        return queue[-1]

    start = farthest(0)
    stop = farthest(start)
    return list(Chem.GetShortestPath(plain, start, stop)) if start != stop else [start]


def _divide(plain: Chem.Mol) -> _Division | None:
    """The division that is shortest to describe; None if nothing repeats.

    Described are the atoms of every unit and of the end groups, at a bit each, and which unit each piece is.
    """
    segments, joints = _segments(plain, _backbone(plain))
    best = None
    for directed, cuts in _choices_of_cuts(segments):
        if len(cuts) < 3:
            continue
        read = partial(_piece, segments, joints, directed)
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


def _choices_of_cuts(segments: Sequence[_Segment]) -> Iterator[tuple[bool, list[int]]]:
    """Sets of joints to cut, as (whether pieces must be read forwards, joints)."""
    kinds: dict[tuple, list[int]] = {}
    for k, (left, right) in enumerate(itertools.pairwise(segments)):
        forward, backward = (left.forward, right.forward), (right.backward, left.backward)
        kinds.setdefault((True, forward), []).append(k)
        kinds.setdefault((False, min(forward, backward)), []).append(k)
    for (directed, _), cuts in kinds.items():
        yield directed, cuts
    joints = range(len(segments) - 1)
    yield False, list(joints)
    # Vinyl monomers that went in either way round: pairs of chain atoms, but for what hangs on at the ends.
    for start in range(4):
        pairs = list(joints[start::2])
        yield False, pairs
        yield False, pairs[:-1]


def _as_copy(plain: Chem.Mol, end: _Piece, units: Iterable[_Piece]) -> _Piece | None:
    """An end piece as a copy of the unit that it would be if the chain went on instead of ending with hydrogen, if there is one.

    The longest path may begin in a side chain, so that the piece's text is another, though its atoms are the unit's.
    """
    joint = end.entry or end.exit
    for unit in units:
        if len(unit.atoms) != len(end.atoms):
            continue
        for kept, capped in (("entry", "exit"), ("exit", "entry")):
            wanted, wanted_order = _canonical(
                _fragment(plain, unit.atoms, [getattr(unit, kept)], capped=getattr(unit, capped))
            )
            found, order = _canonical(_fragment(plain, end.atoms, [joint]))
            if found == wanted:
                of_unit = {u: e for u, e in zip(wanted_order, order, strict=True) if u < len(end.atoms)}
                atoms = [end.atoms[of_unit[u]] for u in range(len(end.atoms))]
                return _Piece(unit.unit, atoms, **{"entry": None, "exit": None, kept: joint})
    return None


def _fragment(
    plain: Chem.Mol,
    atoms: Sequence[int],
    joints: Sequence[tuple[int, int]],
    capped: tuple[int, int] | None = None,
) -> Chem.Mol:
    """The molecule of some atoms, in their order, and behind them an attachment point for each bond that leads out of it.

    A bond that is `capped` ends with hydrogen instead.
    """
    part = Chem.RWMol()
    own = {i: part.AddAtom(plain.GetAtomWithIdx(i)) for i in atoms}
    for i in atoms:
        for bond in plain.GetAtomWithIdx(i).GetBonds():
            other = bond.GetOtherAtomIdx(i)
            if other in own and i < other:
                part.AddBond(own[i], own[other], bond.GetBondType())
    if capped is not None:
        atom = part.GetAtomWithIdx(own[capped[0]])
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() + atom.GetNoImplicit())
    for inside, _ in joints:
        part.AddBond(own[inside], part.AddAtom(Chem.Atom(0)), Chem.BondType.SINGLE)
    Chem.SanitizeMol(part)
    return part


def _unusual_cut(plain: Chem.Mol, joint: tuple[int, int]) -> int:
    """0 where chemists cut, between a heteroatom and an acyl group; 1 beside a heteroatom; 2 elsewhere."""
    atoms = [plain.GetAtomWithIdx(i) for i in joint]
    carbons = [a for a in atoms if a.GetAtomicNum() == 6]
    if len(carbons) != 1:
        return 2
    acyl = any(b.GetBondType() == Chem.BondType.DOUBLE for b in carbons[0].GetBonds() if not b.IsInRing())
    return 0 if acyl else 1


def _piece(
    segments: Sequence[_Segment], joints: Sequence[tuple[int, int]], directed: bool, start: int, stop: int
) -> _Piece:
    """Segments `start` to `stop` - 1 in one piece, read in the direction of the lesser text unless directed."""
    part = segments[start:stop]
    forward = tuple(s.forward for s in part)
    backward = tuple(s.backward for s in reversed(part))
    entry = joints[start - 1][::-1] if start else None
    leave = joints[stop - 1] if stop < len(segments) else None
    if directed or forward <= backward:
        return _Piece(forward, [i for s in part for i in s.forward_atoms], entry, leave)
    return _Piece(backward, [i for s in reversed(part) for i in s.backward_atoms], leave, entry)


def _segments(plain: Chem.Mol, path: Sequence[int]) -> tuple[list[_Segment], list[tuple[int, int]]]:
    """The pieces of a backbone between its single bonds outside rings, and these bonds as (left atom, right atom)."""
    joints = []
    for left, right in itertools.pairwise(path):
        bond = plain.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            joints.append((left, right))
    cut = Chem.RWMol(plain)
    stars = {}
    for left, right in joints:
        cut.RemoveBond(left, right)
        for atom, label in ((left, 2), (right, 1)):
            star = Chem.Atom(0)
            star.SetIsotope(label)
            stars[cut.AddAtom(star)] = label
            cut.AddBond(atom, max(stars), Chem.BondType.SINGLE)
    # Aromaticity is the oligomer's: only the rings have to be known for SMILES to be written.
    Chem.FastFindRings(cut)
    members: list[tuple[int, ...]] = []
    fragments = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=members)
    of_atom = {atom: n for n, atoms in enumerate(members) for atom in atoms}
    starts = [path[0], *(right for _, right in joints)]
    segments = [_segment(fragments[of_atom[s]], members[of_atom[s]], stars) for s in starts]
    if len(segments) > 2:
        segments[0] = _as_inner(segments[0], segments[1:-1], lacking=1)
        segments[-1] = _as_inner(segments[-1], segments[1:-1], lacking=2)
    return segments, joints


def _segment(fragment: Chem.Mol, members: Sequence[int], stars: dict[int, int]) -> _Segment:
    def read(molecule: Chem.Mol) -> tuple[str, list[int]]:
        text = Chem.MolToSmiles(molecule)
        return text, [members[i] for i in _output_order(molecule) if members[i] not in stars]

    forward, forward_atoms = read(fragment)
    turned = Chem.Mol(fragment)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    backward, backward_atoms = read(turned)
    return _Segment(forward, backward, forward_atoms, backward_atoms)


def _as_inner(end: _Segment, inner: Sequence[_Segment], lacking: int) -> _Segment:
    """An end segment as the inner one it would be if the chain went on instead of ending with hydrogen, where there is one."""
    for (forward, backward), _ in Counter((s.forward, s.backward) for s in inner).most_common():
        atoms = _matched(end.forward, end.forward_atoms, forward, lacking)
        turned = _matched(end.backward, end.backward_atoms, backward, 3 - lacking)
        if atoms is not None and turned is not None:
            return _Segment(forward, backward, atoms, turned)
    return end


def _matched(text: str, atoms: Sequence[int], inner: str, lacking: int) -> list[int] | None:
    """`atoms` of `text` in the order of the text `inner`, if that is `text` but for the attachment point `lacking`."""
    end, capped = Chem.MolFromSmiles(text), Chem.RWMol(Chem.MolFromSmiles(inner))
    for atom in capped.GetAtoms():
        if atom.GetAtomicNum() == 0 and atom.GetIsotope() == lacking:
            capped.ReplaceAtom(atom.GetIdx(), Chem.Atom(1))
    capped = Chem.RemoveHs(capped)
    (found, order), (wanted, wanted_order) = _canonical(end), _canonical(capped)
    if found != wanted:
        return None
    place = dict(zip(wanted_order, order, strict=True))
    of_end = dict(zip(_not_stars(end), atoms, strict=True))
    return [of_end[place[i]] for i in _not_stars(capped)]


def _not_stars(molecule: Chem.Mol) -> list[int]:
    return [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum()]


def _assemble(plain: Chem.Mol, division: _Division) -> Repeats:
    """The repeats of a division; the units are drawn without stereochemistry, which may differ from copy to copy."""
    drawn = Chem.Mol()
    places: dict[tuple[str, ...], tuple[list[int], int, int]] = {}
    for unit, piece in division.units.items():
        start, stop = drawn.GetNumAtoms(), drawn.GetNumAtoms() + len(piece.atoms)
        places[unit] = (list(range(start, stop)), stop, stop + 1)
        drawn = Chem.CombineMols(drawn, _fragment(plain, piece.atoms, [piece.entry, piece.exit]))
    text = Chem.MolToSmiles(drawn)
    number = np.argsort(_output_order(drawn))
    atom = np.full(plain.GetNumAtoms(), -1, np.int64)
    copy = np.full(plain.GetNumAtoms(), -1, np.int64)
    links = {}
    for k, piece in enumerate(division.copies):
        own, *stars = places[piece.unit]
        atom[piece.atoms] = number[own]
        copy[piece.atoms] = k
        links.update({joint: int(number[star]) for joint, star in zip((piece.entry, piece.exit), stars, strict=True)})
    links.pop(None, None)
    unit = Chem.MolFromSmiles(text)
    if len(places) > 1:
        return Repeats(text, len(division.copies), atom, copy, links, *_alike(unit))
    _, head, tail = next(iter(places.values()))
    alike = _alike_in_chain(unit, int(number[head]), int(number[tail]))
    return Repeats(text, len(division.copies), atom, copy, links, *alike)


def _alike(molecule: Chem.Mol) -> tuple[np.ndarray, np.ndarray]:
    """Classes of symmetric atoms and bonds of a molecule."""
    ranks = np.array(list(Chem.CanonicalRankAtoms(molecule, breakTies=False)))
    pairs = [sorted((ranks[b.GetBeginAtomIdx()], ranks[b.GetEndAtomIdx()])) for b in molecule.GetBonds()]
    return ranks, _numbered(pairs)


def _alike_in_chain(unit: Chem.Mol, head: int, tail: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes of atoms and bonds of a unit that colour refinement can't tell apart in the endless chain of that unit."""
    own = _not_stars(unit)
    place = {i: k for k, i in enumerate(own)}
    first, last = (unit.GetAtomWithIdx(star).GetNeighbors()[0].GetIdx() for star in (head, tail))
    inner = [b for b in unit.GetBonds() if not {b.GetBeginAtomIdx(), b.GetEndAtomIdx()} & {head, tail}]
    # Three copies in a ring have the neighbourhoods of an endless chain, and no two bonds between the same atoms.
    ends, kinds = [], []
    for k in range(3):
        for b in inner:
            ends.append((k * len(own) + place[b.GetBeginAtomIdx()], k * len(own) + place[b.GetEndAtomIdx()]))
            kinds.append(f"{b.GetBondType()} {b.IsInRing()}")
        ends.append((k * len(own) + place[last], (k + 1) % 3 * len(own) + place[first]))
        kinds.append("SINGLE False")
    atoms = [
        f"{a.GetSymbol()} {a.GetFormalCharge()} {a.GetIsAromatic()} {a.GetTotalNumHs()}"
        for a in (unit.GetAtomWithIdx(i) for i in own)
    ]
    source, target = np.array([*ends, *(e[::-1] for e in ends)]).T
    order = np.argsort(source, kind="stable")
    atom_texts, bond_texts = sorted(set(atoms)), sorted(set(kinds))
    graph = MolecularGraph(
        tuple(atom_texts),
        np.array([atom_texts.index(a) for a in atoms] * 3),
        tuple(bond_texts),
        np.array([bond_texts.index(k) for k in kinds * 2])[order],
        np.stack([source, target], axis=1)[order],
    )
    _, atom_classes, bond_classes = refine(graph, len(own) + 1)
    of_bond = {(int(i), int(j)): int(c) for (i, j), c in zip(graph.connectivity, bond_classes[-1], strict=True)}
    alike_atoms = np.full(unit.GetNumAtoms(), -1, np.int64)
    alike_atoms[own] = atom_classes[-1][: len(own)]
    link = ends[len(inner)]
    pairs = []
    for b in unit.GetBonds():
        begin, end = b.GetBeginAtomIdx(), b.GetEndAtomIdx()
        i, j = link if {begin, end} & {head, tail} else (place[begin], place[end])
        pairs.append(sorted((of_bond[i, j], of_bond[j, i])))
    return alike_atoms, _numbered(pairs)


def _numbered(pairs: Sequence[Sequence[int]]) -> np.ndarray:
    """Number of each distinct pair."""
    numbers: dict[tuple[int, ...], int] = {}
    return np.array([numbers.setdefault(tuple(map(int, pair)), len(numbers)) for pair in pairs], np.int64)
