"""What the command line says of a prediction: its interval, the domain, why, and how right it was; each recomputed by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.paths import BUNDLED_TABLE
from scipy.stats import spearmanr

from polyid.cli.main import main
from polyid.config.parameters import PRESETS
from polyid.data.properties import decimals
from polyid.ensemble.fitted import FittedEnsemble
from polyid.ensemble.multi_model import MultiModel
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import DataError
from polyid.inference.maker import PredictionMaker

PROPERTIES = ["Glass_Transition", "Density"]
# Every command asks one loaded model: compiling its networks takes longer than all that is asked of them.
pytestmark = pytest.mark.compiled
OLIGOMER = "CC(C#N)" + "CC(C#N)" * 9 + "C"
THREE_FORMS = ["*CC(*)c1ccccc1", "OCCO.O=C(O)c1ccc(C(=O)O)cc1", OLIGOMER]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A third of the bundled polymers to train on, and some of the others."""
    facts = pd.read_csv(BUNDLED_TABLE)
    facts = facts[facts["property"].isin(PROPERTIES) & facts["tacticity"].isna() & facts["pm"].isna()]
    number = facts["repeat_unit"].map({unit: i for i, unit in enumerate(facts["repeat_unit"].unique())})
    place = tmp_path_factory.mktemp("tables")
    facts[number % 3 == 1].to_csv(place / "train.csv", index=False)
    facts[number % 9 == 0].to_csv(place / "unseen.csv", index=False)
    return place / "train.csv", place / "unseen.csv"


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "model"
    sizes = {"num_messages": 2, "atom_features": 16, "bond_features": 16, "learning_rate": 3e-3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "small", {**PRESETS["small"], **sizes})
        train_ensemble(tables[0], folder, epochs=6, folds=3, properties=PROPERTIES)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return MultiModel.load_models(folder)


@pytest.fixture(scope="module")
def stacked(folder):
    """The ensemble with a say for both: after six epochs, the networks have earned none in some property."""
    own = MultiModel.load_models(folder)
    for each in own.models:
        each.member = replace(each.member, kernel=replace(each.member.kernel, share=np.array([0.4, 0.7])))
    return own


@pytest.fixture(scope="module")
def older(folder):
    """The same networks as an ensemble of the first format: no kernel regression, calibration or domain."""
    own = MultiModel.load_models(folder)
    own.fitted = FittedEnsemble(tuple(replace(member, kernel=None) for member in own.fitted.members))
    return own


@pytest.fixture(autouse=True)
def loaded_once(request, monkeypatch):
    """Commands get the model that is loaded already."""
    if "folder" in request.fixturenames:
        folder, model = request.getfixturevalue("folder"), request.getfixturevalue("model")
        load = MultiModel.load_models
        monkeypatch.setattr(MultiModel, "load_models", lambda name: model if Path(name) == folder else load(name))


@pytest.mark.parametrize("smiles", THREE_FORMS)
def test_what_explains_a_prediction_adds_up_to_it(smiles, model, stacked, older):
    for ensemble in (model, stacked, older):
        found = ensemble.predict_smiles([smiles]).iloc[0]
        explained = ensemble.explain(smiles)
        assert list(explained) == PROPERTIES
        for name, own in explained.items():
            expected = found[f"{name}_pred_mean"]
            assert own.total == pytest.approx(expected, rel=1e-5)
            by_hand = own.centre + own.atoms.sum() + own.end_groups + own.other
            assert by_hand == pytest.approx(expected, rel=1e-5)
            assert sum(own.terms().values()) == pytest.approx(expected, rel=1e-5)
            assert own.unit == {"Glass_Transition": "°C", "Density": "g/cm3"}[name]
            balanced = own.balanced()
            assert balanced.total == pytest.approx(expected, rel=1e-5)
            assert balanced.atoms.sum() + balanced.end_groups == pytest.approx(0, abs=1e-9 * abs(expected))
            assert ("Kernel regression, times its share" in own.terms()) == (ensemble is not older)
            assert ensemble is model or np.abs(own.atoms).max() > 0


