"""A screen says of every row what the model says of it, once, whatever interrupts it; what is wrong is said in a sentence."""

from __future__ import annotations

import errno
import shutil
import sys
import types
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.paths import TESTS

from polyid.cli.main import main
from polyid.ensemble.multi_model import MultiModel
from polyid.errors import PolyIDError
from polyid.hub.fetch import fetch_bundle
from polyid.screening import parts as parts_module
from polyid.screening import store
from polyid.screening.answers import PolymerAnswers
from polyid.screening.parts import Parts
from polyid.screening.screen import Screen, ScreenOptions

MODEL = TESTS / "fixtures" / "bundles" / "v3" / "model"
UNITS = ["*CC(*)c1ccccc1", "*CC*", "*CC(*)C", "*OCC*", "*CC(*)Cl", "*CC(*)F", "*CC(*)C#N", "*CC(*)O", "*CC(*)(C)C"]
TEXTS = [*UNITS, "C(*)C(*)C", "nonsense", "*CC(*)c1ccccc1", "OCCO.O=C(O)CCCCC(=O)O", "*CC(C)*"]
FIGURES = ["mean", "error", "lower", "upper"]


COMPILED = True


@pytest.fixture(scope="module")
def model():
    return MultiModel.load_models(MODEL)


@pytest.fixture(autouse=True)
def loaded_once(model, monkeypatch):
    """To load a model and trace its networks takes longer than all that is tested here."""
    monkeypatch.setattr(MultiModel, "load_models", lambda folder: model)


