"""Names are read as the polymer they stand for, or asked back; SMILES stay SMILES."""

import csv
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from helpers.paths import BUNDLED_TABLE
from rdkit import Chem
from studies.names import COMMON_NAMES, names_with_units, outcome

import polyid.chemistry
from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.name_families import family_names
from polyid.chemistry.name_spellings import name_key
from polyid.chemistry.name_suggestions import complete_name, suggest_names
from polyid.chemistry.names import AmbiguousName, find_name
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.errors import PolymerError

ROOM = Path(polyid.chemistry.__file__).parent
with (ROOM / "names.csv").open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))
with BUNDLED_TABLE.open(encoding="utf-8", newline="") as stream:
    BUNDLED = {row["polymer"]: row["repeat_unit"] for row in csv.DictReader(stream)}
LINES = (Path(__file__).with_name("names_as_typed.txt")).read_text(encoding="utf-8").splitlines()
TYPED = [tuple(line.split("\t")) for line in LINES if not line.startswith(("#", "slip"))]
SLIPS = [tuple(line.split("\t")[1:]) for line in LINES if line.startswith("slip")]
# Names of several polymers.
AMBIGUOUS = {
    "pmp", "pms", "paa", "polybutadiene", "1,4polybutadiene", "pbd", "pip", "pi", "polyisoprene", "1,4polyisoprene", "pva",
    "phpma", "pma", "pea", "pba", "ptba", "piba", "peox", "ppo", "polybutyleneglycol", "ppe", "pes", "ppf", "pei", "pbo",
    "parylene", "polynorbornene", "pb", "hostaflon", "fluon", "victrex", "arnite",
}  # fmt: skip


def same_unit(first: str, second: str) -> bool:
    """Whether two units are one polymer, the geometry of double bonds included; cut and direction do not matter."""
    return polymer_identity(first) == polymer_identity(second) and _geometry(first) == _geometry(second)


def _geometry(unit: str) -> list[str]:
    return sorted(str(bond.GetStereo()).replace("STEREOTRANS", "STEREOE").replace("STEREOCIS", "STEREOZ")
                  for bond in Chem.MolFromSmiles(unit).GetBonds() if bond.GetStereo() != Chem.BondStereo.STEREONONE)  # fmt: skip


def test_every_row_is_a_canonical_unit_and_each_polymer_is_written_in_one_way():
    spelled = {}
    for row in ROWS:
        assert row["name"] and row["source"], row
        assert row["kind"] in {"common", "source-based", "structure-based", "trade name", "abbreviation", "CAS"}, row
    for unit in {row["smiles"] for row in ROWS}:
        assert Chem.CanonSmiles(unit) == unit and unit.count("*") in (2, 4)
        assert recognise_form(unit) is PolymerForm.REPEAT_UNIT
        if not _geometry(unit):
            spelled.setdefault(polymer_identity(unit), set()).add(unit)
    several = [units for units in spelled.values() if len(units) > 1]
    assert not several
    assert len(spelled) > 450


def test_names_made_by_rule_agree_with_the_table_and_no_name_stands_for_two_polymers_unless_listed():
    """A polymer of the table that a family names too was written twice, by hand and by rule."""
    units = {}
    for name, smiles in [(row["name"], row["smiles"]) for row in ROWS] + [row[:2] for row in family_names()]:
        units.setdefault(name_key(name), set()).add(Chem.CanonSmiles(smiles))
    assert {name for name, smiles in units.items() if len(smiles) > 1} == AMBIGUOUS
    by_rule = {name_key(name) for name, _, _ in family_names()}
    assert sum(name_key(row["name"]) in by_rule for row in ROWS) > 200


def test_cas_numbers_have_their_check_digit():
    numbers = [row["name"] for row in ROWS if row["kind"] == "CAS"]
    assert len(numbers) > 80
    for number in numbers:
        *digits, check = map(int, number.replace("-", ""))
        assert sum(place * digit for place, digit in enumerate(reversed(digits), 1)) % 10 == check, number


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda name: f" {name}, ", lambda name: f"“{name}”"])
def test_every_bundled_polymer_goes_by_its_name(spell):
    for name, unit in BUNDLED.items():
        assert Chem.CanonSmiles(as_smiles(spell(name)).text) == Chem.CanonSmiles(unit), name


def test_names_as_people_type_them_give_the_right_unit():
    assert len(TYPED) >= 300
    wrong, missing = [], []
    for typed, unit in TYPED:
        try:
            smiles = as_smiles(typed).text
        except PolymerError:
            missing.append(typed)
            continue
        if "*" not in smiles:
            missing.append(typed)
        elif not same_unit(smiles, unit):
            wrong.append((typed, smiles, unit))
    assert not wrong, wrong
    assert len(missing) <= 0.02 * len(TYPED), missing


