"""Repeat units taken to pieces at single bonds, in the one way that doesn't depend on where a chain is cut into units.

A bond is cut by what its two atoms are, not by what lies behind them: a chain has the same pieces whichever of its units is
looked at, and so has every chain that is put together of such pieces.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import NamedTuple

from rdkit import Chem, rdBase

from polyid.chemistry.chain import joined
from polyid.chemistry.forms import PolymerForm, parse_polymer
from polyid.chemistry.repeat_unit import Ladder, Unit, unit_of
from polyid.chemistry.smiles import atoms_of, bonds_of

_HEAD, _TAIL, _SIDE = 1, 2, 3
_POINT = re.compile(r"\(\[([123])\*\]\)|\[([123])\*\]")


@dataclass(frozen=True)
class Piece:
    """A part of a chain and the bonds it was cut at: of a backbone's, those to the pieces before and behind it come first; of a
    side group's, the one that it hangs on.

    Attributes
    ----------
    text : str
        SMILES with a field ``{0}``, ``{1}`` … for each bond, behind the atom that it is a bond of.
    ends : tuple of str
        What is at each of these bonds: the atom, with its hydrogens and its neighbours in the piece.
    atoms : int
        Heavy atoms.
    """

    text: str
    ends: tuple[str, ...]
    atoms: int


class Filled(NamedTuple):
    """A piece and the side groups at its other bonds, in their order; `turned` is the piece read from behind, of a backbone's."""

    piece: Piece
    sides: tuple[Filled, ...]
    turned: Piece | None = None

    @property
    def heavy_atoms(self) -> int:
        """Of the piece and all that hangs on it."""
        return self.piece.atoms + sum(side.heavy_atoms for side in self.sides)


def taken_apart(smiles: str) -> tuple[Filled, ...]:
    """The pieces of a repeat unit's backbone, in order, with their side groups; none of a chain without a bond to cut.

    Bonds to cut are single, in no ring, and lie between carbon atoms, or between a carbon that is no acid's or nitrile's and a
    heteroatom, none of them an end of the molecule: esters, amides, sulphones, silanes and substituents of one atom stay whole.

    Parameters
    ----------
    smiles : str
        A repeat unit with two attachment points; of a ladder or any other form there are no pieces. Configurations are left out.

    Raises
    ------
    PolymerError
        It can't be read.
    """
    molecule, form = parse_polymer(smiles)
    if form is not PolymerForm.REPEAT_UNIT:
        return ()
    with rdBase.BlockLogs():
        Chem.RemoveStereochemistry(molecule)
        unit = unit_of(molecule)
        whole = isinstance(unit, Ladder) or _has_odd_atoms(molecule)
        return () if whole else _backbone(joined([unit] * 3))


def _has_odd_atoms(molecule: Chem.Mol) -> bool:
    """Whether there is hydrogen that is an atom of its own, or a charge whose counterpart is no neighbour."""
    for atom in atoms_of(molecule):
        charge = atom.GetFormalCharge()
        if atom.GetAtomicNum() == 1:
            return True
        if charge and not any(other.GetFormalCharge() * charge < 0 for other in atom.GetNeighbors()):
            return True
    return False


def _backbone(three: Unit) -> tuple[Filled, ...]:
    """The pieces of the backbone from its first cut to the same cut a unit on, of a chain of three units."""
    chain = Chem.Mol(three.molecule)
    Chem.SanitizeMol(chain)
    path = Chem.GetShortestPath(chain, three.head, three.tail)
    period = (len(path) - 2) // 3
    bonds = [chain.GetBondBetweenAtoms(*pair) for pair in itertools.pairwise(path)]
    places = [place for place, bond in enumerate(bonds) if _can_be_cut(bond)]
    if not places or places[0] + period not in places:
        return ()
    parts = _Parts(chain)
    cuts = [place for place in places if place <= places[0] + period]
    number = {place: parts.number[bonds[place].GetIdx()] for place in cuts}
    return tuple(
        parts.of_backbone(path[left + 1], number[left], number[right]) for left, right in itertools.pairwise(cuts)
    )


