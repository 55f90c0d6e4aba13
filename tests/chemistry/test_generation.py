"""Generated repeat units: valid, different, of the pieces of those learnt from, and the same for the same seed."""

from __future__ import annotations

import itertools
import statistics

import pandas as pd
import pytest
from rdkit import Chem

from polyid.chemistry.forms import PolymerForm
from polyid.chemistry.generation import Sizes, UnitGenerator
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.chemistry.pieces import taken_apart
from polyid.data.catalogue import bundled_tables
from polyid.data.generated import generate_units, unit_generator, write_units
from polyid.errors import DataError

TABLE = [
    "*CC(*)c1ccccc1",
    "*CC(*)C(=O)OCC",
    "*CC(*)C#N",
    "*CCO*",
    "*OCCOC(=O)c1ccc(C(*)=O)cc1",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1",
    "*NCCCCCC(*)=O",
    "*CC(*)C",
]


@pytest.fixture(scope="module")
def bundled() -> UnitGenerator:
    return unit_generator(
        pd.read_csv(bundled_tables()["polymer_properties"], dtype=str).drop_duplicates("repeat_unit")[::9]
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*CC(*)c1ccccc1", "*C(C*)c1ccccc1"),
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "*C(=O)c1ccc(C(=O)OCCO*)cc1"),
        ("*NCCCCCC(*)=O", "*CCC(=O)NCCC*"),
        ("*CCO*", "*COCCOC*"),
    ],
)
def test_a_chain_has_the_same_pieces_wherever_it_is_cut(one, other):
    def counted(unit):
        pieces = taken_apart(unit)
        texts = sorted(min(f.piece.text, f.turned.text) for f in pieces)
        return texts[:: 2 if unit == "*COCCOC*" else 1]

    assert counted(one) == counted(other)


def test_functional_groups_stay_whole():
    pieces = [filled.piece.text for filled in taken_apart("*OCCOC(=O)c1ccc(C(*)=O)cc1")]
    assert len(pieces) == 5 and sorted(piece.count("O") for piece in pieces) == [0, 0, 0, 2, 2]
    assert taken_apart("*[Si](C)(C)O*") == () and taken_apart("CCCC") == ()


def test_small_units_are_different_polymers():
    # Small units are cut, turned and multiplied in all ways, and their number has an end.
    generator = UnitGenerator(TABLE)
    units = []
    with pytest.raises(DataError, match=r"make only .* others"):
        for unit in generator.units(0, Sizes(4, 8)):
            units.append(unit)
    keys = {polymer_identity(unit) for unit in units}
    assert len(keys) == len(units) > 20
    assert keys.isdisjoint(polymer_identity(unit) for unit in TABLE)


def test_units_are_valid_and_sized_as_asked(bundled):
    sizes = Sizes(30, 70)
    units = list(itertools.islice(bundled.units(1, sizes), 100))
    assert units == list(itertools.islice(bundled.units(1, sizes), 100))
    assert len({polymer_identity(unit) for unit in units}) == len(units)
    atoms = [Chem.MolFromSmiles(unit).GetNumHeavyAtoms() for unit in units]
    assert 26 <= statistics.median(atoms) <= 34 and max(atoms) <= 70
    assert {read_polymer(unit)[0] for unit in units} == {PolymerForm.REPEAT_UNIT}


def test_surroundings_of_bonds_are_the_tables():
    """Atoms are bonded as in the table, so that no oxygen meets an oxygen and no acid a chlorine."""

    def pairs(units):
        found = set()
        for unit in units:
            for bond in Chem.MolFromSmiles(to_oligomer(unit, 4)).GetBonds():
                ends = sorted(
                    (atom.GetSymbol(), atom.GetIsAromatic()) for atom in (bond.GetBeginAtom(), bond.GetEndAtom())
                )
                found.add((*ends, bond.GetBondType()))
        return found

    generated = itertools.islice(UnitGenerator(TABLE).units(3), 60)
    assert pairs(generated) <= pairs(TABLE)


def test_tables_are_written(tmp_path):
    frame = pd.DataFrame({"repeat_unit": [*TABLE, "no polymer", ""]})
    for name, read in (("units.csv", pd.read_csv), ("units.parquet", pd.read_parquet)):
        parts: list[int] = []
        assert write_units(generate_units(25, 5, frame), tmp_path / name, parts.append) == sum(parts) == 25
        assert read(tmp_path / name)["smiles"].tolist() == list(generate_units(25, 5, frame))


def test_bad_input_is_told(tmp_path):
    with pytest.raises(DataError, match=r"ends with neither \.csv nor \.parquet"):
        write_units(iter(TABLE), tmp_path / "units.txt")
    with pytest.raises(DataError, match="no SMILES column; its columns are value"):
        unit_generator(pd.DataFrame({"value": ["1", "2"]}))
    with pytest.raises(DataError, match="no repeat unit to make others of"):
        unit_generator(pd.DataFrame({"smiles": ["*[Si](C)(C)O*"]}))
