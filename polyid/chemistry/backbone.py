"""The standard repeat unit of a chain: the same however the chain was cut, turned, multiplied or written."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from rdkit import Chem

from polyid.chemistry.chain import MAX_HEAVY_ATOMS, joined
from polyid.chemistry.cutting import (
    Cut,
    composition,
    cut_elsewhere,
    cuts_of,
    first_part,
    on_heads_side,
    single_bond_between_rings,
)
from polyid.chemistry.repeat_unit import Ladder, Unit, unit_of

# More cuts of equal merit are told apart by the atoms beside them before each is tried.
_TRIED = 4
_HETEROATOMS = {"O": 0, "N": 1, "S": 2}
_METALLOIDS = ("Si", "P", "B", "Se")


def standard_unit(unit: Unit, *, one_atom_twice: bool = True) -> Unit:
    """The unit by which a chain is named and built: its smallest, as `framed_unit` cuts it.

    A backbone of one atom is taken twice if asked for, as polyethylene is C2H4. A ladder that a single bond holds together is a
    linear chain. Configurations are kept.
    """
    if isinstance(unit, Ladder) and (bond := single_bond_between_rings(unit)):
        unit = cut_elsewhere(unit, (bond,))
    unit = _smallest(unit)
    if one_atom_twice and unit.has_one_atom:
        unit = joined([unit, unit])
    return framed_unit(unit)


def framed_unit(unit: Unit) -> Unit:
    """A unit of the same size, cut where chemists cut, its head first.

    The bond between units is, in this order, one between O, N or S and an acyl, sulphonyl or phosphoryl group, between O, N or S
    and another atom, between two saturated atoms, another one. The head is its heteroatom or, between two carbon atoms, the
    less substituted one (vinyl monomers join head to tail). What this leaves open is decided by the alphabet.
    """
    ways = _best_ways(unit)
    if len(ways) == 1 or unit.heavy_atoms > MAX_HEAVY_ATOMS // 2:  # too large for a chain of two
        return _cut_at(unit, *ways[0])
    return unit_of(Chem.MolFromSmiles(min(_text(_cut_at(unit, *way)) for way in ways)))


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


def _smallest(unit: Unit) -> Unit:
    """The unit of which this one is a multiple, or this one."""
    here = _rank(unit, None, False)
    cuts = [cut for cut in cuts_of(unit) if _rank(unit, cut, False) == here]
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
    ranks = [_rank(unit, *way) for way in ways]
    best = [way for way, rank in zip(ways, ranks, strict=True) if rank == min(ranks)]
    if len(best) > _TRIED and (beside := _beside(unit, [cut for cut, _ in best])):
        best = [way for way, atoms in zip(best, beside, strict=True) if atoms == min(beside)]
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


def _rank(unit: Unit, cut: Cut | None, turned: bool) -> list[tuple[int, ...]]:
    """The less, the more a chain is cut there, or between units when None, as chemists cut. A ladder has no direction."""
    molecule, bonds = unit.molecule, _bonds(unit, cut)
    if len(bonds) > 1:
        return sorted(min(_bond_rank(molecule, *bond), _bond_rank(molecule, *bond[::-1])) for bond in bonds)
    return [_bond_rank(molecule, *bonds[0][:: -1 if turned else 1])]


def _bond_rank(molecule: Chem.Mol, last: int, first: int) -> tuple[int, ...]:
    """The less, the more a bond from the tail of a unit to the head of the next is like this one."""
    tail, head = molecule.GetAtomWithIdx(last), molecule.GetAtomWithIdx(first)
    hetero = _HETEROATOMS.get(head.GetSymbol())
    if hetero is None or (tail.GetSymbol() in _HETEROATOMS and not _is_acyl(tail)):
        unsaturated = sum(map(_is_unsaturated, (tail, head)))
        return 4 if tail.GetSymbol() in _HETEROATOMS else 3, unsaturated, head.GetDegree(), tail.GetDegree()
    group = 0 if _is_acyl(tail) else 1 if tail.GetSymbol() in _METALLOIDS else 2
    return group, hetero, _is_unsaturated(tail), tail.GetDegree()


def _is_acyl(atom: Chem.Atom) -> bool:
    """Whether an atom has a double bond to O or S: of an acid, a sulphone, a phosphate."""
    return any(
        bond.GetBondType() == Chem.BondType.DOUBLE and bond.GetOtherAtom(atom).GetSymbol() in ("O", "S")
        for bond in atom.GetBonds()
    )


def _is_unsaturated(atom: Chem.Atom) -> bool:
    return any(bond.GetBondType() != Chem.BondType.SINGLE for bond in atom.GetBonds())