def _can_be_cut(bond: Chem.Bond) -> bool:
    if bond.GetBondType() != Chem.BondType.SINGLE or bond.IsInRing():
        return False
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    if any(atom.GetDegree() == 1 for atom in ends):
        return False
    carbon = [atom for atom in ends if atom.GetAtomicNum() == 6]
    return len(carbon) == 2 or (len(carbon) == 1 and not _is_acyl(carbon[0]))


def _is_acyl(carbon: Chem.Atom) -> bool:
    """Whether a carbon has a multiple bond, not an aromatic one, to a heteroatom."""
    multiple = (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
    return any(
        bond.GetBondType() in multiple and bond.GetOtherAtom(carbon).GetAtomicNum() != 6 for bond in carbon.GetBonds()
    )


class _Parts:
    """A molecule cut at all bonds that can be cut.

    Attributes
    ----------
    number : dict of int to int
        By which the two attachment points of a bond, given by its index, know each other: their isotope.
    """

    def __init__(self, molecule: Chem.Mol):
        cut = [bond.GetIdx() for bond in bonds_of(molecule) if _can_be_cut(bond)]
        self.number = {bond: n for n, bond in enumerate(cut, 1)}
        mapping: list[tuple[int, ...]] = []
        pieces = Chem.FragmentOnBonds(molecule, cut, dummyLabels=[(n, n) for n in self.number.values()])
        self._parts = Chem.GetMolFrags(pieces, asMols=True, fragsMolAtomMapping=mapping)
        self._of_atom = {atom: part for part, atoms in enumerate(mapping) for atom in atoms}
        # Of each part its attachment points, by their number; those of the chain's own ends have none.
        self._points = [
            {atom.GetIsotope(): atom.GetIdx() for atom in atoms_of(part) if not atom.GetAtomicNum()}
            for part in self._parts
        ]

    def of_backbone(self, atom: int, head: int, tail: int) -> Filled:
        """The part that holds an atom, between the bonds numbered `head` and `tail`, with its side groups."""
        part = self._of_atom[atom]
        filled = self._filled(part, (head, tail))
        return filled._replace(turned=self._filled(part, (tail, head)).piece)

    def _filled(self, part: int, leading: tuple[int, ...]) -> Filled:
        """A part as a piece, its bonds numbered `leading` first, with what hangs on the others."""
        molecule, points = Chem.Mol(self._parts[part]), self._points[part]
        for number, point in points.items():
            place = leading.index(number) + 1 if number in leading else _SIDE
            molecule.GetAtomWithIdx(point).SetIsotope(place)
        root = molecule.GetAtomWithIdx(points[leading[0]]).GetNeighbors()[0].GetIdx()
        text = Chem.MolToSmiles(molecule, rootedAtAtom=root)
        order = list(molecule.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
        numbers = {point: number for number, point in points.items()}
        sides = [numbers[atom] for atom in order if atom in numbers and numbers[atom] not in leading]
        ends = tuple(_end(molecule, points[number]) for number in (*leading, *sides))
        piece = Piece(_with_fields(text, len(leading)), ends, molecule.GetNumHeavyAtoms())
        return Filled(piece, tuple(self._filled(self._beyond(part, number), (number,)) for number in sides))

    def _beyond(self, part: int, number: int) -> int:
        """The part on the other side of a bond."""
        return next(other for other, points in enumerate(self._points) if other != part and number in points)


def _with_fields(text: str, leading: int) -> str:
    """A SMILES with fields in the place of labelled attachment points."""
    sides = itertools.count(leading)

    def field(found: re.Match[str]) -> str:
        label = int(found[1] or found[2])
        return f"{{{next(sides) if label == _SIDE else label - 1}}}"

    return _POINT.sub(field, text)


def _end(molecule: Chem.Mol, point: int) -> str:
    """What an attachment point is bonded to."""
    atom = molecule.GetAtomWithIdx(point).GetNeighbors()[0]
    around = sorted(
        f"{bond.GetBondTypeAsDouble():g}{bond.GetOtherAtom(atom).GetSymbol()}"
        for bond in atom.GetBonds()
        if bond.GetOtherAtom(atom).GetAtomicNum()
    )
    aromatic = "aromatic " if atom.GetIsAromatic() else ""
    return f"{aromatic}{atom.GetSymbol()}{atom.GetDegree()}H{atom.GetTotalNumHs()} {' '.join(around)}"
