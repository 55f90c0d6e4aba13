"""A chain's backbone cut into segments and pieces."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem


@dataclass(frozen=True)
class Piece:
    """A piece of a chain: the text of its unit, its atoms in the order of the text, and the bonds (inner atom, outer atom) at
    its two ends, in the direction of the text; None at an end of the chain."""

    unit: tuple[str, ...]
    atoms: list[int]
    entry: tuple[int, int] | None
    exit: tuple[int, int] | None

    @property
    def joints(self) -> list[tuple[int, int]]:
        """The bonds that lead on to the chain."""
        return [joint for joint in (self.entry, self.exit) if joint is not None]


@dataclass(frozen=True)
class Segment:
    """A piece of the backbone between two cuts, read forwards and backwards: its text, and its atoms in an order the text sets."""

    forward: str
    backward: str
    forward_atoms: list[int]
    backward_atoms: list[int]


def output_order(molecule: Chem.Mol) -> list[int]:
    """Atoms in the order of the SMILES just written."""
    return list(molecule.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])


def canonical_order(molecule: Chem.Mol) -> tuple[str, list[int]]:
    """Canonical SMILES, read and written once more to be the same however the molecule was made, and its atoms in order."""
    first = Chem.MolFromSmiles(Chem.MolToSmiles(molecule))
    order = output_order(molecule)
    text = Chem.MolToSmiles(first)
    return text, [order[i] for i in output_order(first)]


def longest_path(plain: Chem.Mol) -> list[int]:
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


def fragment_with_points(
    plain: Chem.Mol,
    atoms: Sequence[int],
    joints: Sequence[tuple[int, int]],
    capped: tuple[int, int] | None = None,
) -> Chem.Mol:
    """The molecule of some atoms, in their order, and behind them an attachment point for each bond that leads out of it.

    A bond that is `capped` ends with hydrogen instead.
    """
    part = Chem.RWMol()
    index = {i: part.AddAtom(plain.GetAtomWithIdx(i)) for i in atoms}
    for i in atoms:
        for bond in plain.GetAtomWithIdx(i).GetBonds():
            other = bond.GetOtherAtomIdx(i)
            if other in index and i < other:
                part.AddBond(index[i], index[other], bond.GetBondType())
    if capped is not None:
        atom = part.GetAtomWithIdx(index[capped[0]])
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() + atom.GetNoImplicit())
    for inside, _ in joints:
        part.AddBond(index[inside], part.AddAtom(Chem.Atom(0)), Chem.BondType.SINGLE)
    Chem.SanitizeMol(part)
    return part


def read_piece(
    segments: Sequence[Segment], joints: Sequence[tuple[int, int]], directed: bool, start: int, stop: int
) -> Piece:
    """Segments `start` to `stop` - 1 in one piece, read in the direction of the lesser text unless directed."""
    part = segments[start:stop]
    forward = tuple(s.forward for s in part)
    backward = tuple(s.backward for s in reversed(part))
    entry = joints[start - 1][::-1] if start else None
    leave = joints[stop - 1] if stop < len(segments) else None
    if directed or forward <= backward:
        return Piece(forward, [i for s in part for i in s.forward_atoms], entry, leave)
    return Piece(backward, [i for s in reversed(part) for i in s.backward_atoms], leave, entry)


def backbone_segments(plain: Chem.Mol, path: Sequence[int]) -> tuple[list[Segment], list[tuple[int, int]]]:
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


def _segment(fragment: Chem.Mol, members: Sequence[int], stars: dict[int, int]) -> Segment:
    def read(molecule: Chem.Mol) -> tuple[str, list[int]]:
        text = Chem.MolToSmiles(molecule)
        return text, [members[i] for i in output_order(molecule) if members[i] not in stars]

    forward, forward_atoms = read(fragment)
    turned = Chem.Mol(fragment)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    backward, backward_atoms = read(turned)
    return Segment(forward, backward, forward_atoms, backward_atoms)


def _as_inner(end: Segment, inner: Sequence[Segment], lacking: int) -> Segment:
    """An end segment as the inner one it would be if the chain went on instead of ending with hydrogen, where there is one."""
    for (forward, backward), _ in Counter((s.forward, s.backward) for s in inner).most_common():
        atoms = _matched(end.forward, end.forward_atoms, forward, lacking)
        turned = _matched(end.backward, end.backward_atoms, backward, 3 - lacking)
        if atoms is not None and turned is not None:
            return Segment(forward, backward, atoms, turned)
    return end


def _matched(text: str, atoms: Sequence[int], inner: str, lacking: int) -> list[int] | None:
    """`atoms` of `text` in the order of the text `inner`, if that is `text` but for the attachment point `lacking`."""
    end, capped = Chem.MolFromSmiles(text), Chem.RWMol(Chem.MolFromSmiles(inner))
    for atom in capped.GetAtoms():
        if atom.GetAtomicNum() == 0 and atom.GetIsotope() == lacking:
            capped.ReplaceAtom(atom.GetIdx(), Chem.Atom(1))
    capped = Chem.RemoveHs(capped)
    (end_text, order), (wanted, wanted_order) = canonical_order(end), canonical_order(capped)
    if end_text != wanted:
        return None
    counterpart = dict(zip(wanted_order, order, strict=True))
    of_end = dict(zip(not_stars(end), atoms, strict=True))
    return [of_end[counterpart[i]] for i in not_stars(capped)]


def not_stars(molecule: Chem.Mol) -> list[int]:
    return [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum()]
