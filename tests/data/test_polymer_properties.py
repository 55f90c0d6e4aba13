"""The bundled table of polymer properties: its form, its counts, and its values against physics and textbooks."""

import csv
import math
import re
from collections import defaultdict
from itertools import pairwise

import pytest
from helpers.paths import BUNDLED_TABLE
from rdkit import Chem

DATA = BUNDLED_TABLE.parent
COLUMNS = ["polymer", "class", "repeat_unit", "property", "value", "unit", "tacticity", "pm", "source", "note"]
GASES = ("CO2", "N2", "O2", "CH4", "H2")

UNITS = {"Glass_Transition": "°C", "Melt_Temp": "°C", "Density": "g/cm3", "YoungMod": "MPa"} | {
    f"log10_Permeability_{gas}": "log10(Barrer)" for gas in GASES
}
RANGES = {"Glass_Transition": (-150, 450), "Melt_Temp": (-60, 550), "Density": (0.7, 2.3), "YoungMod": (0.5, 12000)} | {
    f"log10_Permeability_{gas}": (-4.0, 4.6) for gas in GASES
}
LEAST = {"Glass_Transition": 240, "Melt_Temp": 120, "Density": 150, "YoungMod": 70} | {
    f"log10_Permeability_{gas}": 60 for gas in ("CO2", "N2", "O2")
}

# Van der Waals volumes of atoms (Å3) and corrections of Zhao, Abraham & Zissimos, J. Org. Chem. 2003, 68, 7368.
ATOM_VOLUME = {
    "H": 7.24, "C": 20.58, "N": 15.60, "O": 14.71, "F": 13.31, "Cl": 22.45, "Br": 26.52, "S": 24.43, "P": 24.43,
    "Si": 38.79,
}  # fmt: skip


def read_rows() -> list[dict[str, str]]:
    with BUNDLED_TABLE.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


ROWS = read_rows()
REPEAT_UNITS = sorted({row["repeat_unit"] for row in ROWS})


def values(prop: str) -> dict[str, float]:
    """Value a polymer; of several tacticities the one that is neither isotactic nor syndiotactic, if there is one."""
    found: dict[str, float] = {}
    for row in ROWS:
        if row["property"] == prop and (row["polymer"] not in found or row["tacticity"] in ("", "atactic")):
            found[row["polymer"]] = float(row["value"])
    return found


def join_ring(repeat_unit: str, units: int = 3) -> str:
    """Canonical SMILES of a ring of a few head-to-tail units: the same wherever the chain was cut."""
    unit = Chem.MolFromSmiles(repeat_unit)
    stars = [atom for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0]
    head, tail = (star.GetNeighbors()[0].GetIdx() for star in stars)
    size = unit.GetNumAtoms()
    ring = Chem.RWMol()
    for _ in range(units):
        ring.InsertMol(unit)
    for i in range(units):
        ring.AddBond(tail + i * size, head + (i + 1) % units * size, Chem.BondType.SINGLE)
    for index in sorted((star.GetIdx() + i * size for star in stars for i in range(units)), reverse=True):
        ring.RemoveAtom(index)
    Chem.SanitizeMol(ring)
    return Chem.MolToSmiles(ring)


def packing_fraction(repeat_unit: str, density: float) -> float:
    """Share of the polymer's volume that its atoms fill, from the density in g/cm3."""
    mol = Chem.AddHs(Chem.MolFromSmiles(repeat_unit))
    atoms = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum()]
    rings = mol.GetRingInfo().BondRings()
    aromatic = sum(all(mol.GetBondWithIdx(bond).GetIsAromatic() for bond in ring) for ring in rings)
    # One bond a unit, since of the two bonds to attachment points one belongs to the neighbouring unit.
    volume = sum(ATOM_VOLUME[atom.GetSymbol()] for atom in atoms) - 5.92 * (mol.GetNumBonds() - 1)
    volume -= 14.7 * aromatic + 3.8 * (len(rings) - aromatic)
    return volume * 0.602214 * density / sum(atom.GetMass() for atom in atoms)