def test_nearest_polymers_in_words_are_the_records(model):
    words = model.predict_smiles(["*CC(*)c1ccccc1", "xyz"])
    records = model.predict_smiles(["*CC(*)c1ccccc1", "xyz"], in_words=False)
    nearest = records["nearest_training_polymers"][0]
    assert len(nearest) == 3
    for polymer, text in zip(nearest, words["nearest_training_polymers"][0].split("; "), strict=True):
        assert text.startswith(f"{polymer['name']} {polymer['smiles']} (")
        for name, value in polymer["values"].items():
            assert f"{name} {value:.4g}" in text
    same = [c for c in words if c != "nearest_training_polymers"]
    pd.testing.assert_frame_equal(words[same], records[same])


def test_a_table_no_line_of_which_can_be_read(model):
    found = model.predict_smiles(["xyz", "*CC"])
    assert found["error"].notna().all()
    assert found[["Density_pred_mean", "Density_pred_lower"]].isna().all(axis=None)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_predictions_are_said_with_interval_and_domain(level, folder, model, capsys):
    assert main(["predict", str(folder), *THREE_FORMS[:2], "--level", str(level)]) == 0
    said = capsys.readouterr().out
    for smiles, part in zip(THREE_FORMS[:2], re.split(r"^(?=\S)", said, flags=re.MULTILINE)[1:], strict=True):
        lines = part.splitlines()
        assert lines[0] == smiles
        row = model.predict_smiles([smiles], level).iloc[0]
        if row["read_as"]:
            assert row["read_as"] in lines.pop(1)
        label, numbers = lines[1].split(": ")
        assert label == "  Glass transition temperature"
        read = re.fullmatch(r"(-?[\d.]+) °C, (\d+) % between (-?[\d.]+) and (-?[\d.]+) °C", numbers)
        kinds = ("mean", "lower", "upper")
        expected = [row[f"Glass_Transition_pred_{kind}"] for kind in kinds]
        places = decimals(expected[0], row["Glass_Transition_pred_error"])
        assert [float(read[i]) for i in (1, 3, 4)] == [round(value, places) for value in expected]
        assert int(read[2]) == round(100 * level)
        assert lines[3] == f"  {row['domain'].capitalize()}: {row['domain_reason']}"
        assert lines[4] == f"  Nearest training polymers: {row['nearest_training_polymers']}"


def test_a_model_without_intervals_says_so(folder, older, capsys, monkeypatch):
    monkeypatch.setattr(MultiModel, "load_models", lambda name: older)
    assert main(["predict", str(folder), "*CC(*)c1ccccc1"]) == 0
    said = capsys.readouterr()
    assert re.search(r"Density: 1\.\d+ ± 0\.\d+ g/cm3\n$", said.out)
    assert "between" not in said.out and "domain" not in said.out.lower()
    assert "no calibrated intervals" in said.err


