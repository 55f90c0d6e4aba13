"""The standard repeat unit of a chain: the same however the chain was cut, turned, multiplied or written."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from polyid.chemistry.chain import MAX_HEAVY_ATOMS, joined
from polyid.chemistry.cutting import (
    Cut,
    composition,
    cut_elsewhere,
    cuts_of,
    first_part,
    on_heads_side,
    recut,
    single_bond_between_rings,
)
from polyid.chemistry.repeat_unit import Ladder, Unit, unit_of
from polyid.chemistry.smiles import atoms_of

T = TypeVar("T")

# More cuts of equal merit are told apart by the atoms beside them before each is tried.
_TRIED = 4
_HETEROATOMS = {"O": 0, "N": 1, "S": 2}
_COUNT_OF_ELEMENT = re.compile(r"[A-Z][a-z]?(\d*)")
_WRITTEN_ORDER = "_smilesAtomOutputOrder"
_METALLOIDS = ("Si", "P", "B", "Se")


def standard_unit(unit: Unit, *, one_atom_twice: bool = True) -> Unit:
    """The unit by which a chain is named and built: its smallest, as `framed_unit` cuts it.

    A backbone of one atom is taken twice if asked for, as polyethylene is C2H4. A ladder that a single bond holds together is a
    linear chain. Configurations are kept.
    """
    return framed_unit(unframed_unit(unit, one_atom_twice=one_atom_twice))


def unframed_unit(unit: Unit, *, one_atom_twice: bool = True) -> Unit:
    """The unit of which `framed_unit` makes the standard unit."""
    if isinstance(unit, Ladder) and (bond := single_bond_between_rings(unit)):
        unit = cut_elsewhere(unit, (bond,))
    unit = _smallest(unit)
    if one_atom_twice and unit.has_one_atom:
        unit = joined([unit, unit])
    return unit


def framed_unit(unit: Unit) -> Unit:
    """A unit of the same size, cut where chemists cut, its head first.

    The bond between units is, in this order, one between O, N or S and an acyl, sulphonyl or phosphoryl group, between O, N or S
    and another atom, between two saturated atoms, another one. The head is its heteroatom or, between two carbon atoms, the
    less substituted one (vinyl monomers join head to tail). What this leaves open is decided by the alphabet.
    """
    ways = _best_ways(unit)
    if len(ways) == 1 or unit.heavy_atoms > MAX_HEAVY_ATOMS // 2:  # too large for a chain of two
        return _cut_at(unit, *ways[0])
    if len(unit.strands) == 1 and not unit.has_stereo:
        return _cut_at(unit, *min(ways, key=lambda way: _labelled_smiles(unit, _flat_cut(unit, way[0]), way[1])))
    return unit_of(Chem.MolFromSmiles(min(_text(_cut_at(unit, *way)) for way in ways)))


def framed_smiles(unit: Unit) -> tuple[str, Chem.Mol, list[int]]:
    """Canonical SMILES of the `framed_unit` of a linear unit without configurations, which needn't be made for it.

    Returns
    -------
    smiles, molecule, order : str, rdkit.Chem.Mol, list of int
        What it was written of, and the number in it of each atom of the SMILES.
    """
    ways = _best_ways(unit)
    cuts = {cut for cut, _ in ways}
    flat = {cut: _flat_cut(unit, cut) for cut in cuts}
    best = ways[0][0]
    # With one cut the direction makes no difference here.
    if len(cuts) > 1 and unit.heavy_atoms <= MAX_HEAVY_ATOMS // 2:
        best, _ = min(ways, key=lambda way: _labelled_smiles(unit, flat[way[0]], way[1]))
        for point in (unit.head, unit.tail):
            flat[best].GetAtomWithIdx(point).SetIsotope(0)
    smiles = str(Chem.MolToSmiles(flat[best]))
    flat[best].UpdatePropertyCache()
    return smiles, flat[best], [int(place) for place in flat[best].GetProp(_WRITTEN_ORDER).strip("[],").split(",")]


def canonical_unit(unit: Unit) -> str:
    """Canonical SMILES of the standard unit; the strands of a ladder are labelled."""
    text = _text(standard_unit(unit))
    return text if text.count("*") > 2 else Chem.CanonSmiles(text.replace("[1*]", "*").replace("[2*]", "*"))


def _turned(unit: Unit) -> Unit:
    if isinstance(unit, Ladder):
        return replace(unit, head=unit.tail, tail=unit.head, second=unit.second[::-1])
    return replace(unit, head=unit.tail, tail=unit.head)


def _text(unit: Unit) -> str:
    """Canonical SMILES of a unit with heads and tails labelled as `unit_of` reads them; either strand may be the first."""
    labelled = Chem.Mol(unit.molecule)
    Chem.SanitizeMol(labelled)
    texts = []
    for strands in itertools.permutations(unit.strands):
        for number, (head, tail) in enumerate(strands, 1):
            labelled.GetAtomWithIdx(head).SetIsotope(number)
            labelled.GetAtomWithIdx(tail).SetIsotope(number + len(strands))
        texts.append(Chem.MolToSmiles(labelled))
    return min(texts)


def _flat_cut(unit: Unit, cut: Cut | None) -> Chem.RWMol:
    """The flat molecule of a linear unit cut elsewhere: bonds are aromatic wherever it is cut, so they needn't be found again."""
    if cut is None:
        return Chem.RWMol(unit.flat)
    molecule = recut(Unit(unit.flat, unit.head, unit.tail), cut)
    Chem.GetSymmSSSR(molecule)
    return molecule