def test_file_is_plain_utf8_with_the_agreed_columns_in_order():
    raw = BUNDLED_TABLE.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert raw.decode("utf-8").splitlines()[0].split(",") == COLUMNS
    keys = [(row["class"], row["polymer"], row["property"], row["tacticity"]) for row in ROWS]
    assert keys == sorted(keys)


def test_there_is_enough_to_train_on():
    assert len(REPEAT_UNITS) >= 250
    for prop, least in LEAST.items():
        assert len(values(prop)) >= least, prop


@pytest.mark.parametrize("repeat_unit", REPEAT_UNITS)
def test_repeat_unit_is_canonical_with_two_single_bonded_attachment_points(repeat_unit):
    mol = Chem.MolFromSmiles(repeat_unit)
    assert mol is not None
    stars = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    assert len(stars) == 2
    for star in stars:
        assert [bond.GetBondType() for bond in star.GetBonds()] == [Chem.BondType.SINGLE]
        assert star.GetNeighbors()[0].GetAtomicNum() > 1
    assert len(Chem.GetMolFrags(mol)) == 1
    assert not any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    assert Chem.MolToSmiles(mol) == repeat_unit
    # Only double bonds carry stereo in the SMILES; tacticity has a column of its own.
    assert "@" not in repeat_unit


def test_one_name_one_class_one_repeat_unit():
    names, classes, units = defaultdict(set), defaultdict(set), defaultdict(set)
    for row in ROWS:
        names[row["polymer"]].add(row["repeat_unit"])
        units[row["repeat_unit"]].add(row["polymer"])
        classes[row["polymer"]].add(row["class"])
    for group in (names, units, classes):
        assert [key for key, members in group.items() if len(members) > 1] == []


def test_no_polymer_is_there_twice_with_the_chain_cut_elsewhere():
    cuts = defaultdict(list)
    for repeat_unit in REPEAT_UNITS:
        cuts[join_ring(repeat_unit)].append(repeat_unit)
    assert [units for units in cuts.values() if len(units) > 1] == []


def test_the_ring_test_sees_through_another_cut():
    assert join_ring("*NCCCCCC(*)=O") == join_ring("*CCCC(=O)NCC*")
    assert join_ring("*NCCCCCC(*)=O") != join_ring("*NCCCCCCC(*)=O")


def test_only_tacticity_gives_a_polymer_a_second_value():
    facts = defaultdict(list)
    for row in ROWS:
        facts[row["repeat_unit"], row["property"]].append(row["tacticity"])
    for key, tacticities in facts.items():
        assert len(set(tacticities)) == len(tacticities), key
        if len(tacticities) > 1:
            assert "" not in tacticities, key


def test_tacticity_and_pm_are_given_only_where_the_unit_has_a_stereocentre():
    for row in ROWS:
        assert row["tacticity"] in ("", "isotactic", "syndiotactic", "atactic")
        if row["pm"]:
            assert 0 <= float(row["pm"]) <= 1
            assert row["tacticity"]
        if row["tacticity"]:
            chain = Chem.MolFromSmiles(row["repeat_unit"].replace("*", "[13CH3]", 1).replace("*", "[14CH3]", 1))
            assert Chem.FindMolChiralCenters(chain, includeUnassigned=True), row["polymer"]


def test_units_ranges_sources_and_notes():
    for row in ROWS:
        low, high = RANGES[row["property"]]
        assert row["unit"] == UNITS[row["property"]], row
        assert low <= float(row["value"]) <= high, row
        assert row["source"] in ("handbook consensus", "literature consensus"), row
        assert row["class"] and row["polymer"], row
        if row["property"] == "Density":
            assert row["note"].startswith(("amorphous", "semicrystalline")), row
        if row["property"].startswith("log10"):
            assert "°C" in row["note"], row