@pytest.fixture(scope="module")
def said(model):
    """What the model says of the texts."""
    return model.predict_smiles(TEXTS, oligomers=False)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The texts as Parquet in small row groups, with columns of several types."""
    path = tmp_path_factory.mktemp("source") / "units.parquet"
    table = pa.table(
        {
            "id": pa.array(range(len(TEXTS)), pa.int32()),
            "SMILES": pa.array(TEXTS).dictionary_encode(),
            "tags": pa.array([["a", str(i)] for i in range(len(TEXTS))]),
            "cost": np.linspace(0, 1, len(TEXTS)),
        }
    )
    pq.write_table(table, path, row_group_size=3)
    return path


def screened(source, output, model=MODEL, workers=1, **options):
    found = Screen(
        [str(source)], fetch_bundle(str(model)), str(output), replace(ScreenOptions(chunk_rows=4), **options)
    ).run(workers)
    return found, pq.read_table(output) if store.on_this_machine(str(output)) else None


def good(said):
    return said[said["error"].isna()]


def test_every_row_is_answered_as_the_model_answers_it(source, said, tmp_path):
    found, table = screened(source, tmp_path / "out.parquet")
    rows = good(said)
    assert (found.rows, found.kept, found.bad, found.repeated, found.was_done) == (14, 13, 1, 0, False)
    assert table["id"].to_pylist() == list(rows.index) and table.schema.field("id").type == pa.int32()
    assert table["SMILES"].to_pylist() == [TEXTS[i] for i in rows.index] and table["tags"][-1].as_py() == ["a", "13"]
    for name in ("Tg", "Tm"):
        for figure in FIGURES:
            column = f"{name}_pred_{figure}"
            np.testing.assert_allclose(table[column].to_numpy(), rows[column].to_numpy(float), rtol=1e-5)
    assert table["domain"].to_pylist() == rows["domain"].tolist()
    bad = pd.read_csv(tmp_path / "out.bad.csv")
    assert bad.loc[0, ["file", "row", "value"]].tolist() == ["units.parquet", 12, "nonsense"]
    assert bad.loc[0, "reason"] == said["error"][10]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bad.csv", "out.parquet"]


def test_a_table_of_text_is_read_alike_and_rows_that_do_not_fit_are_listed(said, tmp_path):
    lines = [f"{i};{text};{i / 4:g}" for i, text in enumerate(TEXTS)]
    lines[3:3] = ["", "x;*CC*;1;too many"]
    lines.insert(0, "y;*CC*;1;already in the first row")
    (tmp_path / "in.csv").write_text("\n".join(["my id;smiles;pm price", *lines]) + "\n", encoding="utf-8-sig")
    found, table = screened(tmp_path / "in.csv", tmp_path / "out.parquet", where="`pm price` >= 0.5")
    rows = good(said)
    rows = rows[rows.index / 4 >= 0.5]
    assert table["my id"].to_pylist() == [str(i) for i in rows.index] and found.bad == 3
    np.testing.assert_allclose(table["Tg_pred_mean"].to_numpy(), rows["Tg_pred_mean"].to_numpy(float), rtol=1e-5)
    bad = pd.read_csv(tmp_path / "out.bad.csv")
    assert bad["row"].tolist() == [2, 7, 15] and bad["value"][1] == "x | *CC* | 1 | too many"
    assert bad["reason"][0] == "It has 4 cells, but the header has 3 columns."


def test_rows_and_columns_are_chosen(source, said, tmp_path):
    # Between two values: in its last bits a value depends on the polymers that are asked with it.
    values = np.unique(good(said)["Tg_pred_mean"].round(3))
    middle = values[len(values) // 2 : len(values) // 2 + 2].mean()
    options = {
        "where": f"Tg > {middle} and not domain = 'outside' or cost < 0.1",
        "columns": ["id", "Tm", "domain_reason"],
    }
    _, table = screened(source, tmp_path / "out.parquet", **options)
    rows = good(said).assign(cost=np.linspace(0, 1, len(TEXTS))[good(said).index])
    rows = rows[((rows["Tg_pred_mean"] > middle) & (rows["domain"] != "outside")) | (rows["cost"] < 0.1)]
    assert table.column_names == ["id", *(f"Tm_pred_{figure}" for figure in FIGURES), "domain_reason"]
    assert table["id"].to_pylist() == list(rows.index) and len(table)
    assert table["domain_reason"].to_pylist() == rows["domain_reason"].tolist()


@pytest.mark.parametrize("is_ascending", [False, True])
def test_the_best_are_kept_in_their_order(source, said, tmp_path, is_ascending):
    _, table = screened(source, tmp_path / "out.parquet", top=5, by="Tg", is_ascending=is_ascending, columns=["id"])
    ids = table["id"].to_pylist()
    values = good(said)["Tg_pred_mean"]
    ranked = values.sort_values(ascending=is_ascending)
    assert len(set(ids)) == 5
    np.testing.assert_allclose(values[ids], ranked[:5], rtol=1e-5)


def test_a_screen_that_was_interrupted_goes_on_and_is_the_same(source, tmp_path, monkeypatch):
    _, undisturbed = screened(source, tmp_path / "one.parquet")
    written = []
    write = Parts.write

    def until_the_third(self, record, *tables):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(record.number)
        write(self, record, *tables)

    monkeypatch.setattr(Parts, "write", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        screened(source, tmp_path / "two.parquet")
    assert not (tmp_path / "two.parquet").exists() and Parts(str(tmp_path / "two.parquet.parts")).done() == {0, 1}
    monkeypatch.setattr(
        Parts, "write", lambda self, record, *tables: (written.append(record.number), write(self, record, *tables))
    )
    found, table = screened(source, tmp_path / "two.parquet")
    assert written == [0, 1, 2, 3] and found.rows == 14
    assert table.equals(undisturbed)
    again, same = screened(source, tmp_path / "two.parquet")
    assert again == replace(found, was_done=True) and same.equals(table) and written == [0, 1, 2, 3]


def test_a_polymer_is_asked_once_however_it_is_written(model):
    answers = PolymerAnswers(model, 0.9)
    first = answers(["*CC(*)C", "C(*)C(*)C", "*CC(C)*", "*CC*"], [None] * 4)
    assert first.repeated == 2 and first.predictions.smiles == ["*CC(*)C", "C(*)C(*)C", "*CC(C)*", "*CC*"]
    assert len(set(first.predictions.mean[:3, 0])) == 1
    later = answers(["nothing", "*CC*"], [None, None])
    assert later.repeated == 0 and later.rows == [1] and set(later.reasons) == {0}


def test_files_of_one_screen_are_one_table(source, tmp_path):
    shutil.copy(source, tmp_path / "b.parquet")
    shutil.copy(source, tmp_path / "a.parquet")
    (tmp_path / "out").mkdir()
    found, table = screened(f"{tmp_path}/?.parquet", tmp_path / "out" / "x.parquet")
    assert found.rows == 28 and table["id"].to_pylist()[:13] == table["id"].to_pylist()[13:]
    pq.write_table(pa.table({"SMILES": UNITS}), tmp_path / "c.parquet")
    with pytest.raises(PolyIDError, match=r"c\.parquet has no column 'id'"):
        screened(f"{tmp_path}/?.parquet", tmp_path / "y.parquet")


def test_a_result_may_lie_on_another_store(source):
    found, _ = screened(source, "memory://screens/out.parquet")
    with store.opened("memory://screens/out.parquet") as stream:
        assert len(pq.read_table(stream)) == found.kept == 13
    assert not store.names_in("memory://screens/out.parquet.parts") and store.exists("memory://screens/out.bad.csv")


@pytest.mark.parametrize("address", ["memory://screens/left.txt", "{place}/left.txt"])
def test_a_file_that_is_left_by_an_error_is_not_there(address, tmp_path):
    address = address.format(place=tmp_path)
    with pytest.raises(KeyboardInterrupt), store.written(address) as stream:
        stream.write(b"half of it")
        raise KeyboardInterrupt
    assert not store.exists(address)


def test_the_bad_rows_are_there_before_the_result(source, tmp_path, monkeypatch):
    from polyid.screening import assembly

    def killed(*rest):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(assembly, "_write_bad", killed)
        screened(source, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    assert screened(source, tmp_path / "out.parquet")[0].bad == 1 and (tmp_path / "out.bad.csv").exists()


def test_the_beginning_of_a_text_ends_with_a_whole_row(tmp_path):
    note = "a long note\n" * 9_000
    units = UNITS[:4]
    (tmp_path / "in.csv").write_text("smiles,note\n" + "".join(f'{unit},"{note}"\n' for unit in units))
    assert 2 * len(note) < 1 << 18 < 3 * len(note), "what is read first ends within the third"
    _, table = screened(tmp_path / "in.csv", tmp_path / "out.parquet", columns=["smiles", "note"])
    assert table["smiles"].to_pylist() == units and set(table["note"].to_pylist()) == {note.strip()}


def refused(arguments, capsys) -> str:
    """The one line that a command says when it ends with status 1."""
    capsys.readouterr()
    assert main(["screen", *map(str, arguments)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("polyid: ") and not any("Traceback" in line for line in lines)
    return lines[-1]


def test_what_is_wrong_is_said_before_a_model_is_loaded(source, tmp_path, capsys, monkeypatch):
    output = ["--model", MODEL, "--output", tmp_path / "out.parquet"]
    pq.write_table(pa.table({"a": [1.0], "b": ["x y"]}), tmp_path / "none.parquet")
    (tmp_path / "broken.parquet").write_bytes(source.read_bytes()[:300])
    assert "none.parquet has no SMILES column; its columns are a, b" in refused(
        [tmp_path / "none.parquet", *output], capsys
    )
    assert "damaged Parquet file" in refused([tmp_path / "broken.parquet", *output], capsys)
    assert "There is no file" in refused([tmp_path / "absent.parquet", *output], capsys)
    assert "names no property of the model (Tg, Tm)" in refused([source, *output, "--where", "Tk > 3"], capsys)
    assert "did you mean Tm" in refused([source, *output, "--where", "Tmm > 3"], capsys)
    assert "--top N keeps" in refused([source, *output, "--top", 3], capsys)
    assert "column of texts" in refused([source, *output, "--top", 3, "--by", "domain"], capsys)
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'polyid-spaces[ray]'" in refused([source, *output, "--ray", "local"], capsys)
    monkeypatch.setitem(sys.modules, "ray", types.ModuleType("ray"))
    assert "Nobody answers at 127.0.0.1:1 " in refused([source, *output, "--ray", "127.0.0.1:1"], capsys)
    assert "--ray takes" in refused([source, *output, "--ray", "somewhere"], capsys)
    assert not (tmp_path / "out.parquet.parts").exists()


def test_a_full_disk_keeps_what_is_done(source, tmp_path, capsys, monkeypatch):
    whole = store.replacing
    names = []

    @contextmanager
    def full(path):
        with whole(path) as stream:
            names.append(str(path).rsplit("/", 1)[-1])
            if names[-1] == "part-00000002.parquet":
                raise OSError(errno.ENOSPC, "No space left on device")
            yield stream

    monkeypatch.setattr(store, "replacing", full)
    words = [source, "--model", MODEL, "--output", tmp_path / "out.parquet", "--chunk", 4, "--workers", 1]
    line = refused(words, capsys)
    assert "There is no room for part-00000002.parquet in" in line and "what was done is kept" in line
    monkeypatch.setattr(store, "replacing", whole)
    assert main(["screen", *map(str, words)]) == 0
    assert "Going on: 8 of 14 rows were done." in capsys.readouterr().err
    assert len(pq.read_table(tmp_path / "out.parquet")) == 13


def test_a_model_that_is_replaced_ends_the_screen_and_what_is_done_stays(source, tmp_path, capsys, monkeypatch):
    folder = shutil.copytree(MODEL, tmp_path / "model")
    manifest = folder / "parameters.json"
    before = manifest.read_bytes()
    read = parts_module.Parts.write

    def and_then_replaced(self, record, *tables):
        read(self, record, *tables)
        manifest.write_bytes(before + b"\n")

    monkeypatch.setattr(Parts, "write", and_then_replaced)
    words = [source, "--model", folder, "--output", tmp_path / "out.parquet", "--chunk", 4, "--workers", 1]
    assert "was replaced while the screen ran" in refused(words, capsys)
    assert Parts(str(tmp_path / "out.parquet.parts")).done() == {0}
    assert "holds parts of a screen with another model" in refused(words, capsys)
    monkeypatch.setattr(Parts, "write", read)
    manifest.write_bytes(before)
    assert main(["screen", *map(str, words)]) == 0


def test_an_output_of_another_run_is_left_alone(source, tmp_path, capsys):
    output = tmp_path / "out.parquet"
    words = [source, "--model", MODEL, "--output", output, "--workers", 1]
    screened(source, output, chunk_rows=2_000)
    content = output.read_bytes()
    assert "the result of a screen with another --where" in refused([*words, "--where", "Tg > 1"], capsys)
    assert main(["screen", *map(str, words)]) == 0 and "already" in capsys.readouterr().err
    assert output.read_bytes() == content
    output.write_text("something else")
    assert "is no result of a screen" in refused(words, capsys)
    assert output.read_text() == "something else"