def test_slips_are_asked_back_with_the_right_polymer_first():
    for typed, unit in SLIPS:
        with pytest.raises(PolymerError, match="is not a name known here; did you mean"):
            read_polymer(typed)
        assert same_unit(suggest_names(typed)[0].smiles, unit), typed


@pytest.mark.parametrize(
    "typed, readings",
    [
        ("PS", ["polystyrene, *CC(*)c1ccccc1", "the molecule P-S"]),
        ("PP", ["polypropylene, *CC(*)C", "the molecule P-P"]),
        ("PBS", ["poly(butylene succinate), *OCCCCOC(=O)CCC(*)=O", "the molecule P-B-S"]),
        ("PC", ["bisphenol A polycarbonate", "the molecule P-C"]),
        ("PB", ["poly(1-butene)", "1,2-Polybutadiene", "the molecule P-B"]),
        ("PI", ["cis-1,4-Polyisoprene", "the molecule P-I"]),
        ("PBI", ["bibenzimidazole", "the molecule P-B-I"]),
        ("CN", ["cellulose trinitrate", "the molecule C-N"]),
        ("PPO", ["poly(propylene oxide)", "poly(2,6-dimethyl-1,4-phenylene oxide)", "the molecule P-P-O"]),
        ("PVA", ["poly(vinyl alcohol), *CC(*)O", "poly(vinyl acetate), *CC(*)OC(C)=O"]),
        ("PEI", ["poly(ether imide)", "polyethylenimine"]),
    ],
)
def test_what_has_several_readings_is_asked(typed, readings):
    for read in (read_polymer, polymer_identity, find_name):
        with pytest.raises(AmbiguousName, match="write which") as caught:
            read(typed)
        assert all(reading in str(caught.value) for reading in readings), str(caught.value)


@pytest.mark.parametrize("typed", ["P-S", "PCS", "CO", "CCO", "C-N", "OCCO", "PPP(P)P", "c1ccccc1"])
def test_a_smiles_that_is_no_listed_name_stays_a_smiles(typed):
    assert as_smiles(typed) == type(as_smiles(typed))(typed)


def test_a_monomer_stays_a_smiles_and_its_polymer_is_said():
    assert as_smiles("C=C").text == "C=C"
    assert as_smiles("C=C").notes == ("monomer C=C read as polyolefin *CC*",)


@pytest.mark.parametrize(
    "typed, why",
    [
        ("ABS", "copolymer of acrylonitrile, butadiene and styrene"),
        ("Nafion", "copolymer"),
        ("polyimide", "family"),
        ("nylon", "family of polyamides"),
        ("PIM-7", "ladder"),
        ("silicone resin", "network"),
        ("polyurethan", "family"),
        ("SBR", re.escape("such as poly(styrene) : poly(butadiene) = 1 : 1.")),
        ("Nafion", re.escape("as in polystyrene : PMMA = 0.7 : 0.3.")),
        ("PSS-Na", "salts are not read"),
        ("nylon 6/12", "may be nylon 6,12 or a copolymer"),
        ("PA6/66", "copolymer of nylon 6 and nylon 6,6"),
        ("cellulose acetate", "2.5 acetyl groups"),
        ("poly(styrene-co-butadiene)", "names a copolymer"),
        ("PS-b-PMMA", "names a copolymer"),
        ("PS-r-PMMA", "names a copolymer"),
        ("PVA (polyvinyl acetate-alcohol)", "did you mean"),
        ("polystyrene (PMMA)", "two names"),
        ("nylon 1,2", "not a name known here"),
    ],
)
def test_what_has_no_single_unit_is_refused_with_the_reason(typed, why):
    with pytest.raises(PolymerError, match=why):
        read_polymer(typed)


@pytest.mark.parametrize("name", ["PB-1", "pb-1", "s-PP", "P4ClS"])
def test_a_name_of_nothing_but_smiles_characters_is_read_where_it_is_no_molecule(name):
    assert as_smiles(name).text == find_name(name).smiles
    assert "attachment points" not in "".join(as_smiles("P-P").notes) and as_smiles("P-P").text == "P-P"


def test_a_ladder_polymer_has_a_name():
    assert polymer_identity("PIM-1") == polymer_identity(
        "CC1(C)CC2(CC(C)(C)c3cc(O*)c(O*)cc32)c2cc3Oc4c(C#N)c(*)c(*)c(C#N)c4Oc3cc21"
    )