def test_value_lies_within_the_range_that_its_note_gives():
    # Densities give their range without a unit; a range in another unit is one of something else.
    written = {"Glass_Transition": "°C", "Melt_Temp": "°C", "YoungMod": "MPa", "Density": ""}
    checked = 0
    for row in ROWS:
        value = float(row["value"])
        if row["property"].startswith("log10"):
            value = 10**value
        for low, high, unit in re.findall(r"(?<![\d.])(-?[\d.]+) to (-?[\d.]+)(?: (°C|MPa|Barrer)|$)", row["note"]):
            if unit == written.get(row["property"], "Barrer"):
                # Permeabilities are stored with three decimals of the logarithm.
                assert float(low) - 0.002 * abs(value) <= value <= float(high) + 0.002 * abs(value), row
                checked += 1
    assert checked > 250


def test_glass_transition_is_below_the_melting_point():
    for tacticity in ("", "atactic"):
        glass = {r["polymer"]: float(r["value"]) for r in ROWS if r["property"] == "Glass_Transition"
                 and r["tacticity"] == tacticity}  # fmt: skip
        for row in ROWS:
            if row["property"] == "Melt_Temp" and row["polymer"] in glass:
                ratio = (glass[row["polymer"]] + 273.15) / (float(row["value"]) + 273.15)
                # Boyer and Beaman: 1/2 to 2/3 for most, with phenylene ethers and phosphazenes at the ends.
                assert 0.38 < ratio < 0.94, row["polymer"]


def test_density_agrees_with_the_volume_of_the_atoms():
    fractions = []
    for row in ROWS:
        if row["property"] == "Density":
            fraction = packing_fraction(row["repeat_unit"], float(row["value"]))
            assert 0.54 < fraction < 0.81, (row["polymer"], fraction)
            fractions.append(fraction)
    assert 0.66 < sum(fractions) / len(fractions) < 0.70


def test_selectivities_are_those_that_polymers_have():
    logs = {gas: values(f"log10_Permeability_{gas}") for gas in GASES}
    bounds = {
        ("O2", "N2"): (1.4, 9), ("CO2", "O2"): (2, 8), ("CO2", "N2"): (4, 60), ("CO2", "CH4"): (1.5, 80),
        ("H2", "N2"): (1.5, 200),
    }  # fmt: skip
    for (first, second), (low, high) in bounds.items():
        both = logs[first].keys() & logs[second].keys()
        assert len(both) >= 20
        for polymer in both:
            # Poly(ethylene oxide) dissolves carbon dioxide far better than other gases.
            if polymer == "Poly(ethylene oxide)" and first == "CO2":
                continue
            assert low < math.exp((logs[first][polymer] - logs[second][polymer]) * math.log(10)) < high, polymer


