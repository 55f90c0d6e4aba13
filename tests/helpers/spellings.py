"""SMILES written another way."""

from __future__ import annotations

import random

from rdkit import Chem


def renumbered(smiles: str, generator: random.Random) -> str:
    """A SMILES with its atoms in random order."""
    molecule = Chem.MolFromSmiles(smiles)
    order = list(range(molecule.GetNumAtoms()))
    generator.shuffle(order)
    return str(Chem.MolToSmiles(Chem.RenumberAtoms(molecule, order), canonical=False))
