"""Hands of backbone stereocentres: meso and racemo dyads of a given share."""

from __future__ import annotations

import itertools
import random

from rdkit import Chem

from polyid.chemistry.repeat_unit import Unit
from polyid.chemistry.smiles import bonds_away

CLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CW
COUNTERCLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CCW


def open_backbone_centres(unit: Unit) -> list[int]:
    """Stereocentres on the shortest path between the attachment points whose configuration is not written."""
    probe = Chem.Mol(unit.molecule)
    # Head and tail lead to different parts of the chain, which RDKit can only know from a label.
    probe.GetAtomWithIdx(unit.head).SetIsotope(1)
    probe.GetAtomWithIdx(unit.tail).SetIsotope(2)
    backbone = Chem.GetShortestPath(probe, unit.head, unit.tail)
    return sorted(
        info.centeredOn
        for info in Chem.FindPotentialStereo(probe)
        if info.type == Chem.StereoType.Atom_Tetrahedral
        and info.specified != Chem.StereoSpecified.Specified
        and info.centeredOn in backbone
    )


def with_chirality_tag(unit: Unit, centre: int, tag: Chem.ChiralType) -> Unit:
    molecule = Chem.Mol(unit.molecule)
    molecule.GetAtomWithIdx(centre).SetChiralTag(tag)
    return Unit(molecule, unit.head, unit.tail)


def dyad_hands(units: int, pm: float, seed: int) -> list[int]:
    """Hand (0 or 1) of each unit such that a share `pm` of neighbours are alike (meso), in seeded random order."""
    generator = random.Random(seed)
    dyads = units - 1
    meso = int(dyads * pm)
    meso += generator.random() < dyads * pm - meso
    changes = [0] * meso + [1] * (dyads - meso)
    generator.shuffle(changes)
    hands = [0]
    for change in changes:
        hands.append(hands[-1] ^ change)
    return hands


def meso_share(molecule: Chem.Mol) -> float | None:
    """Share of meso dyads among neighbouring stereocentres of a chain; None where fewer than two are marked.

    Of four and more, the outermost at either end don't count: a longest path may leave the backbone there, through a side group.
    Two centres are alike if they look alike to who walks along the backbone: their neighbours before, behind and beside it
    turn the same way.
    """
    hands = [hand for atom in _backbone(molecule) if (hand := _hand(molecule, *atom)) is not None]
    hands = hands[1:-1] if len(hands) > 3 else hands
    dyads = [left == right for left, right in itertools.pairwise(hands)]
    return sum(dyads) / len(dyads) if dyads else None


def _backbone(molecule: Chem.Mol) -> list[tuple[int, int, int]]:
    """Atoms of a longest path between two ends, each with the one before and the one behind it."""
    far = int(bonds_away(molecule, 0).argmax())
    distance = bonds_away(molecule, far)
    path = list(Chem.GetShortestPath(molecule, far, int(distance.argmax()))) if distance.any() else []
    return [(before, atom, behind) for before, atom, behind in zip(path, path[1:], path[2:], strict=False)]


def _hand(molecule: Chem.Mol, before: int, atom: int, behind: int) -> bool | None:
    """Which way the neighbours of a marked centre turn, seen from the atom before it; None of a centre without a mark."""
    centre = molecule.GetAtomWithIdx(atom)
    tag = centre.GetChiralTag()
    if tag not in (CLOCKWISE, COUNTERCLOCKWISE):
        return None
    order = [bond.GetOtherAtomIdx(atom) for bond in centre.GetBonds()]
    if len(order) == 3:
        # The hydrogen that is not there comes first to RDKit; wherever it is put, it is so for all centres.
        order.insert(0, -1)
    beside = [i for i in order if i not in (before, behind)]
    # In the order of their elements, so that two centres are compared by the same substituent.
    beside.sort(key=lambda i: (-1, i) if i < 0 else (molecule.GetAtomWithIdx(i).GetAtomicNum(), i))
    wanted = [before, behind, *beside]
    places = [order.index(i) for i in wanted]
    swaps = sum(a > b for a, b in itertools.combinations(places, 2))
    return (tag == CLOCKWISE) ^ bool(swaps % 2)
