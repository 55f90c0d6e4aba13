"""Joining repeat units head to tail to a chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rdkit import Chem

from polyid.chemistry.repeat_unit import Unit, unit_of
from polyid.chemistry.smiles import atoms_of, bonds_of, read_molecule
from polyid.chemistry.tacticity import (
    CLOCKWISE,
    COUNTERCLOCKWISE,
    dyad_hands,
    open_backbone_centres,
    with_chirality_tag,
)
from polyid.errors import PolymerError

MAX_HEAVY_ATOMS = 2_000

# RDKit's stubs have no types for the settings.
_ALL_HYDROGENS: Any = Chem.RemoveHsParameters()
# RDKit keeps hydrogens that a double bond's configuration was written with; at a chain end it then has none.
_ALL_HYDROGENS.removeDefiningBondStereo = True


def chain(units: Sequence[Unit], cap: int = 1, *, labelled: bool = False) -> Chem.Mol:
    """Join units head to tail, each strand for itself, and cap the ends.

    Bonds between units are added behind a unit's own, so the neighbour order of the atoms they join differs from the
    unit's; chirality tags, which refer to that order, are inverted where the permutation is odd.

    Parameters
    ----------
    units : sequence of Unit
        In the order of the chain.
    cap : int
        Atomic number of the atoms at the ends: 1 hydrogen, 0 an attachment point.
    labelled : bool
        Whether these atoms have isotopes that say which is which, as `polyid.chemistry.repeat_unit.unit_of` reads them.

    Returns
    -------
    rdkit.Chem.Mol
        Sanitised, without explicit hydrogens, stereochemistry kept.
    """
    molecule = Chem.RWMol()
    # The open end of each strand so far.
    strands = len(units[0].strands)
    ends = [molecule.AddAtom(_cap(cap, label if labelled else 0)) for label in range(1, strands + 1)]
    double_bonds = []
    # Where each unit's atoms, and the points that neighbours stand for, lie in the chain.
    indices: list[dict[int, int]] = []
    # A chain is mostly one unit many times, and to read it takes longer than to copy it.
    copied = {key: _without_points(unit) for key, unit in {id(unit): unit for unit in units}.items()}
    for number, unit in enumerate(units):
        atoms, index, unit_double_bonds = copied[id(unit)]
        start = molecule.GetNumAtoms()
        molecule.InsertMol(atoms)
        in_chain = {old: start + new for old, new in index.items()}
        double_bonds += [(bond, in_chain) for bond in unit_double_bonds]
        for strand, ((head, _), end) in enumerate(zip(unit.strands, ends, strict=True)):
            first = in_chain[unit.neighbour(head)]
            molecule.AddBond(end, first, Chem.BondType.SINGLE)
            in_chain[head] = end
            if number:
                indices[-1][units[number - 1].strands[strand][1]] = first
        indices.append(in_chain)
        ends = [in_chain[unit.neighbour(tail)] for _, tail in unit.strands]
    for label, ((_, tail), end) in enumerate(zip(units[-1].strands, ends, strict=True), strands + 1):
        indices[-1][tail] = last = molecule.AddAtom(_cap(cap, label if labelled else 0))
        molecule.AddBond(end, last, Chem.BondType.SINGLE)

    Chem.SanitizeMol(molecule)
    for bond, in_chain in double_bonds:
        copy = molecule.GetBondBetweenAtoms(in_chain[bond.GetBeginAtomIdx()], in_chain[bond.GetEndAtomIdx()])
        copy.SetStereoAtoms(*(in_chain[atom] for atom in bond.GetStereoAtoms()))
        cis = bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
        copy.SetStereo(Chem.BondStereo.STEREOCIS if cis else Chem.BondStereo.STEREOTRANS)
    # RDKit's stereo clean-up reads the directions of the bonds beside a double bond, not the flags just set.
    Chem.SetDoubleBondNeighborDirections(molecule)
    Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)
    return Chem.RemoveHs(molecule, _ALL_HYDROGENS)


def joined(units: Sequence[Unit]) -> Unit:
    """Units joined head to tail as one longer unit."""
    return unit_of(chain(units, cap=0, labelled=True))


def _cap(atomic_number: int, label: int) -> Chem.Atom:
    atom = Chem.Atom(atomic_number)
    atom.SetIsotope(label)
    return atom


def _without_points(unit: Unit) -> tuple[Chem.Mol, dict[int, int], list[Chem.Bond]]:
    """A unit's atoms and bonds without its attachment points, new index of each atom, and double bonds with a geometry.

    Chirality tags are those that the atoms have when bonds to the neighbouring units are added.
    """
    points = [point for strand in unit.strands for point in strand]
    molecule, index, double_bonds = Chem.RWMol(), {}, []
    for atom in atoms_of(unit.molecule):
        if atom.GetIdx() not in points:
            index[atom.GetIdx()] = molecule.AddAtom(atom)
    for bond in bonds_of(unit.molecule):
        begin, finish = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if begin in index and finish in index:
            molecule.AddBond(index[begin], index[finish], bond.GetBondType())
        if bond.GetStereo() > Chem.BondStereo.STEREOANY:
            double_bonds.append(bond)
    for joined in {unit.neighbour(point) for point in points}:
        if _reordered(unit, joined):
            molecule.GetAtomWithIdx(index[joined]).InvertChirality()
    return molecule, index, double_bonds


def _reordered(unit: Unit, index: int) -> bool:
    """Whether moving an atom's bonds to heads and tails behind its other bonds is an odd permutation."""
    neighbours = [bond.GetOtherAtomIdx(index) for bond in unit.molecule.GetAtomWithIdx(index).GetBonds()]
    points = [head for head, _ in unit.strands] + [tail for _, tail in unit.strands]
    rank = {point: len(neighbours) + place for place, point in enumerate(points)}
    return is_odd([rank.get(neighbour, position) for position, neighbour in enumerate(neighbours)])


