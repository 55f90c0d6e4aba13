"""Predictions are one type: tables, records and joined parts say the same numbers, and bad inputs have none."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.random_predictors import PROPERTIES, UNITS, predictor_of

from polyid.chemistry.oligomer import ChainSettings
from polyid.explain.contributions import explained
from polyid.inference.columns import FIGURES, prediction_column
from polyid.inference.maker import PredictionMaker
from polyid.inference.predictions import Predictions

NEAREST = [{"name": "Polyethylene", "smiles": "*CC*", "distance": 0.1, "values": {"Tg": -80.0}}]


def predictions(calibrated: bool = True) -> Predictions:
    """Two properties of three inputs, the second of which can't be read; one interval is infinite."""
    numbers = np.array([[1.0, 10.0], [np.nan, np.nan], [3.0, 30.0]])
    bounds = (numbers - 1, np.array([[2.0, np.inf], [np.nan, np.nan], [4.0, 31.0]])) if calibrated else (None, None)
    return Predictions(
        ("Tg", "Tm"),
        0.9,
        ["*CC*", "C1C", "*CCO*"],
        ["repeat unit", None, "repeat unit"],
        ["CCCC", None, "CCOCCO"],
        [None, "ring 1 is not closed", None],
        ["polyethylene read as *CC*", None, None],
        numbers,
        numbers / 10,
        numbers / 5 if calibrated else None,
        *bounds,
        *((["in domain", None, "outside"], ["near", None, "far"], [NEAREST, None, []]) if calibrated else ()),
    )


def test_the_table_has_a_column_for_every_figure_and_nothing_for_bad_inputs():
    frame = predictions().to_frame(oligomers=True)
    assert frame["smiles"].tolist() == ["*CC*", "C1C", "*CCO*"]
    assert frame["error"].tolist() == [None, "ring 1 is not closed", None]
    assert frame.columns.tolist() == [
        *("smiles", "form", "smiles_polymer", "error", "read_as", "measured", "marks_ignored"),
        *(prediction_column(name, figure) for name in ("Tg", "Tm") for figure in FIGURES),
        *("domain", "domain_reason", "nearest_training_polymers"),
    ]
    assert frame.loc[1, "Tg_pred_mean":].isna().all()
    assert frame["Tm_pred_upper"].tolist()[0] == np.inf
    assert "Polyethylene" in frame["nearest_training_polymers"][0]
    assert predictions().to_frame(in_words=False)["nearest_training_polymers"][0] == NEAREST


def test_records_are_json_and_an_interval_has_both_bounds_or_none():
    records = json.loads(json.dumps(predictions().records(), allow_nan=False))
    assert [record["error"] for record in records] == [None, "ring 1 is not closed", None]
    assert [record["read_as"] for record in records] == ["polyethylene read as *CC*", None, None]
    assert records[1]["properties"] == [] and records[1]["domain"] is None
    glass, melting = records[0]["properties"]
    assert glass == {
        "name": "Tg",
        "value": 1.0,
        "std": 0.1,
        "expected_error": 0.2,
        "lower": 0.0,
        "upper": 2.0,
        "measured": None,
        "marks_ignored": None,
    }
    assert (melting["lower"], melting["upper"]) == (None, None)
    bare = predictions(calibrated=False).records()[0]
    assert bare["domain"] is None and bare["properties"][0]["expected_error"] is None


def test_joined_parts_are_the_whole():
    whole = Predictions.joined([predictions(), predictions()])
    pd.testing.assert_frame_equal(whole.to_frame()[3:].reset_index(drop=True), predictions().to_frame())
    assert whole.predicted == [0, 2, 3, 5] and len(whole) == 6
    assert not Predictions.joined([predictions(False)] * 2).calibrated


@pytest.fixture(scope="module")
def predictor():
    return predictor_of("stereo", False)


def test_the_maker_says_what_the_members_say(predictor):
    """Mean and standard deviation over the members by NumPy, for inputs in any order and twice."""
    maker = PredictionMaker(predictor, tuple(PROPERTIES), ("0", "1", "2"), None, None, None)
    asked = ["*CC(*)C", "C1CC", "*CCO*", "*CC(*)C"]
    found = Predictions.joined(list(maker.in_parts(asked, 0.9, ChainSettings())))
    members = predictor.predict([text for text in found.oligomer if text])
    # The chains are read from short ones here and written out there: float32 sums in another order.
    np.testing.assert_allclose(found.mean[found.predicted], members.mean(axis=0), rtol=2e-6)
    np.testing.assert_allclose(found.std[found.predicted], members.std(axis=0, ddof=1), rtol=1e-4)
    assert np.isnan(found.mean[1]).all() and "ring 1" in found.error[1]
    np.testing.assert_array_equal(found.mean[0], found.mean[3])


@pytest.mark.parametrize("pm", [None, 0.0, 1.0])
def test_an_explanation_is_of_the_chain_that_is_predicted(predictor, pm):
    """Of the same tacticity and drawn by the same seed; the network sees stereochemistry, so other chains have other sums."""
    chain = ChainSettings(seed=1)
    maker = PredictionMaker(predictor, tuple(PROPERTIES), ("0", "1", "2"), None, None, None)
    (predicted,) = maker.in_parts(["*CC(*)C"], 0.9, chain, [pm])
    terms = explained(predictor, "*CC(*)C", PROPERTIES, UNITS, chain, pm)
    sums = [sum(terms[name].terms().values()) for name in PROPERTIES]
    np.testing.assert_allclose(sums, predicted.mean[0], rtol=1e-5)


def test_some_of_the_inputs_come_from_the_same_table():
    whole = replace(predictions(), measured=[{"Tg": 1.0}, None, None], source="t.csv")
    last, first = whole.chosen([2, 0]), whole.chosen([0])
    assert (last.smiles, last.source) == (["*CCO*", "*CC*"], "t.csv")
    assert first.record(0)["measured"] == "measured: Tg 1, from t.csv"
    assert Predictions.joined([first, last]).source == "t.csv"
