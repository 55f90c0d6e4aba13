"""Folds: whole polymers, each held out once, alike or unlike as the split says, and the same again from a model."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from polyid import MultiModel
from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.cli.main import main
from polyid.config.parameters import PRESETS, SPLITS
from polyid.data.clusters import SIMILARITY, repeat_unit_clusters
from polyid.data.dataset import Dataset
from polyid.data.keys import polymer_keys
from polyid.data.splits import assign_folds, fold_names, recorded_folds, split_record
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import DataError, TrainingError

ETHERS = [f"*{'C' * n}O*" for n in range(1, 9)]
AMIDES = [f"*{'C' * n}C(=O)N*" for n in range(1, 9)]
STYRENES = [f"*CC(*)c1ccc({tail})cc1" for tail in ("C", "CC", "F", "Cl", "Br", "O", "OC", "C#N")]
SILOXANES = ["*[Si](C)(C)O*", "*[Si](C)(CC)O*", "*[Si](CC)(CC)O*", "*[Si](C)(CCC)O*"]
UNITS = [*ETHERS, *AMIDES, *STYRENES, *SILOXANES]
KINDS = ["ether"] * 8 + ["amide"] * 8 + ["vinyl"] * 8 + ["siloxane"] * 4
OLIGOMERS = [to_oligomer(unit, 6) for unit in UNITS]


@st.composite
def tables(draw) -> pd.DataFrame:
    """Rows of some of the polymers, several of one, in any order and under any index."""
    chosen = draw(st.lists(st.integers(0, len(UNITS) - 1), min_size=6, max_size=50))
    return pd.DataFrame(
        {
            "smiles_monomer": [UNITS[i] for i in chosen],
            "smiles_polymer": [OLIGOMERS[i] for i in chosen],
            "mechanism": [KINDS[i] for i in chosen],
        },
        index=draw(st.permutations(range(100, 100 + len(chosen)))),
    )


def every_polymer() -> pd.DataFrame:
    return pd.DataFrame({"smiles_monomer": UNITS, "smiles_polymer": OLIGOMERS, "class": KINDS, "row": range(2, 30)})


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(SPLITS), st.integers(2, 4), st.integers(0, 5))
def test_every_split_holds_whole_polymers_out_exactly_once(data, split, folds, seed):
    try:
        fold = assign_folds(data, folds, split, seed=seed)
    except TrainingError as problem:
        clusters = repeat_unit_clusters(data).nunique() if split == "scaffold" else folds
        assert data["smiles_monomer"].nunique() < folds or clusters < folds, problem
        return
    assert fold.index.equals(data.index)
    assert fold_names(fold) == list(range(folds)), "no fold is empty"
    assert fold.groupby(data["smiles_monomer"]).nunique().eq(1).all()
    pd.testing.assert_series_equal(fold, assign_folds(data, folds, split, seed=seed))
    if split == "scaffold":
        assert fold.groupby(repeat_unit_clusters(data)).nunique().eq(1).all()


@settings(max_examples=30, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_of_rows(data, random):
    order = list(data.index)
    random.shuffle(order)
    pd.testing.assert_series_equal(repeat_unit_clusters(data.loc[order]).loc[data.index], repeat_unit_clusters(data))


def test_the_seed_is_looked_at():
    data = every_polymer()
    for split in SPLITS:
        drawn = {tuple(assign_folds(data, 3, split, seed=seed)) for seed in range(6)}
        assert len(drawn) > 1, split
        assert len({tuple(assign_folds(data, 3, split, seed=seed, shuffle=False)) for seed in range(3)}) == 1


def test_stratified_folds_have_equal_shares_and_random_ones_need_not():
    data = every_polymer()
    for column in ("class", "mechanism"):
        named = data.rename(columns={"class": column})
        shares = pd.crosstab(assign_folds(named, 4, "stratified", seed=2), named[column])
        assert (shares[["ether", "amide", "vinyl"]] == 2).all(axis=None)
        assert (shares["siloxane"] == 1).all()
    uneven = [
        pd.crosstab(assign_folds(data, 4, "random", seed=seed), data["class"]).to_numpy().std() for seed in range(3)
    ]
    assert min(uneven) > shares.to_numpy().std()


def test_scaffold_folds_part_chemistries_that_random_folds_mix():
    """By a measure of its own: the nearest polymer of another fold, Dice similarity of sparse fragment counts."""
    data = every_polymer()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    prints = [generator.GetSparseCountFingerprint(Chem.MolFromSmiles(s)).GetNonzeroElements() for s in OLIGOMERS]

    def likeness(a: dict, b: dict) -> float:
        return 2 * sum(min(a[k], b[k]) for k in a.keys() & b.keys()) / (sum(a.values()) + sum(b.values()))

    pairs = {(i, j): likeness(prints[i], prints[j]) for i, j in combinations(range(len(data)), 2)}

    def nearest_elsewhere(fold: pd.Series) -> float:
        fold = fold.tolist()
        best = [max(v for (i, j), v in pairs.items() if k in (i, j) and fold[i] != fold[j]) for k in range(len(fold))]
        return float(np.mean(best))

    scaffold = assign_folds(data, 3, "scaffold")
    mixed = [nearest_elsewhere(assign_folds(data, 3, "random", seed=seed)) for seed in range(3)]
    assert nearest_elsewhere(scaffold) < min(mixed) - 0.1
    styrenes = repeat_unit_clusters(data)[data["class"] == "vinyl"]
    assert Counter(styrenes).most_common(1)[0][1] >= 6, "para-substituted styrenes are one chemistry"
    assert not set(styrenes) & set(repeat_unit_clusters(data)[data["class"] != "vinyl"])


def test_clusters_are_butinas():
    """Recomputed naively: the centre with most neighbours first, taking those within reach that are left."""
    data = every_polymer().sample(frac=1, random_state=1)
    clusters = repeat_unit_clusters(data).sort_index()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    shares = []
    for smiles in OLIGOMERS:
        counts = np.array(list(generator.GetCountFingerprint(Chem.MolFromSmiles(smiles))), float)
        shares.append(counts / counts.sum())
    near = [{j for j, q in enumerate(shares) if np.sqrt(p * q).sum() >= SIMILARITY} for p in shares]
    keys = polymer_keys(every_polymer())
    left, expected = set(range(len(keys))), {}
    for centre in sorted(range(len(keys)), key=lambda i: (-len(near[i]), keys[i])):
        if centre in left:
            expected |= dict.fromkeys(near[centre] & left, len(set(expected.values())))
            left -= near[centre]
    assert clusters.tolist() == [expected[i] for i in range(len(keys))]


def test_clusters_of_repeat_units_are_those_of_the_written_oligomers():
    keys = [ChainSettings(6).key(unit) for unit in UNITS]
    assert all(Polymer.read(key).is_regular for key in keys)
    data = every_polymer().assign(smiles_polymer=OLIGOMERS)
    pd.testing.assert_series_equal(repeat_unit_clusters(data.assign(smiles_polymer=keys)), repeat_unit_clusters(data))


def test_a_column_of_folds_is_taken_as_it_is():
    data = every_polymer().assign(mine=["10", "9", "b", "a"] * 7)
    fold = assign_folds(data, 2, "column:mine")
    assert fold.astype(str).tolist() == data["mine"].tolist()
    assert fold_names(fold) == ["9", "10", "a", "b"]


@pytest.mark.parametrize(
    ("split", "folds", "sentence"),
    [
        ("column:other", 2, "no column other to take the folds from; its columns are smiles_monomer"),
        ("column:gap", 2, "Row 4 has no fold in the column gap"),
        ("column:torn", 2, r"Rows 2 and 5 are the same polymer, \*CO\*, .* in the folds a and b"),
        ("column:one", 2, "names one fold only, a"),
        ("column:", 2, "no split 'column:'; choose stratified, random, scaffold or column:NAME"),
        ("murcko", 2, "no split 'murcko'"),
        ("random", 1, "number of folds is 1"),
        ("stratified", 4, "4 folds need at least 4 different polymers with a label; the data has 3"),
        ("scaffold", 3, "3 folds need at least 3 clusters of similar repeat units; the data has 2"),
    ],
)
def test_what_can_not_be_divided_is_one_sentence(split, folds, sentence):
    units = ["*CO*", "*CC(*)c1ccccc1", "*CC(*)c1ccc(C)cc1", "*OC*"]
    data = pd.DataFrame({"smiles_monomer": units, "smiles_polymer": [to_oligomer(u, 6) for u in units]})
    data = data.assign(row=range(2, 6), gap=["a", "b", "", "a"], torn=list("abab"), one="a")
    with pytest.raises(TrainingError, match=sentence):
        assign_folds(data, folds, split)


def test_scaffolds_need_structures():
    with pytest.raises(TrainingError, match="no structures"):
        assign_folds(pd.DataFrame({"smiles_monomer": ["1", "2"]}), 2, "scaffold")


@settings(max_examples=25, deadline=None)
@given(tables(), st.sampled_from(["stratified", "random"]), st.integers(0, 3))
def test_recorded_folds_are_the_folds(data, split, seed):
    data = data.assign(data_id=data.groupby("smiles_monomer", sort=False).ngroup())
    if data["data_id"].nunique() < 2:
        return
    fold = assign_folds(data, 2, split, seed=seed)
    dataset, ids = Dataset(data, ()), data["data_id"]
    drawn = {n: {"train": ids[fold != n].tolist(), "validate": ids[fold == n].tolist()} for n in fold_names(fold)}
    record = split_record(dataset.divided(drawn), split, seed)
    again = recorded_folds(json.loads(json.dumps(record)), dataset)
    for name, ids in again.items():
        held_out = data.index[data["data_id"].isin(ids["validate"])]
        assert set(held_out) == set(fold.index[fold == int(name)])
        assert set(data.index[data["data_id"].isin(ids["train"])]) == set(data.index) - set(held_out)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("splits") / "mine.csv"
    lines = ["repeat_unit,Tg (°C),density (g/cm3),lab"]
    for place, unit in enumerate(UNITS):
        lines.append(f"{unit},{10 * place - 50},{1 + place / 50 if place % 3 else ''},{'Jena' if place % 2 else 'Ulm'}")
    lines.append(f"{UNITS[0]},-45,,Ulm")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def tiny():
    """The preset's folds and networks, small enough to train in seconds."""
    sizes = {"num_messages": 1, "atom_features": 8, "bond_features": 8}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "small", {**PRESETS["small"], **sizes})
        yield