def is_odd(order: Sequence[int]) -> bool:
    """Whether a permutation is odd: it inverts a chirality tag, which refers to the order of an atom's neighbours."""
    return sum(a > b for position, a in enumerate(order) for b in order[position + 1 :]) % 2 == 1


def canonical(molecule: Chem.Mol) -> str:
    """Canonical SMILES; the detour through text makes it independent of how the molecule was put together."""
    return Chem.MolToSmiles(read_molecule(Chem.MolToSmiles(molecule)))


def repeated(unit: Unit, degree: int, pm: float | None, seed: int) -> list[Unit]:
    """The units of a chain: one unit `degree` times, or as often as 2,000 heavy atoms allow.

    Parameters
    ----------
    unit : Unit
    degree : int
        Repeat units.
    pm : float or None
        Share of meso dyads; sets the one backbone stereocentre whose configuration is not written, if there is one.
    seed : int
        Of the order of meso and racemo dyads.

    Raises
    ------
    PolymerError
        The unit is too large, or has several stereocentres that `pm` could mean.
    """
    repeats = min(degree, MAX_HEAVY_ATOMS // unit.heavy_atoms)
    if repeats < 2:
        raise PolymerError(
            f"The repeat unit has {unit.heavy_atoms:,} heavy atoms; two of them pass the limit of {MAX_HEAVY_ATOMS:,}."
        )
    units = [unit] * repeats
    if pm is not None and len(unit.strands) > 1:
        raise PolymerError("pm is given, but the tacticity of a ladder polymer is not supported; leave pm out.")
    if pm is not None:
        centres = open_backbone_centres(unit)
        if len(centres) > 1:
            raise PolymerError(
                f"pm is given, but the repeat unit has {len(centres)} backbone stereocentres without a configuration; "
                "write that of all but one with @ or @@, or leave pm out."
            )
        if centres:
            hands = [with_chirality_tag(unit, centres[0], tag) for tag in (CLOCKWISE, COUNTERCLOCKWISE)]
            units = [hands[hand] for hand in dyad_hands(repeats, pm, seed)]
    return units