def _labelled_smiles(unit: Unit, flat: Chem.RWMol, turned: bool) -> str:
    """The `_text` of a linear unit by its flat molecule, which keeps the labels."""
    for point, label in zip((unit.head, unit.tail), (2, 1) if turned else (1, 2), strict=True):
        flat.GetAtomWithIdx(point).SetIsotope(label)
    return str(Chem.MolToSmiles(flat))


def _smallest(unit: Unit) -> Unit:
    """The unit of which this one is a multiple, or this one."""
    # Of a unit that is twice another, there is an even number of bonds, of every element and of every kind of atom.
    elements = _COUNT_OF_ELEMENT.findall(rdMolDescriptors.CalcMolFormula(unit.molecule))
    bonds = unit.molecule.GetNumBonds() - len(unit.strands)
    if math.gcd(bonds, *(int(count or 1) for count in elements)) == 1:
        return unit
    atoms = Counter((atom.GetAtomicNum(), atom.GetDegree()) for atom in atoms_of(unit.molecule) if atom.GetAtomicNum())
    if math.gcd(*atoms.values()) == 1:
        return unit
    rank = _Ranks(unit)
    here = rank(None, False)
    cuts = [cut for cut in cuts_of(unit) if rank(cut, False) == here]
    whole = composition(unit.molecule, range(unit.molecule.GetNumAtoms() if cuts else 0))
    texts: set[str] = set()
    for cut, side in sorted(zip(cuts, on_heads_side(unit, cuts), strict=True), key=lambda part: part[1].total()):
        times, rest = divmod(whole.total(), side.total())
        if rest or times < 2:
            continue
        if {atom: times * count for atom, count in side.items()} == whole:
            part = first_part(unit, cut)
            texts = texts or {_text(unit), _text(_turned(unit))}
            if _text(joined([part] * times)) in texts:
                return part
    return unit


def _best_ways(unit: Unit) -> list[tuple[Cut | None, bool]]:
    """The best places to cut a chain, with the directions to read it, that can't be told apart by what lies beside them."""
    ways = [(cut, turned) for cut in (None, *cuts_of(unit)) for turned in (False, True)]
    rank = _Ranks(unit)
    if len(unit.strands) == 1:
        ways = rank.likely(ways)
    ranks = [rank(*way) for way in ways]
    least = min(ranks)
    best = [way for way, merit in zip(ways, ranks, strict=True) if merit == least]
    if len(best) > _TRIED and (beside := _beside(unit, [cut for cut, _ in best])):
        first = min(beside)
        best = [way for way, atoms in zip(best, beside, strict=True) if atoms == first]
    return best


def _cut_at(unit: Unit, cut: Cut | None, turned: bool) -> Unit:
    unit = unit if cut is None else cut_elsewhere(unit, cut)
    return _turned(unit) if turned else unit