def test_options_may_stand_anywhere(folder, model, capsys, monkeypatch):
    monkeypatch.setattr(MultiModel, "load_models", lambda name: model)
    where = str(folder)
    assert main(["predict", where, "*CC*", "*CC(*)C", "--level", "0.8"]) == 0
    expected = capsys.readouterr().out
    for command in ([where, "--level", "0.8", "*CC*", "*CC(*)C"], ["--level", "0.8", where, "*CC*", "*CC(*)C"]):
        assert main(["predict", *command]) == 0
        assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["predict", "any", "*CC*", "--levle", "0.8"], "No such option: --levle"),
        (["explain", "any", "*CC*", "*CO*", "--output", "x"], "unexpected extra argument(s) (*CO*)"),
        (["explain", "any", "*CC*", "--output", "--property", "Tg"], "'--output': It needs a value."),
        (["train", "any.csv", "--output", "x", "--properties"], "'--properties': It needs a value."),
        (
            ["train", "any.csv", "--output", "x", "--preset", "tiny"],
            "choose one of accurate, large, medium, publication, small",
        ),
        (["train", "any.csv"], "'--output': Name a folder for the model."),
        ([], "Missing command"),
    ],
)
def test_a_command_that_is_none_is_refused_before_anything_is_loaded(command, sentence, capsys, monkeypatch):
    monkeypatch.setattr("polyid.cli.command.load_model", lambda name: pytest.fail("loaded"))
    assert main(command) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("words", "properties", "seed"),
    [
        ("mine.csv --properties A B --seed 3", ["A", "B"], 3),
        ("--properties A B --seed 1 mine.csv", ["A", "B"], 1),
        ("--properties A --seed 1e2 --properties B -- mine.csv", ["A", "B"], 100),
        ("--properties=-A --seed=2 mine.csv", ["-A"], 2),
        ("mine.csv", None, 0),
    ],
)
def test_a_list_of_values_and_negative_numbers_are_read(words, properties, seed, monkeypatch):
    class Stop(DataError):
        pass

    def received(data, output, **settings):
        assert (str(data), str(output)) == ("mine.csv", "model")
        assert (settings["properties"], settings["seed"]) == (properties, seed)
        raise Stop("received")

    monkeypatch.setattr("polyid.ensemble.workflow.train_ensemble", received)
    monkeypatch.setattr("polyid.cli.train.find_table", Path)
    monkeypatch.setattr("polyid.cli.train.checked_columns", lambda table, column, properties: None)
    assert main(["train", "--output", "model", *words.split()]) == 1


def test_help_loads_no_tensorflow():
    """And none of the libraries that read molecules and tables: help is there at once."""
    check = (
        "import sys; from polyid.cli.main import main; assert main(sys.argv[1:]) == 0; "
        "print({'tensorflow', 'keras', 'rdkit', 'pandas', 'gradio'} & set(sys.modules))"
    )
    for words in (["--help"], ["train", "--help"], ["data", "--help"]):
        run = subprocess.run([sys.executable, "-c", check, *words], capture_output=True, text=True, check=True)
        assert run.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("level", ["0", "1", "90", "1e-12", "nan", "inf"])
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_level_that_is_none_is_refused(command, level, capsys):
    assert main([command, "nowhere", "*CC*", "--level", level]) == 1
    assert "must be a number from 0.01 to 0.999, such as 0.9" in capsys.readouterr().err


