"""Hands of backbone stereocentres: meso and racemo dyads of a given share."""

from __future__ import annotations

import random

from rdkit import Chem

from polyid.chemistry.repeat_unit import Unit

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