@pytest.mark.parametrize(
    "table", ["textbook_names.csv", pytest.param("common_names.csv", marks=pytest.mark.exhaustive)]
)
def test_names_from_textbooks_indices_give_the_right_unit(table):
    """Both lists were written before anybody looked at `names.csv`; `scripts/studies/names.py` says what is not right."""
    rows = names_with_units(COMMON_NAMES.with_name(table))
    counts = Counter(outcome(name, units, several=several)[0] for name, units, several in rows)
    assert counts["wrong"] == 0 and len(rows) >= 300
    assert counts["right"] + (table != "textbook_names.csv") * counts["asked"] >= 0.98 * len(rows)


def test_a_name_that_says_or_may_mean_more_is_answered_with_a_note():
    """No such name is the SMILES of a molecule, which would have to be asked."""
    with (ROOM / "names_with_note.csv").open(encoding="utf-8", newline="") as stream:
        noted = list(csv.DictReader(stream))
    for row in noted:
        read = as_smiles(row["name"])
        assert read.text == row["smiles"] == Chem.CanonSmiles(row["smiles"]) and read.notes[-1] == row["note"]
    notes = {name: as_smiles(name).notes[-1] for name in ("PES", "LLDPE", "PEG 4000", "sPS", "polybutadiene, 1,4-")}
    assert notes["PES"].startswith("it may also mean poly(ethylene succinate)")
    assert notes["LLDPE"] == "its few units of another olefin are not part of the repeat unit"
    assert notes["PEG 4000"] == "its molar mass is not part of the repeat unit"
    assert notes["sPS"] == "its tacticity is not part of the repeat unit"
    assert "cis or trans" in notes["polybutadiene, 1,4-"]


def test_amylose_differs_from_cellulose_by_its_alpha_bond():
    amylose = Chem.MolFromSmiles(as_smiles("amylose").text.replace("*O", "O").replace("(*)", "(O)"))
    centres = sorted(code for _, code in Chem.FindMolChiralCenters(amylose, useLegacyImplementation=False))
    alpha_glucose = Chem.MolFromSmiles("OC[C@H]1O[C@H](O)[C@H](O)[C@@H](O)[C@@H]1O")  # (2S,3R,4S,5S,6R), IUPAC
    assert Chem.MolToSmiles(amylose) == Chem.MolToSmiles(alpha_glucose) and centres == ["R", "R", "S", "S", "S"]


def test_a_name_is_said_beside_its_unit():
    assert as_smiles("poly(hexamethylene adipamide)").notes == (
        "“poly(hexamethylene adipamide)” read as *NCCCCCCNC(=O)CCCCC(*)=O (source-based name)",
    )
    assert as_smiles("isotactic polystyrene").notes[1] == "its tacticity is not part of the repeat unit"
    assert to_oligomer("PMMA") == to_oligomer("*CC(*)(C)C(=O)OC")


def test_names_behind_a_smiles_and_other_notations_are_read_as_before():
    for pasted in ("*CC* polyethylene", "•CC• polyethylene", "[R1]CC[R2]", "{[$]CC[$]}", "[Ce]CC[Th]", "–CC–"):
        assert polymer_identity(pasted) == polymer_identity("*CC*")


def test_plain_smiles_are_not_looked_up(monkeypatch):
    def refuse(text):
        raise AssertionError(f"{text} was looked up")

    monkeypatch.setattr("polyid.chemistry.notations.find_name", refuse)
    for unit in BUNDLED.values():
        assert as_smiles(unit).text == unit and not as_smiles(unit).notes
        oligomer = to_oligomer(unit)
        assert as_smiles(oligomer).text == oligomer


def test_nothing_takes_long():
    find_name("polystyrene")
    started = time.process_time()
    for text in ("poly" * 30, "polyx" * 2000, "(" * 149, "poly(" * 29, "nylon " + "6," * 60, "x" * 150):
        try:
            read_polymer(text)
        except PolymerError as error:
            assert len(str(error)) < 600
    assert time.process_time() - started < 1.0


def test_slips_are_quoted_in_one_sentence():
    with pytest.raises(PolymerError, match=re.escape("did you mean polystyrene (*CC(*)c1ccccc1)")):
        polymer_identity("polystirene")


def test_a_name_is_completed_while_it_is_typed():
    assert "Polystyrene" in [name.capitalize() for name in complete_name("polysty")]
    assert all("styrene" in name.lower() for name in complete_name("styren"))
    assert complete_name("methyl meth")[0].lower().replace(" ", "").startswith("poly(methylmethacrylate")
    for text in ("", "po", "polystyrene", "*CC*", "C" * 5000):
        assert complete_name(text) == []
    assert len(complete_name("poly")) == 6