@pytest.mark.parametrize(
    ("prop", "falling"),
    [
        ("Glass_Transition", ["Poly(methyl methacrylate)", "Poly(ethyl methacrylate)", "Poly(propyl methacrylate)",
                              "Poly(butyl methacrylate)", "Poly(hexyl methacrylate)", "Poly(octyl methacrylate)",
                              "Poly(dodecyl methacrylate)"]),
        ("Glass_Transition", ["Poly(methyl acrylate)", "Poly(ethyl acrylate)", "Poly(propyl acrylate)",
                              "Poly(butyl acrylate)"]),
        ("Glass_Transition", ["Poly(vinyl methyl ether)", "Poly(vinyl ethyl ether)", "Poly(vinyl propyl ether)",
                              "Poly(vinyl butyl ether)", "Poly(vinyl pentyl ether)", "Poly(vinyl hexyl ether)"]),
        ("Glass_Transition", ["Polypropylene", "Poly(1-butene)", "Poly(1-pentene)", "Poly(1-hexene)",
                              "Poly(1-octene)"]),
        ("Glass_Transition", ["Poly(ethylene terephthalate)", "Poly(trimethylene terephthalate)",
                              "Poly(butylene terephthalate)", "Poly(pentamethylene terephthalate)",
                              "Poly(hexamethylene terephthalate)"]),
        ("Glass_Transition", ["Poly(ethylene furanoate)", "Poly(trimethylene furanoate)", "Poly(butylene furanoate)",
                              "Poly(hexamethylene furanoate)"]),
        ("Melt_Temp", ["Nylon 4,6", "Nylon 6,6", "Nylon 6,10", "Nylon 6,12", "Nylon 12,12"]),
        ("Density", ["Nylon 4", "Nylon 6", "Nylon 7", "Nylon 8", "Nylon 9", "Nylon 10", "Nylon 11", "Nylon 12"]),
        ("Density", ["Poly(methyl methacrylate)", "Poly(ethyl methacrylate)", "Poly(propyl methacrylate)",
                     "Poly(butyl methacrylate)", "Poly(hexyl methacrylate)", "Poly(octyl methacrylate)",
                     "Poly(dodecyl methacrylate)"]),
    ],
)  # fmt: skip
def test_homologous_series_fall(prop, falling):
    found = values(prop)
    series = [found[polymer] for polymer in falling]
    assert all(first > second for first, second in pairwise(series))


@pytest.mark.parametrize(
    ("repeat_unit", "prop", "expected", "within"),
    [
        ("*CC(*)c1ccccc1", "Glass_Transition", 100, 5),
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "Melt_Temp", 256, 6),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", "Glass_Transition", 149, 4),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", "log10_Permeability_O2", math.log10(1.6), 0.06),
        ("*[Si](C)(C)O*", "Glass_Transition", -125, 4),
        ("*NCCCCCC(*)=O", "Melt_Temp", 220, 5),
        ("*Oc1ccc(Oc2ccc(C(=O)c3ccc(*)cc3)cc2)cc1", "Glass_Transition", 143, 3),
        ("*C(F)(F)C(*)(F)F", "Melt_Temp", 327, 3),
        ("*CO*", "Density", 1.42, 0.02),
    ],
)
def test_textbook_values(repeat_unit, prop, expected, within):
    canonical = Chem.MolToSmiles(Chem.MolFromSmiles(repeat_unit))
    found = [float(r["value"]) for r in ROWS if r["repeat_unit"] == canonical and r["property"] == prop]
    assert found == [pytest.approx(expected, abs=within)]


@pytest.mark.parametrize(
    ("polymer", "geometry"),
    [
        ("cis-1,4-Polybutadiene", "Z"),
        ("trans-1,4-Polybutadiene", "E"),
        ("cis-1,4-Polyisoprene", "Z"),
        ("trans-1,4-Polyisoprene", "E"),
        # In chloroprene chlorine outranks the chain, so that the trans chain is (Z).
        ("Polychloroprene", "Z"),
    ],
)
def test_dienes_have_the_geometry_of_their_name(polymer, geometry):
    repeat_unit = next(row["repeat_unit"] for row in ROWS if row["polymer"] == polymer)
    # Bromine caps make the chain outrank a methyl group, as the chain itself does.
    mol = Chem.MolFromSmiles(repeat_unit.replace("*", "Br"))
    labels = [str(b.GetStereo())[-1] for b in mol.GetBonds() if b.GetStereo() != Chem.BondStereo.STEREONONE]
    assert labels == [geometry]


def test_readme_states_the_counts_of_the_table():
    stated = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", (DATA / "README.md").read_text("utf-8"), re.MULTILINE))
    assert stated == {prop: str(len(values(prop))) for prop in UNITS}
    assert f"{len(REPEAT_UNITS)} polymers" in (DATA / "README.md").read_text("utf-8")
    assert f"{len(ROWS)} facts" in (DATA / "README.md").read_text("utf-8")