def test_a_table_gets_every_column_in_chunks_as_at_once(folder, model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("polyid.inference.reader.POLYMERS_A_PART", 2)
    smiles = ["*CC*", "nonsense", "xyz", "*C", *THREE_FORMS]
    (tmp_path / "in.csv").write_text("SMILES,note\n" + "\n".join(f"{s},{i}" for i, s in enumerate(smiles)))
    output = tmp_path / "out.csv"
    asked = ["predict", str(folder), "--input", str(tmp_path / "in.csv"), "--output", str(output), "--oligomers"]
    assert main(asked) == 1
    assert "3 of 7 polymers could not be predicted (number 2, 3, 4)" in capsys.readouterr().err
    written = pd.read_csv(output)
    expected = model.predict_smiles(smiles, oligomers=True)
    assert list(written) == ["SMILES", "note", *[c for c in expected if c != "smiles"]]
    assert {"Density_pred_upper", "domain", "domain_reason", "nearest_training_polymers"} <= set(written)
    for column in expected.columns.drop("smiles"):
        if column.endswith("_mean") or column.endswith("_lower"):
            np.testing.assert_allclose(written[column], expected[column].astype(float), rtol=1e-5)
        elif "_pred_" not in column:
            assert written[column].fillna("").tolist() == expected[column].fillna("").tolist()


@pytest.fixture
def long_table(tmp_path, monkeypatch):
    """Nine rows, read two at a time, with a text that CSV has to quote."""
    monkeypatch.setattr("polyid.inference.reader.POLYMERS_A_PART", 2)
    smiles = ["*CC*", "nonsense", "*CC(*)Cl", "*CC(*)F", "xyz", *THREE_FORMS, "*CC(*)C"]
    rows = [f'{text},"{i}, ""or\n so"""' for i, text in enumerate(smiles)]
    (tmp_path / "in.csv").write_text("SMILES,note\n" + "\n".join(rows))
    return tmp_path / "in.csv"


def interrupt(monkeypatch, after: int) -> list[int]:
    """Ctrl-C in the middle of a part, after so many; gives the sizes of the parts predicted."""
    sizes = []
    predicted = PredictionMaker._of_part

    def counted(self, part, *rest):
        if len(sizes) == after:
            raise KeyboardInterrupt
        sizes.append(len(part.rows))
        return predicted(self, part, *rest)

    monkeypatch.setattr(PredictionMaker, "_of_part", counted)
    return sizes


def test_an_interrupted_table_goes_on_where_it_stopped(folder, long_table, tmp_path, monkeypatch, capsys):
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    command = ["predict", str(folder), "--input", str(long_table), "--output"]
    assert main([*command, str(whole)]) == 1
    said = capsys.readouterr().err
    with monkeypatch.context() as patch:
        assert interrupt(patch, after=2) == [] and main([*command, str(output)]) == 130
    assert f"4 of 9 rows are in {output}.partial; the same command with --resume goes on." in capsys.readouterr().err
    assert not output.exists()
    written = pd.read_csv(f"{output}.partial")
    assert written["SMILES"].tolist() == ["*CC*", "nonsense", "*CC(*)Cl", "*CC(*)F"]
    with open(f"{output}.partial", "a") as file:
        file.write('xyz,"half a ro')  # what a crash may leave
    with monkeypatch.context() as patch:
        sizes = interrupt(patch, after=99)
        assert main([*command, str(output), "--resume"]) == 1
    assert sizes == [2, 2, 1]
    assert capsys.readouterr().err.replace("out.csv", "whole.csv") == said
    assert "2 of 9 polymers could not be predicted (number 2, 5)" in said
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv", "whole.csv"]


def test_another_table_or_level_does_not_go_on(folder, long_table, tmp_path, monkeypatch, capsys):
    output = tmp_path / "out.csv"
    command = ["predict", str(folder), "--input", str(long_table), "--output", str(output)]
    with monkeypatch.context() as patch:
        interrupt(patch, after=1)
        assert main(command) == 130
    capsys.readouterr()
    assert main([*command, "--resume", "--level", "0.5"]) == 1
    assert "was begun with another model, table or level" in capsys.readouterr().err
    long_table.write_text(long_table.read_text() + "\n*CC(*)C#N,new")
    assert main([*command, "--resume"]) == 1
    assert "was begun with another model, table or level" in capsys.readouterr().err
    assert main(command) == 1  # anew
    assert len(pd.read_csv(output)) == 10


def test_there_is_nothing_to_resume_without_an_output(folder, long_table, capsys):
    assert main(["predict", str(folder), "--input", str(long_table), "--resume"]) == 1
    assert "name it" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["begun anew and stopped at once", "rows lost", "record lost", "record damaged"])