def _bonds(unit: Unit, cut: Cut | None) -> Cut:
    """The bonds of a cut; without one, those between this unit and the next."""
    return cut or tuple((unit.neighbour(tail), unit.neighbour(head)) for head, tail in unit.strands)


def _beside(unit: Unit, cuts: Sequence[Cut | None]) -> list[list[list[int]]]:
    """Canonical ranks of the atoms beside each cut, in the ring that a unit makes with itself; empty where it makes none."""
    ring = Chem.RWMol(unit.molecule)
    for point in (*unit.heads, *unit.tails):
        ring.RemoveBond(point, unit.neighbour(point))
    for left, right in _bonds(unit, None):
        if left == right or ring.GetBondBetweenAtoms(left, right):
            return []
        ring.AddBond(left, right, Chem.BondType.SINGLE)
    Chem.SanitizeMol(ring)
    ranks = list(Chem.CanonicalRankAtoms(ring, breakTies=False))
    return [sorted(sorted(ranks[atom] for atom in bond) for bond in _bonds(unit, cut)) for cut in cuts]


class _Ranks:
    """Where chemists would rather cut a chain, or between units at no cut: the less, the more so. A ladder has no direction."""

    def __init__(self, unit: Unit):
        self._unit = unit
        self._atoms = _Once(lambda index: _end_atom(unit.molecule.GetAtomWithIdx(index)))
        self._symbols = _Once(lambda index: unit.molecule.GetAtomWithIdx(index).GetSymbol())

    def __call__(self, cut: Cut | None, turned: bool) -> list[tuple[int, ...]]:
        bonds = _bonds(self._unit, cut)
        if len(bonds) > 1:
            return sorted(min(self._of_bond(*bond), self._of_bond(*bond[::-1])) for bond in bonds)
        return [self._of_bond(*bonds[0][:: -1 if turned else 1])]

    def likely(self, ways: Sequence[tuple[Cut | None, bool]]) -> list[tuple[Cut | None, bool]]:
        """Those of a linear unit that are the best by the elements at the cut, so that few atoms are looked at closely."""
        (between,) = _bonds(self._unit, None)
        kinds = []
        for cut, turned in ways:
            last, first = cut[0] if cut else between
            kinds.append(self._kind(first, last) if turned else self._kind(last, first))
        least = min(kinds)
        return [way for way, kind in zip(ways, kinds, strict=True) if kind == least]

    def _of_bond(self, last: int, first: int) -> tuple[int, ...]:
        """The less, the more a bond from the tail of a unit to the head of the next is like this one."""
        kind = self._kind(last, first)
        tail, head = self._atoms[last], self._atoms[first]
        if len(kind) > 1:
            return *kind, tail.unsaturated, tail.degree
        return *kind, tail.unsaturated + head.unsaturated, head.degree, tail.degree

    def _kind(self, last: int, first: int) -> tuple[int, ...]:
        """What the elements and the acyl group decide; it comes first in the rank of a bond."""
        hetero = _HETEROATOMS.get(self._symbols[first])
        tail = self._symbols[last]
        if hetero is None:
            return (4,) if tail in _HETEROATOMS else (3,)
        if self._atoms[last].acyl:
            return 0, hetero
        if tail in _HETEROATOMS:
            return (4,)
        return 1 if tail in _METALLOIDS else 2, hetero


class _Once(dict[int, T]):
    """What a function gives of each atom that is asked for, called once for it."""

    def __init__(self, read: Callable[[int], T]):
        super().__init__()
        self._read = read

    def __missing__(self, index: int) -> T:
        self[index] = value = self._read(index)
        return value


class _EndAtom(NamedTuple):
    """What of an atom at a cut decides; `acyl` is of an atom with a double bond to O or S: of an acid, a sulphone, a phosphate."""

    degree: int
    acyl: bool
    unsaturated: bool


def _end_atom(atom: Chem.Atom) -> _EndAtom:
    # RDKit's enums take long to read.
    orders = [(bond.GetBondTypeAsDouble(), bond) for bond in atom.GetBonds()]
    multiple = [(order, bond) for order, bond in orders if order != 1.0]
    acyl = any(order == 2.0 and bond.GetOtherAtom(atom).GetSymbol() in ("O", "S") for order, bond in multiple)
    return _EndAtom(len(orders), acyl, bool(multiple))