@pytest.fixture(scope="module")
def model(table, tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "model"
    train_ensemble(table, folder, epochs=1, folds=2, split="scaffold", seed=5)
    return folder


def test_every_figure_can_be_computed_again_from_the_model_and_the_table(table, model, capsys):
    published = json.loads((model / "metrics.json").read_text())
    assert MultiModel.load_models(model).recompute_out_of_fold(table) == published
    assert main(["evaluate", str(model), str(table), "--out-of-fold"]) == 0
    assert json.loads(capsys.readouterr().out) == published
    everything = MultiModel.load_models(model)
    everything.recompute_out_of_fold(table)
    rows = everything.out_of_fold()
    assert len(rows) == len(UNITS) + 1
    errors = (rows["Glass_Transition"] - rows["Glass_Transition_pred"]).abs()
    assert errors.mean() == pytest.approx(published["out_of_fold"]["Glass_Transition"]["MAE"], rel=1e-12)
    assert main(["evaluate", str(model), str(table)]) == 0
    assert json.loads(capsys.readouterr().out) != published, "members that saw the polymers are another figure"


def test_a_saved_split_gives_the_same_folds(table, model):
    record = json.loads((model / "splits.json").read_text())
    assert (record["split"], record["seed"], record["grouped_by"]) == ("scaffold", 5, "polymer")
    again = MultiModel()
    again.load_dataset(table, ["Glass_Transition", "Density"])
    again.split_data(2, split="scaffold", seed=5)
    drawn = [m.df_validate["smiles_polymer"].tolist() for m in again.models]
    again.split_data(load_kfold=model / "splits.json")
    assert [m.df_validate["smiles_polymer"].tolist() for m in again.models] == drawn
    assert again.split == "scaffold"
    for m in again.models:
        keys = set(polymer_keys(m.df_validate))
        assert keys == set(record["held_out"][m.model_id])
        assert not keys & set(polymer_keys(m.df_train))


def test_another_table_is_refused(table, model, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(table.read_text(encoding="utf-8") + "\n*CCS*,1,1,Ulm", encoding="utf-8")
    with pytest.raises(DataError, match=r"other\.csv is not the table this model was trained on"):
        MultiModel.load_models(model).recompute_out_of_fold(other)


def test_a_model_of_ones_own_folds(table, tmp_path, capsys):
    folder = tmp_path / "model"
    arguments = ["train", str(table), "--epochs", "1", "--split", "column:lab", "--output", str(folder), "--quiet"]
    assert main([*arguments, "--folds", "3"]) == 1
    assert "names 2 folds, not 3" in capsys.readouterr().err
    assert main([*arguments[:5], "column:labs", *arguments[6:]]) == 1
    assert "has no column labs; its columns are repeat_unit" in capsys.readouterr().err
    assert main(arguments) == 0
    record = json.loads((folder / "splits.json").read_text())
    assert record["split"] == "column:lab"
    assert sorted(record["held_out"]) == ["Jena", "Ulm"]
    published = json.loads((folder / "metrics.json").read_text())
    assert MultiModel.load_models(folder).recompute_out_of_fold(table) == published


def test_folds_of_a_table_of_facts_must_agree(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(
        "repeat_unit,property,value,unit,lab\n*CCO*,Tg,-60,°C,a\n*CCO*,density,1.1,g/cm3,b\n*CCS*,Tg,-40,°C,b\n",
        encoding="utf-8",
    )
    with pytest.raises(TrainingError, match="Rows 2 and 3 are the same polymer"):
        train_ensemble(path, tmp_path / "model", epochs=1, split="column:lab")


def test_a_table_with_one_of_the_properties_is_evaluated_for_it(table, model, tmp_path, capsys):
    one = tmp_path / "one.csv"
    lines = [",".join(line.split(",")[:2]) for line in table.read_text(encoding="utf-8").splitlines()]
    one.write_text("\n".join([*lines, "*CC(,3"]), encoding="utf-8")
    assert main(["evaluate", str(model), str(one)]) == 0
    said = capsys.readouterr()
    figures = json.loads(said.out)["properties"]
    assert list(figures) == ["Glass_Transition"]
    assert figures["Glass_Transition"]["n"] == len(UNITS) + 1
    assert "1 rows of" in said.err
    one.write_text("smiles,colour\n*CC*,red\n", encoding="utf-8")
    assert main(["evaluate", str(model), str(one)]) == 1
    assert "no property column that is recognised" in capsys.readouterr().err