def test_rows_that_are_not_there_for_sure_are_predicted_again(
    damage, folder, long_table, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "out.csv"
    command = ["predict", str(folder), "--input", str(long_table), "--output", str(output)]
    partial, record = Path(f"{output}.partial"), Path(f"{output}.partial.json")
    for after in (2, 0) if damage.startswith("begun") else (2,):
        with monkeypatch.context() as patch:
            interrupt(patch, after)
            assert main(command) == 130
    if damage == "rows lost":
        partial.write_bytes(partial.read_bytes()[:-1])
    elif damage == "record lost":
        record.unlink()
    elif damage == "record damaged":
        record.write_text('{"rows"')
    assert main([*command, "--resume"]) == 1
    assert b"\0" not in output.read_bytes()
    assert len(pd.read_csv(output)) == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_resuming_what_was_never_begun_begins(folder, long_table, tmp_path, capsys):
    output = tmp_path / "out.csv"
    assert main(["predict", str(folder), "--input", str(long_table), "--output", str(output), "--resume"]) == 1
    assert len(pd.read_csv(output)) == 9


def test_what_was_asked_for_is_kept_where_its_column_is_that_of_the_oligomers(folder, tmp_path, capsys):
    (tmp_path / "in.csv").write_text("smiles_polymer,note\n*CC*,a\nnonsense,b\n")
    output = tmp_path / "out.csv"
    asked = ["predict", str(folder), "--input", str(tmp_path / "in.csv"), "--output", str(output)]
    assert main([*asked, "--oligomers"]) == 1
    written = pd.read_csv(output, keep_default_na=False)
    assert written["smiles"].tolist() == ["*CC*", "nonsense"]
    assert written["note"].tolist() == ["a", "b"]
    assert written["smiles_polymer"][0].startswith("CCCC") and written["smiles_polymer"][1] == ""
    assert main(asked) == 1
    written = pd.read_csv(output, keep_default_na=False)
    assert written["smiles_polymer"].tolist() == ["*CC*", "nonsense"] and "smiles" not in written


def test_explain_draws_the_property_and_prints_the_sum(folder, stacked, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("polyid.cli.command.load_model", lambda name: stacked)
    output = tmp_path / "why.svg"
    arguments = ["explain", str(folder), "*CC(*)c1ccccc1", "--output", str(output)]
    assert main([*arguments, "--property", "rho"]) == 0
    terms = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()[:-1]]
    prediction = stacked.predict_smiles(["*CC(*)c1ccccc1"])["Density_pred_mean"][0]
    assert sum(float(value) for _, value in terms) == pytest.approx(prediction, abs=0.0021)
    drawn = ElementTree.fromstring(output.read_text("utf-8"))
    titles = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 8 and all(re.fullmatch(r"C [+-][\d.e-]+ g/cm3", text) for text in titles)
    values = [float(text.split()[1]) for text in titles]
    assert min(values) < 0 < max(values), "shown about the prediction, some parts raise and some lower it"
    assert main(arguments) == 0
    assert "Glass_Transition" in capsys.readouterr().out
    assert main([*arguments, "--property", "colour"]) == 1
    assert "choose of Glass_Transition, Density" in capsys.readouterr().err
    assert main(["explain", str(folder), "*CC", "--output", str(output)]) == 1


@pytest.mark.slow
def test_evaluation_of_unseen_polymers(folder, tables, tmp_path, capsys):
    """Every figure once more, from the CSV that `polyid predict` writes and the measured values."""
    assert main(["evaluate", str(folder), str(tables[1]), "--level", "0.8"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert "has seen these polymers" not in said.err
    facts = pd.read_csv(tables[1])
    measured = facts.groupby(["repeat_unit", "class", "property"], sort=False)["value"].mean().unstack().reset_index()
    measured["repeat_unit"].to_csv(tmp_path / "in.csv", index=False)
    arguments = ["predict", str(folder), "--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv")]
    assert main([*arguments, "--level", "0.8"]) == 0
    found = pd.read_csv(tmp_path / "out.csv")
    relative = {}
    for name in PROPERTIES:
        error = (found[f"{name}_pred_mean"] - measured[name]).abs()
        known = error.notna()
        figures = report["properties"][name]
        assert figures["n"] == known.sum() > 15
        assert figures["MAE"] == pytest.approx(error.mean(), rel=1e-5)
        lower, upper = found[f"{name}_pred_lower"], found[f"{name}_pred_upper"]
        assert figures["level"] == 0.8
        inside = (lower <= measured[name]) & (measured[name] <= upper)
        assert figures["coverage"] == pytest.approx(inside[known].mean(), abs=0.02)
        assert figures["width"] == pytest.approx((upper - lower)[known].mean(), rel=1e-5)
        rank = spearmanr(found[f"{name}_pred_error"][known], error[known]).statistic
        assert figures["spearman"] == pytest.approx(rank, abs=0.01)
        by_class = error[known].groupby(measured["class"]).mean()
        assert set(report["by_class"][name]) == set(by_class.index)
        for kind, own in report["by_class"][name].items():
            assert own["MAE"] == pytest.approx(by_class[kind], rel=1e-4)
        medians = error[known].groupby(found["domain"]).median()
        counts = found["domain"][known].value_counts()
        assert {k: v["n"] for k, v in report["by_domain"][name].items()} == counts.to_dict()
        for verdict, own in report["by_domain"][name].items():
            assert own["median_absolute_error"] == pytest.approx(medians[verdict], rel=1e-4)
        relative[name] = error / error.median()
    together = pd.concat([values.groupby(found["domain"]).apply(list) for values in relative.values()], axis=1)
    for verdict, own in report["all_by_domain"].items():
        expected = np.concatenate(together.loc[verdict].tolist())
        assert own["median_absolute_error"] == pytest.approx(np.nanmedian(expected), rel=1e-4)
        assert own["n"] == np.isfinite(expected).sum()


@pytest.mark.slow
def test_evaluation_on_the_training_table_is_told_apart(folder, tables, capsys):
    assert main(["evaluate", str(folder), str(tables[0])]) == 0
    said = capsys.readouterr()
    assert "has seen these polymers" in said.err
    assert main(["evaluate", str(folder), str(tables[0]), "--out-of-fold"]) == 0
    published = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert json.loads(capsys.readouterr().out) == published
    seen, held_out = json.loads(said.out)["properties"], published["out_of_fold"]
    assert seen["Glass_Transition"]["MAE"] < held_out["Glass_Transition"]["MAE"]


def test_a_model_without_domain_or_intervals_is_evaluated_without_them(older, tables, capsys, monkeypatch):
    monkeypatch.setattr("polyid.cli.command.load_model", lambda name: older)
    assert main(["evaluate", "older", str(tables[1])]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "by_domain" not in report
    assert set(report["properties"]["Density"]) == {"n", "MAE", "RMSE", "R2"}


def test_tacticity_is_taken_from_the_option_or_the_table(folder, model, tmp_path, capsys):
    unit = "*CC(*)C#N"
    table = tmp_path / "polymers.csv"
    table.write_text(f"smiles,pm\n{unit},1\n{unit},\n{unit},0.0\n{OLIGOMER},1\n{unit},1.2\n*CC*,0.5\n")
    output = str(tmp_path / "out.csv")
    main(["predict", str(folder), "--input", str(table), "--pm", "0", "--oligomers", "--output", output])
    found = pd.read_csv(tmp_path / "out.csv")
    chains = [model.chain.oligomer(unit, pm=pm) for pm in (1.0, 0.0, 0.0)]
    assert found["smiles_polymer"][:3].tolist() == chains, "an empty cell leaves it to the option"
    alone = model.predict_smiles(chains)
    for name in PROPERTIES:
        np.testing.assert_allclose(found[f"{name}_pred_mean"][:3], alone[f"{name}_pred_mean"], rtol=1e-6)
    # No polymer of the training table has a pm, so that it moves nothing, and is said to.
    assert found["Glass_Transition_pred_mean"][0] == found["Glass_Transition_pred_mean"][1]
    assert found["marks_ignored"][:3].notna().all() and found["marks_ignored"][3:].isna().all()
    assert "@" not in found["smiles_polymer"][3] + found["smiles_polymer"][5], "written out, or without stereocentres"
    assert "from 0 to 1" in found["error"][4] and found["error"].drop(4).isna().all()
    capsys.readouterr()
    table.write_text(f"smiles,pm\n{unit},isotactic\n")
    assert main(["predict", str(folder), "--input", str(table)]) == 1
    assert "Row 2: pm is 'isotactic'; write the probability of meso dyads, 0 to 1" in capsys.readouterr().err
