"""An oligomer is what repeats, whatever its ends and however its atoms are numbered; drugs and the like are refused."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from helpers.paths import published_file
from helpers.spellings import renumbered
from rdkit import Chem

from polyid.chemistry.chain import canonical, chain
from polyid.chemistry.forms import PolymerForm
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.repeat_unit import unit_of
from polyid.chemistry.repetition import repeats
from polyid.chemistry.smiles import bonds_away
from polyid.errors import PolymerError

TELECHELIC = [
    "OCCOCCOCCOCCO",
    "COCCOCCOCCOCCOCCO",
    "C[Si](C)(C)O" + "[Si](C)(C)O" * 6 + "[Si](C)(C)C",
    "CC(C)(C#N)" + "CC(c1ccccc1)" * 8 + "C",
    "CCC(C)" + "CC(c1ccccc1)" * 8 + "Br",
    "O=C(O)CCC(C)(C#N)" + "CC(C)(C(=O)OC)" * 12 + "SC(=S)SCCCC",
    "OCCCCCO" + "C(=O)CCCCCO" * 5,
    "F" + "C(F)(F)" * 12 + "C(F)(F)F",
    "c1ccc(-c2ccc(-c3ccc(-c4ccc(-c5ccc(-c6ccccc6)cc5)cc4)cc3)cc2)cc1",
    "C" * 36,
]
MOLECULES = {
    "caffeine": "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "4,4'-difluorobenzophenone": "O=C(c1ccc(F)cc1)c1ccc(F)cc1",
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "glucose": "OCC1OC(O)C(O)C(O)C1O",
    "sucrose": "OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O",
    "cholesterol": "CC(C)CCCC(C)C1CCC2C1(CCC3C2CC=C4C3(CCC(C4)O)C)C",
    "benzylpenicillin": "CC1(C(N2C(S1)C(C2=O)NC(=O)Cc3ccccc3)C(=O)O)C",
    "ibrutinib": "C=CC(=O)N1CCCC(C1)n1nc(-c2ccc(Oc3ccccc3)cc2)c2c(N)ncnc12",
    "atorvastatin": "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CCC(O)CC(O)CC(=O)O",
    "ATP": "Nc1ncnc2c1ncn2C1OC(COP(=O)(O)OP(=O)(O)OP(=O)(O)O)C(O)C1O",
    "tristearin": "CCCCCCCCCCCCCCCCCC(=O)OCC(OC(=O)CCCCCCCCCCCCCCCCC)COC(=O)CCCCCCCCCCCCCCCCC",
    "alpha-tocopherol": "Cc1c(C)c2c(c(C)c1O)CCC(C)(CCCC(C)CCCC(C)CCCC(C)C)O2",
    "C60": "C12=C3C4=C5C6=C1C7=C8C9=C1C%10=C%11C(=C29)C3=C2C3=C4C4=C5C5=C9C6=C7C6=C7C8=C1C1=C8C%10=C%10C%11=C2C2=C3C3"
    "=C4C4=C5C5=C%11C%12=C(C6=C95)C7=C1C1=C%12C5=C%11C4=C3C3=C5C(=C81)C%10=C23",
    "terphenyl": "c1ccc(-c2ccc(-c3ccccc3)cc2)cc1",
    "bisphenol A": "CC(C)(c1ccc(O)cc1)c1ccc(O)cc1",
    "Irganox 1010": "CC(C)(C)c1cc(CCC(=O)OCC(COC(=O)CCc2cc(C(C)(C)C)c(O)c(C(C)(C)C)c2)(COC(=O)CCc2cc(C(C)(C)C)c(O)c(C(C)(C)C)"
    "c2)COC(=O)CCc2cc(C(C)(C)C)c(O)c(C(C)(C)C)c2)cc(C(C)(C)C)c1O",
}
CHAINS = [
    "*CC(*)c1ccccc1", "*CC*", "*C(F)(F)C(*)(F)F", "*CCO*", "*[Si](C)(C)O*", "*C/C=C\\C*", "*c1ccc(*)cc1", "*N=P(*)(Cl)Cl",
    "*OCCOC(=O)c1ccc(C(*)=O)cc1", "*CC(*)(C)C(=O)OCCCCCCCCCCCC", "*C=C(*)c1ccccc1", "*CC(c1ccccc1)C1C(*)C(=O)OC1=O",
    "*c1ccc(Oc2ccc(N3C(=O)c4cc5C(=O)N(*)C(=O)c5cc4C3=O)cc2)cc1",
    "[*:1]Oc1cc2c(cc1O[*:2])C1(CC2(C)C)CC(C)(C)c2cc3Oc4c(C#N)c([*:3])c([*:4])c(C#N)c4Oc3cc21",
]  # fmt: skip


@pytest.mark.parametrize("smiles", TELECHELIC)
def test_a_chain_is_an_oligomer_whatever_its_ends(smiles):
    generator = random.Random(1)
    for _ in range(3):
        assert read_polymer(renumbered(smiles, generator))[0] is PolymerForm.OLIGOMER


@pytest.mark.parametrize("smiles", MOLECULES.values(), ids=MOLECULES)
def test_what_does_not_repeat_is_refused(smiles):
    generator = random.Random(1)
    for _ in range(3):
        with pytest.raises(PolymerError, match="not a polymer"):
            read_polymer(renumbered(smiles, generator))


@pytest.mark.parametrize("polymer", CHAINS)
def test_every_chain_that_is_written_here_is_read_again(polymer):
    for degree in (18, 6):
        oligomer = to_oligomer(polymer, degree)
        assert read_polymer(oligomer) == (PolymerForm.OLIGOMER, Polymer(oligomer)), degree


@pytest.mark.parametrize("units", [["*CC=CC*", "*CC(*)c1ccccc1"], ["*CC*", "*CC(*)OC(C)=O", "*CC(*)C(=O)OCCCC"],
                                   ["*OCCOC(=O)c1ccc(C(*)=O)cc1", "*OCC(C)OC(=O)c1cccc(C(*)=O)c1"]])  # fmt: skip
def test_chains_of_random_copolymers_are_oligomers(units):
    generator = random.Random(2)
    parsed = [unit_of(Chem.MolFromSmiles(unit)) for unit in units]
    for _ in range(5):
        oligomer = canonical(chain(generator.choices(parsed, k=18)))
        assert read_polymer(oligomer) == (PolymerForm.OLIGOMER, Polymer(oligomer))


def test_published_oligomers_repeat():
    oligomers = pd.read_csv(published_file("polyid_train.csv"))["smiles_polymer"].unique()
    refused = [smiles for smiles in oligomers[::12] if not repeats(Chem.MolFromSmiles(smiles))]
    assert not refused


@pytest.mark.parametrize("smiles", ["C", "CC(C)(C)CO", "c1ccc2c(c1)Cc1cc(C=Cc3ccccc3)ccc1-2", "C1CC2CC1C1C2CCCC1CCCCC"])
def test_bonds_away_are_rdkits_distances(smiles):
    molecule = Chem.MolFromSmiles(smiles)
    for start, distances in enumerate(Chem.GetDistanceMatrix(molecule)):
        assert bonds_away(molecule, start).tolist() == distances.tolist()
