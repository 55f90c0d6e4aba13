"""Reading polymers: three forms, identity, stereochemistry, and errors that say what to write instead."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers.paths import published_file
from helpers.spellings import renumbered
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from polyid.chemistry import forms
from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.errors import PolymerError

BACKBONE = [
    "C",
    "O",
    "S",
    "N(C)",
    "C(C)",
    "C(C)(C)",
    "C(F)(F)",
    "C(=O)",
    "C(Cl)",
    "c1ccc(cc1)",
    "c1cccc(c1)",
    "C1CCC(CC1)",
]
BACKBONE += [
    "[Si](C)(C)",
    "C(c1ccccc1)",
    "C=C",
    "S(=O)(=O)",
    "C(C#N)",
    "N(C=O)",
    "c1ccc2cc(ccc2c1)",
    "C(=O)N",
    "C(=O)O",
]


def unit_smiles(pieces: list[str]) -> str:
    return "*" + "".join(pieces) + "*"


units = st.lists(st.sampled_from(BACKBONE), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("smiles", "form"),
    [
        ("*CC(*)c1ccccc1", PolymerForm.REPEAT_UNIT),
        ("[*]CC([*])c1ccccc1", PolymerForm.REPEAT_UNIT),
        ("[1*]CC([2*])c1ccccc1", PolymerForm.REPEAT_UNIT),
        ("[*:1]CC([*:2])c1ccccc1", PolymerForm.REPEAT_UNIT),
        ("  *CC*\n", PolymerForm.REPEAT_UNIT),
        ("OCCO.O=C(O)c1ccc(C(=O)O)cc1", PolymerForm.MONOMERS),
        ("C" * 36, PolymerForm.OLIGOMER),
    ],
)
def test_form_is_recognised(smiles, form):
    assert recognise_form(smiles) is form


def elements(unit: Chem.Mol) -> Counter[str]:
    """How many atoms of each element a repeat unit has, hydrogen too."""
    return Counter(atom.GetSymbol() for atom in Chem.AddHs(unit).GetAtoms() if atom.GetAtomicNum())


def backbone_is_one_atom(piece: str) -> bool:
    unit = Chem.MolFromSmiles(unit_smiles([piece]))
    return len({point.GetNeighbors()[0].GetIdx() for point in unit.GetAtoms() if not point.GetAtomicNum()}) == 1


@given(units, st.integers(2, 20))
@settings(max_examples=60, deadline=None)
def test_oligomer_of_a_repeat_unit_has_n_units_and_hydrogen_ends(pieces, degree):
    # The smallest unit, which is what the key names, whatever multiple of it is written.
    unit = Chem.MolFromSmiles(polymer_identity(unit_smiles(pieces)))
    smallest, written = elements(unit), elements(Chem.MolFromSmiles(unit_smiles(pieces)))
    # Of a backbone of one atom it is two.
    halves = 2 if len(set(pieces)) == 1 and backbone_is_one_atom(pieces[0]) else 1
    times, rest = divmod(halves * written.total(), smallest.total())
    assert rest == 0 and {symbol: times * count for symbol, count in smallest.items()} == {
        symbol: halves * count for symbol, count in written.items()
    }
    expected = Counter({symbol: degree * count for symbol, count in smallest.items()})
    expected["H"] += 2
    oligomer = Chem.AddHs(Chem.MolFromSmiles(to_oligomer(unit_smiles(pieces), degree)))
    assert Counter(atom.GetSymbol() for atom in oligomer.GetAtoms()) == expected
    assert len(Chem.GetMolFrags(oligomer)) == 1


@given(units, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_identity_ignores_where_and_in_which_direction_the_chain_is_cut(pieces, generator):
    key, oligomer = polymer_identity(unit_smiles(pieces)), to_oligomer(unit_smiles(pieces), 4)
    cut = generator.randrange(len(pieces))
    for same in (pieces[cut:] + pieces[:cut], pieces * 2):
        assert polymer_identity(unit_smiles(same)) == key
        assert to_oligomer(unit_smiles(same), 4) == oligomer
    rewritten = renumbered(unit_smiles(pieces), generator)
    assert polymer_identity(rewritten) == key
    assert polymer_identity(rewritten.replace("*", "[*:7]")) == key
    assert polymer_identity(key) == key


@given(units, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_oligomer_does_not_depend_on_how_the_smiles_is_written(pieces, generator):
    rewritten = renumbered(unit_smiles(pieces), generator)
    assert to_oligomer(rewritten, 5) == to_oligomer(unit_smiles(pieces), 5)


@given(units, units)
@settings(max_examples=60, deadline=None)
def test_polymers_of_another_composition_get_another_identity(one, other):
    def composition(pieces):
        counts = Counter(atom.GetSymbol() for atom in Chem.AddHs(Chem.MolFromSmiles(unit_smiles(pieces))).GetAtoms())
        del counts["*"]
        divisor = np.gcd.reduce(list(counts.values()))
        return {symbol: count // divisor for symbol, count in counts.items()}

    if composition(one) != composition(other):
        assert polymer_identity(unit_smiles(one)) != polymer_identity(unit_smiles(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*C*", "*CC*"),
        ("*CC(*)c1ccccc1", "*C(c1ccccc1)C*"),
        ("*OCCOC(=O)c1ccc(cc1)C(*)=O", "*C(=O)OCCOC(=O)c1ccc(*)cc1"),
        ("*CCCC*", "*CC*"),
        ("*O[C@@H](C)C(=O)*", "*O[C@H](C)C(=O)*"),
        ("*C/C(C)=C\\C*", "*CC(C)=CC*"),
        ("OCCO.O=C(O)c1ccc(C(=O)O)cc1", "OC(=O)c1ccc(cc1)C(=O)O.C(O)CO"),
        ("C[C@@H](O)CC(=O)O.C[C@H](O)CC(=O)O", "CC(O)CC(=O)O"),
    ],
)
def test_same_polymer_has_the_same_identity(one, other):
    assert polymer_identity(one) == polymer_identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*CC(*)C", "*CCC*"),
        ("*CCO*", "*COCCO*"),
        ("*c1ccc(*)cc1", "*c1cccc(*)c1"),
        ("*CC(C)CC(*)c1ccccc1", "*C(C)CCC(*)c1ccccc1"),
    ],
)
def test_different_polymers_have_different_identities(one, other):
    assert polymer_identity(one) != polymer_identity(other)


@pytest.mark.parametrize(
    ("unit", "oligomer"),
    [
        ("*CC(*)c1ccccc1", "CC(c1ccccc1)CC(c1ccccc1)CCc1ccccc1"),
        ("*O[C@@H](C)C(=O)*", "O[C@@H](C)C(=O)O[C@@H](C)C(=O)O[C@@H](C)C=O"),
        ("*C(=O)[C@H](C)O*", "C(=O)[C@H](C)OC(=O)[C@H](C)OC(=O)[C@H](C)O"),
        ("C(*)[C@](C)(*)C(=O)OC", "CC(C)(C[C@](C)(C[C@](C)([H])C(=O)OC)C(=O)OC)C(=O)OC"),
        ("*/C=C/*", "C=C/C=C/C=C"),
        ("*/C=C\\*", "C=C/C=C\\C=C"),
        ("*C/C(C)=C\\C*", "CC(C)=CCC/C(C)=C\\CC/C(C)=C\\C"),
        ("*C/C(C)=C/C*", "CC(C)=CCC/C(C)=C/CC/C(C)=C/C"),
        ("*/C(F)=C(F)/*", "F/C=C(F)\\C(F)=C(F)\\C(F)=C/F"),
    ],
)
def test_stereochemistry_is_kept_along_the_chain(unit, oligomer):
    assert to_oligomer(unit, 3) == Chem.CanonSmiles(oligomer)


def test_both_attachment_points_on_one_stereocentre():
    # Head and tail on the same atom: written isotactic, so all dyads are meso; at the ends a path may begin with F or Cl.
    for smiles in ("*[C@@](F)(*)Cl", "*[C@@](*)(F)Cl"):
        inner = dyads(to_oligomer(smiles, 8))[1:-1]
        assert len(inner) == 13 and all(inner)
    syndiotactic = dyads(to_oligomer("*C(F)(*)Cl", 8, pm=0.0))[1:-1]
    assert len(syndiotactic) == 13 and not any(syndiotactic)


def dyads(smiles: str) -> list[bool]:
    """Meso dyads of a vinyl oligomer, from CIP labels: in a uniform chain like labels mean a meso dyad."""
    molecule = Chem.MolFromSmiles(smiles)
    backbone = max(
        (
            Chem.GetShortestPath(molecule, one, other)
            for one in range(molecule.GetNumAtoms())
            for other in range(one)
            if molecule.GetAtomWithIdx(one).GetDegree() == 1 == molecule.GetAtomWithIdx(other).GetDegree()
        ),
        key=len,
    )
    tags = []
    for before, centre, after in zip(backbone, backbone[1:], backbone[2:], strict=False):
        atom = molecule.GetAtomWithIdx(centre)
        if atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
            continue
        others = [neighbour.GetIdx() for neighbour in atom.GetNeighbors() if neighbour.GetIdx() not in (before, after)]
        order = [bond.GetOtherAtomIdx(centre) for bond in atom.GetBonds()]
        wanted = [before, after, *others]
        odd = sum(wanted.index(a) > wanted.index(b) for i, a in enumerate(order) for b in order[i + 1 :]) % 2
        tags.append((atom.GetChiralTag() == Chem.ChiralType.CHI_TETRAHEDRAL_CW) ^ odd)
    return [one == other for one, other in pairwise(tags)]


@pytest.mark.parametrize("unit", ["*CC(*)Cl", "*C(Cl)C*", "C(*)C(Cl)*"])
@pytest.mark.parametrize("pm", [0.0, 0.3, 0.5, 1.0])
def test_pm_is_the_share_of_meso_dyads(unit, pm):
    shares = [np.mean(dyads(to_oligomer(unit, 40, pm=pm, seed=seed))) for seed in range(10)]
    assert np.mean(shares) == pytest.approx(pm, abs=0.03)
    assert to_oligomer(unit, 40, pm=pm, seed=3) == to_oligomer(unit, 40, pm=pm, seed=3)
    if 0 < pm < 1:
        assert to_oligomer(unit, 40, pm=pm, seed=3) != to_oligomer(unit, 40, pm=pm, seed=4)


def test_pm_leaves_written_and_absent_stereocentres_alone():
    assert to_oligomer("*CC*", pm=0.5) == to_oligomer("*CC*")
    assert to_oligomer("*O[C@@H](C)C(=O)*", pm=0.5) == to_oligomer("*O[C@@H](C)C(=O)*")
    with pytest.raises(PolymerError, match="2 backbone stereocentres"):
        to_oligomer("*C(C)C(*)Cl", pm=0.5)


def test_isotactic_from_pm_is_isotactic_as_written():
    isotactic = {to_oligomer("*C[C@](*)(C)C(=O)OC", 6), to_oligomer("*C[C@@](*)(C)C(=O)OC", 6)}
    assert to_oligomer("*CC(*)(C)C(=O)OC", 6, pm=1.0) in isotactic


def test_a_mechanism_makes_a_molecule_on_its_own_a_monomer():
    polystyrene = Chem.MolFromSmiles(to_oligomer("C=Cc1ccccc1", mechanism="vinyl"))
    assert CalcMolFormula(polystyrene) == CalcMolFormula(Chem.MolFromSmiles(to_oligomer("*CC(*)c1ccccc1")))
    assert to_oligomer("OCCCC(=O)O", 3, mechanism="ester") == Chem.CanonSmiles("OCCCC(=O)OCCCC(=O)OCCCC=O")


def database() -> pd.DataFrame:
    table = pd.read_csv(published_file("polyid_train.csv"))
    return table[table.distribution.isna() & table.mechanism.isin(["ester", "amide", "imide", "urethane", "carbonate"])]


def test_monomers_of_the_database_make_the_units_of_its_oligomers():
    """An oligomer of nine of each monomer has eight times the unit more than one of one of each."""
    same = []
    for row in database().groupby("mechanism").sample(15, random_state=3).itertuples():
        try:
            oligomer = to_oligomer(row.smiles_monomer, 2, mechanism=row.mechanism)
        except PolymerError as error:
            assert "network" in str(error) or "not known here" in str(error)
            continue
        unit = atoms(to_oligomer(row.smiles_monomer, 3, mechanism=row.mechanism)) - atoms(oligomer)
        ends = atoms(row.smiles_polymer)
        for _ in range(8):
            ends -= unit
        # Left are two monomers less what leaves when they join: a unit and its water.
        same.append(not (unit - ends) and sum((ends - unit).values()) <= 3)
    assert len(same) > 60 and np.mean(same) > 0.95


def atoms(smiles: str) -> Counter[str]:
    return Counter(atom.GetSymbol() for atom in Chem.AddHs(Chem.MolFromSmiles(smiles)).GetAtoms())


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (None, "empty"),
        (float("nan"), "empty"),
        ("*CC*\n*CCO*", "2 lines; write one polymer"),
        ("C" * 20_000, "20,000 characters"),
        ("*" + "C" * 2_001 + "*", "2,001 heavy atoms"),
        ("*" + "C" * 1_499 + "O*", "1,500 heavy atoms"),
        ("CC(C", "1 opening parenthesis not closed"),
        ("CC)C", "at position 3 closes nothing"),
        ("C1CC", "ring 1, opened at position 2"),
        ("C?C", "'\\?' at position 2"),
        ("CC..CC", "dot at position 4"),
        ("CC.", "ends with a dot"),
        ("C(C)(C)(C)(C)C", "atom 1 \\(C\\) has too many bonds"),
        ("c1cccc1", "no Kekulé structure"),
        ("polystirene", "did you mean polystyrene"),
        ("see table 3", "looks like a name"),
        ("XYZ", "looks like a name"),
        ("{[$]CC[<]}", "bonding descriptors"),
        ("[R]CC", "R-group"),
        ("*CC", "has one attachment point; a repeat unit has exactly two"),
        ("*C(*)C*", "has 3 attachment points"),
        ("*=C1CCC(=*)C1", "double or triple bond"),
        ("C*C*C", "bonded to 2 atoms"),
        ("**", "no atoms between"),
        ("*CC*.*CC(*)C", "copolymers"),
        ("*CC(*)C(=O)[O-].[Na+]", "Na"),
        ("*CC(*)C(=O)[O-].[NH4+]", "salts and ions"),
        ("*CC(*)C[N+](C)(C)C", "ion of charge \\+1"),
        ("*[Zn]CC*", "Zn"),
        ("*[CH]C*", "unpaired electron at atom 2"),
        ("*C([2H])C*", "isotope"),
        ("CCO", "small molecule of 3 heavy atoms"),
        ("C=CCOC(C)=O", "an olefin, not a polymer; .*\\*CC\\(\\*\\)COC\\(C\\)=O"),
        ("Cc1cccc(C)c1O", "a 2,6-substituted phenol.*\\*Oc1c\\(C\\)cc\\(\\*\\)cc1C"),
        ("OCC1CO1", "an epoxide.*\\*OCC\\(\\*\\)CO"),
        ("CCCCCCCCN=C=O", "an isocyanate"),
        ("CC(C)(c1ccc(O)cc1)c1ccc(O)cc1", "2 alcohol groups"),
        ("O=C1OC(=O)c2cc3C(=O)OC(=O)c3cc12", "2 anhydride groups"),
        ("C[Si](C)(Cl)Cl", "water for a siloxane, C\\[Si\\]\\(C\\)\\(Cl\\)Cl.O"),
        ("O=C=NCCCCCCN=C=O", "2 isocyanate groups, a monomer"),
        ("CC(C)(c1ccc(OCC2CO2)cc1)c1ccc(OCC2CO2)cc1", "2 epoxide groups"),
        ("C=Cc1ccc(C=C)cc1", "a vinyl monomer that crosslinks"),
        ("BrCC(Br)c1ccccc1", "if Br stands where the chain goes on, write"),
        (".".join(["C=C"] * 800), "800 molecules are joined by dots"),
        (f"OC(=O){'C' * 1900}C(=O)O.OCCO", "A monomer of 1,906 atoms"),
        ("CCCC.CCO", "is not known here"),
        ("CCO.CCO", "polymerises with itself is not known here"),
        ("OCC(O)CO.O=C(Cl)Cl", "make a network"),
        ("CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "nothing repeats"),
    ],
)
def test_bad_input_gets_one_sentence(smiles, message, capfd):
    with pytest.raises(PolymerError, match=message) as caught:
        to_oligomer(smiles)
    text = str(caught.value)
    assert text.endswith((".", "?")) and "\n" not in text and len(text) < 400
    assert capfd.readouterr() == ("", "")


def test_arguments_out_of_range_are_refused():
    for arguments in ({"degree_of_polymerisation": 1}, {"degree_of_polymerisation": 1000}, {"pm": 1.5}):
        with pytest.raises(PolymerError, match="must be"):
            to_oligomer("*CC*", **arguments)
    with pytest.raises(PolymerError, match="unknown; known are vinyl"):
        to_oligomer("C=C.C=C", mechanism="magic")


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        oligomer = to_oligomer(text, 3)
    except PolymerError:
        return
    assert Chem.MolFromSmiles(oligomer) is not None


@given(st.text(alphabet="*CNOc1()=.[]#@/\\-+H2", max_size=14))
@settings(max_examples=400, deadline=None)
def test_anything_like_smiles_is_read_or_refused(text):
    try:
        oligomer = to_oligomer(text, 3)
        polymer_identity(text)
    except PolymerError:
        return
    assert Chem.MolFromSmiles(oligomer) is not None


def test_large_units_are_bounded():
    unit = "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)Oc1ccc2c(c1)C(=O)N(c1cccc(c1)N1C(=O)c3ccc(*)cc3C1=O)C2=O"
    small, large = (Chem.MolFromSmiles(to_oligomer(unit, degree)) for degree in (18, 200))
    heavy = Chem.MolFromSmiles(unit).GetNumHeavyAtoms()
    assert small.GetNumHeavyAtoms() == 18 * heavy
    assert large.GetNumHeavyAtoms() == 2000 // heavy * heavy


def test_an_oligomer_is_a_polymer_whatever_its_size_and_a_monomer_is_not():
    oligomer = to_oligomer("*CC(*)c1ccccc1", 40)
    assert Chem.MolFromSmiles(oligomer).GetNumAtoms() == 320
    assert polymer_identity(oligomer) == oligomer
    with pytest.raises(PolymerError, match="at most 150 are read in one"):
        polymer_identity(f"{oligomer}.C=C")


def test_a_unit_is_parsed_once_for_form_chain_and_key(monkeypatch):
    """And what one of them changes of it, as the key drops configurations, is not changed for the next."""
    read, parsed = forms.read_molecule, []
    monkeypatch.setattr(forms, "read_molecule", lambda text: parsed.append(text) or read(text))
    unit = "*C[C@H](*)C(=O)OCCCCCCCl"
    keys = [ChainSettings().key(unit), polymer_identity(unit), ChainSettings().key(unit)]
    assert recognise_form(unit) is PolymerForm.REPEAT_UNIT and len(parsed) == 1
    assert keys[0] == keys[2] and "@" in keys[0] and "@" not in keys[1]
