"""Stereo marks and pm: kept where enough training polymers have them, left out and named where not, mirror images alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyid import MultiModel
from polyid.chemistry.marks import kinds_of_marks, one_hand, without_marks
from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.data.learnt_marks import FEWEST_POLYMERS
from polyid.data.training_table import read_training_table
from polyid.graphs.features import feature_set
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.nn.builders import global100

SIDES = ["C", "CC", "CCC", "C(C)C", "CCCC", "CCl", "CF", "CO", "CCO", "CBr"]
MARKED = [f"*O[C@@H]({side})CC(*)=O" for side in SIDES]
PLAIN = ["*CC*", "*CC(*)C", "*CC(*)Cl", "*CCO*"]
TINY = {
    "num_messages": 2,
    "atom_features": 8,
    "mol_features": 2,
    "epochs": 2,
    "batch_size": 4,
    "kernel": True,
    "seed": 1,
}
L, D, NONE = "*OC(=O)C[C@H](CCCCC)*", "*OC(=O)C[C@@H](CCCCC)*", "*OC(=O)CC(CCCCC)*"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that saw marks of one kind with ten values of Tg and nine of Tm, and of another kind with one."""
    folder = tmp_path_factory.mktemp("marks")
    units = [*MARKED, *PLAIN, "*C[C@H](F)*"]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"repeat_unit": units, "Tg": rng.normal(50, 30, len(units)), "Tm": rng.normal(150, 30, len(units))}
    )
    frame.loc[0, "Tm"] = np.nan
    frame.to_csv(folder / "data.csv", index=False)
    ensemble = MultiModel()
    ensemble.load_table(read_training_table(folder / "data.csv", ["Tg", "Tm"], ChainSettings(4, 0)))
    ensemble.split_data(2, seed=1)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(PolymerPreprocessor, *feature_set("stereo"), explicit_hs=False)
    ensemble.train_models(global100, model_params=TINY, verbose=False, save_folder=folder / "model")
    return folder


@pytest.fixture(scope="module")
def model(folder) -> MultiModel:
    return MultiModel.load_models(folder / "model")


def test_kinds_are_told_by_the_neighbours_of_a_centre():
    assert kinds_of_marks(to_oligomer("*C[C@H](C)*", 4)) == {"C(C,C,C,H)"}
    assert kinds_of_marks(to_oligomer("*CC(*)(C)C(=O)OC", 4, pm=1.0)) == {"C(C,C,C,C)"}
    assert kinds_of_marks(to_oligomer("*C/C=C\\C*", 4)) == {"C=C"}
    assert kinds_of_marks(to_oligomer("*CC(*)C", 4)) == frozenset()


@pytest.mark.parametrize(
    "text", ["*C[C@H](C)*", "*C/C=C\\C*", "*C[C@](C)(Cl)*", "C[C@H](O)C(=O)O", "isotactic polypropylene"]
)
def test_without_marks_a_text_is_that_of_the_same_polymer(text):
    plain = without_marks(text)
    assert not set(plain) & set("@/\\")
    assert to_oligomer(plain, 4, mechanism="ester" if "*" not in plain else None)


def test_mirror_images_have_one_text():
    left, right = (to_oligomer(f"*C[C@{hand}H](C)O*", 4) for hand in ("", "@"))
    assert left != right and one_hand(left) == one_hand(right)


def test_what_was_learnt_is_recorded_with_the_model(model):
    assert model.metadata["marks"] == {"Tg": ["C(C,C,H,O)"], "Tm": []}
    assert len(MARKED) == FEWEST_POLYMERS


def test_a_learnt_mark_moves_its_property_alone_and_mirror_images_are_alike(model):
    left, right, plain = model.predict([L, D, NONE]).mean
    np.testing.assert_array_equal(left, right)
    assert left[0] != plain[0] and left[1] == plain[1]


@pytest.mark.parametrize("marked", ["*C[C@H](C)*", "*C[C@@H](C)*", "*C/C=C/C*", "*C[C@H](F)*"])
def test_a_mark_that_was_not_learnt_moves_nothing_and_is_named(model, marked):
    predictions = model.predict([marked, without_marks(marked)])
    for figures in predictions.figures().values():
        np.testing.assert_array_equal(figures[0], figures[1])
    assert predictions.verdict[0] == predictions.verdict[1]
    first, second = predictions.records()
    assert all("without stereo marks" in reading["marks_ignored"] for reading in first["properties"])
    assert "Tg, Tm" in first["marks_ignored"] and second["marks_ignored"] is None


def test_pm_that_was_not_learnt_moves_nothing_and_is_named(model):
    predictions = model.predict(["*CC(*)C"] * 3, pm=[1.0, 0.0, None])
    np.testing.assert_array_equal(predictions.mean[0], predictions.mean[2])
    np.testing.assert_array_equal(predictions.mean[1], predictions.mean[2])
    assert predictions.record(0)["marks_ignored"] and not predictions.record(2)["marks_ignored"]


def test_frames_and_members_answer_as_texts_do(model):
    oligomers = [model.chain.oligomer(text) for text in (L, "*C[C@H](C)*")]
    frame = pd.DataFrame({"smiles_polymer": oligomers})
    by_text = model.predict([L, "*CC(*)C"]).mean
    answered = model.make_aggregate_predictions(frame, "mean")[["Tg_pred_mean", "Tm_pred_mean"]].to_numpy()
    np.testing.assert_allclose(answered, by_text, rtol=1e-4)
    members = np.stack([one.predict(frame)[["Tg_pred", "Tm_pred"]].to_numpy() for one in model.models])
    np.testing.assert_allclose(members.mean(axis=0), by_text, rtol=1e-4)


@pytest.mark.parametrize("text", [L, D, "*C[C@H](C)*"])
def test_what_is_explained_is_what_is_predicted(model, text):
    predicted = dict(zip(model.prediction_columns, model.predict([text]).mean[0], strict=True))
    for name, contributions in model.explain(text).items():
        assert contributions.total == pytest.approx(predicted[name], rel=1e-4)


def test_a_training_polymer_is_in_domain_and_says_what_was_measured(model, folder):
    table = pd.read_csv(folder / "data.csv")
    asked = [*PLAIN, MARKED[3], "*C(C)C*", "*CCCCO*"]
    predictions = model.predict(asked)
    assert predictions.verdict[:-1] == ["in domain"] * (len(asked) - 1) and predictions.verdict[-1] != "in domain"
    values = table.set_index("repeat_unit").loc[[*PLAIN, MARKED[3], "*CC(*)C"]]
    for number, (_, row) in enumerate(values.iterrows()):
        readings = {reading["name"]: reading["measured"] for reading in predictions.record(number)["properties"]}
        assert readings == pytest.approx({"Tg": row["Tg"], "Tm": row["Tm"]})
        assert predictions.record(number)["measured"].endswith("from data.csv")
    assert predictions.record(len(asked) - 1)["measured"] is None


def test_figures_of_held_out_rows_are_the_same_after_a_reload(model, folder):
    ensemble = MultiModel.load_models(folder / "model")
    table = read_training_table(folder / "data.csv", ["Tg", "Tm"], ensemble.chain)
    figures = ensemble.recompute_out_of_fold(table)
    assert figures["out_of_fold"]["Tg"]["n"] == len(MARKED) + len(PLAIN) + 1
