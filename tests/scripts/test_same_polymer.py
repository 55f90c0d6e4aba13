"""A polymer has one key and one oligomer however it is written, in one table too."""

import random

import pandas as pd
from studies.same_polymer import differing, listed_units, spellings

from polyid.data.training_table import read_training_table


def test_spellings_of_listed_polymers_are_one_polymer():
    generator = random.Random(7)
    results = [differing(smiles, generator, degree=3) for smiles in generator.sample(listed_units(), 12)]
    assert not [text for _, wrong in results for text in wrong]
    assert min(count for count, _ in results) >= 6


def test_spellings_in_one_table_are_one_polymer_and_one_structure():
    ways = [text for smiles in ("*OCC(*)=O", "*CC(*)Cl") for text in spellings(smiles, random.Random(1)).values()]
    table = read_training_table(
        pd.DataFrame({"smiles": ways, "Glass_Transition": [float(i) for i in range(len(ways))]})
    )
    assert len(table.frame) == len(ways)
    assert table.frame.smiles_monomer.nunique() == table.frame.smiles_polymer.nunique() == 2
