"""The benchmarks run and count rightly, on their smallest settings and without building the peers' environments."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from benchmarks import polymers
from benchmarks.gpu_export import export, read_export
from benchmarks.gpu_steps import forward_flops
from helpers.paths import SCRIPTS, TOP
from helpers.tiny_models import small_table, trained
from keras import ops
from rdkit import Chem

from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.graphs.batch import pack
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.featuriser import Featuriser
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork

NAMES = ("training", "prediction", "gpu", "gpu_prediction", "degrees", "peers", "page_load")


def run(name: str, *arguments: str, status: int = 0) -> str:
    found = subprocess.run(
        [sys.executable, str(SCRIPTS / "benchmarks" / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert found.returncode == status, found.stderr[-2000:]
    return found.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_says_how_to_use_it(name):
    assert f"scripts/benchmarks/{name}.py" in run(name, "--help")


@pytest.mark.benchmark
def test_training_is_timed_without_peers():
    output = run(
        "training", "--tiny", "--skip-peers", "--rounds", "2", "--seconds", "0.1", "--warm-up", "0.1",
        "--folds", "2", "--batch-sizes", "16",
    )  # fmt: skip
    assert "Batch size 16, 2 folds" in output
    assert "ms per polymer and fold" in output
    assert "upstream / ours" not in output


@pytest.mark.benchmark
def test_prediction_is_timed_without_peers():
    output = run(
        "prediction", "--tiny", "--skip-peers", "--polymers", "20", "--rounds", "2", "--folds", "2",
        "--only", "upstream", "chemprop", "answers",
    )  # fmt: skip
    assert "20 polymers, 2 folds, published network" in output and "20 polymers, 2 folds, preset small" in output
    assert "first answer" in output and "bar 100 ms" in output


@pytest.mark.benchmark
def test_a_screen_is_watched_from_start_to_end():
    output = run("screening", "--units", "60", "--chunk", "20", "--workers", "1", "--kind", "small")
    assert "60 units, model starter" in output and "bytes a row" in output and "rows a second" in output


@pytest.mark.benchmark
def test_the_gpu_benchmark_runs_from_an_exported_file(tmp_path):
    path = tmp_path / "polymers.npz"
    run("gpu", "--export", str(path), "--polymers", "30", "--preset", "small")
    output = run(
        "gpu", str(path), "--preset", "small", "--tiny", "--steps", "2", "--members", "2",
        "--backend", "tensorflow", "--peak-tflops", "1",
    )  # fmt: skip
    assert "2 folds together" in output and "1 fold alone" in output and "% of the peak" in output


def test_exported_graphs_and_tokens_are_the_featurisers(tmp_path):
    path = tmp_path / "polymers.npz"
    export(path, "small", 12)
    data = read_export(path)
    assert len(data["graphs"]) == len(data["tokens"]) == len(data["targets"]) == 12
    for graph, (atoms, bonds) in zip(data["graphs"], data["tokens"], strict=True):
        assert len(atoms) == len(graph.atom_features) and len(bonds) == len(graph.bond_features)
    # One class for each text, the same in all polymers, none of them padding (0) or unknown (1).
    known: dict[str, int] = {}
    for graph, (atoms, bonds) in zip(data["graphs"], data["tokens"], strict=True):
        for kind, texts, tokens in (("atom", graph.atom_features, atoms), ("bond", graph.bond_features, bonds)):
            for text, token in zip(texts, tokens, strict=True):
                assert known.setdefault(f"{kind} {text}", int(token)) == token > 1


def test_counted_arithmetic_is_that_of_the_matrix_products(monkeypatch):
    config = NetworkConfig(30, 30, 16, 4, 3, 2)
    graphs = Featuriser(atom_features_v1, bond_features_v1, True, 3)(["CCO", "c1ccccc1C(=O)OC", "CC(C)CC"], cache=False)
    tokens = [(np.ones(len(g.atom_features), np.int32), np.ones(len(g.bond_features), np.int32)) for g in graphs]
    network = MessagePassingNetwork(config)
    done = []
    matmul = ops.matmul

    def counting(a, b):
        done.append(2 * int(np.prod(a.shape)) * int(b.shape[-1]))
        return matmul(a, b)

    monkeypatch.setattr(ops, "matmul", counting)
    network(pack([graphs], [tokens]))
    # The few products of the global state, one row a graph, are not counted: 2 rows of 4 x 32 a round, none after the last.
    states = 2 * len(graphs) * config.mol_features * 2 * config.features * (2 * config.num_messages - 1)
    counted = forward_flops(np.array([g.sizes for g in graphs]), config).sum()
    assert sum(done) == counted + states


def test_generated_units_are_different_repeat_units():
    units = polymers.generated_units(50, seed=1)
    assert len(set(units)) == 50 and units == polymers.generated_units(50, seed=1)
    assert {recognise_form(unit) for unit in units} == {PolymerForm.REPEAT_UNIT}
    assert all(Chem.MolFromSmiles(unit) is not None for unit in units)


def test_large_units_are_as_large_as_those_of_public_tables():
    units = polymers.large_units(200, seed=1)
    assert len(set(units)) == 200 and units == polymers.large_units(200, seed=1)
    sizes = sorted(Chem.MolFromSmiles(unit).GetNumHeavyAtoms() for unit in units)
    assert 32 <= sizes[100] <= 38 and sizes[-1] <= 100
    assert {recognise_form(unit) for unit in units} == {PolymerForm.REPEAT_UNIT}


def test_a_sample_spreads_over_all_sizes():
    import pandas as pd

    frame = pd.DataFrame({"smiles_polymer": ["C" * n for n in range(1, 101)]})
    lengths = sorted(len(text) for text in polymers.sample(frame, 10)["smiles_polymer"])
    assert lengths == [6, 16, 26, 36, 46, 56, 66, 76, 86, 96]
    assert len(polymers.sample(frame, 500)) == 100


def test_peak_memory_is_the_process_own():
    block = (
        "import sys; sys.path.insert(0, sys.argv[1]); from benchmarks import measuring as b; {}; print(b.peak_mib())"
    )
    before, after = (
        float(subprocess.run([sys.executable, "-c", block.format(code), str(SCRIPTS)], capture_output=True, text=True).stdout)
        for code in ("pass", "x = b'1' * 2**28; del x")
    )  # fmt: skip
    assert before < 60
    assert 250 < after - before < 280


@pytest.mark.benchmark
@pytest.mark.parametrize("backend", [pytest.param("jax", marks=pytest.mark.jax), "tensorflow"])
def test_the_gpu_benchmark_needs_keras_and_its_backend_alone(tmp_path, backend):
    pytest.importorskip(backend)
    path = tmp_path / "polymers.npz"
    export(path, "small", 12)
    others = ["rdkit", "nfp", "pandas", "sklearn", "safetensors", "gradio", "huggingface_hub", "tqdm", "joblib"]
    others += ["jax"] if backend == "tensorflow" else ["tensorflow"]
    code = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({others}))\n"
        f"sys.argv = ['gpu.py', {str(path)!r}, '--preset', 'small', '--tiny', '--steps', '2', '--epochs', '1',"
        f" '--members', '2', '--backend', {backend!r}]\n"
        f"runpy.run_path({str(SCRIPTS / 'benchmarks' / 'gpu.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture
def checkout(tmp_path):
    """Another checkout with the same package."""
    shutil.copytree(TOP / "polyid", tmp_path / "checkout" / "polyid", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "checkout"


@pytest.mark.benchmark
def test_training_is_compared_with_another_checkout(checkout):
    output = run("training", "--against", str(checkout), "--tiny", "--rounds", "2", "--folds", "2")
    assert "throughput here / there" in output
    assert re.search(r"losses of all epochs +the same", output)


@pytest.mark.benchmark
def test_predictions_are_compared_with_another_checkout_bit_for_bit(checkout, tmp_path):
    small_table().to_csv(tmp_path / "table.csv", index=False)
    trained(tmp_path / "table.csv", save_folder=tmp_path / "model")
    arguments = ("--against", str(checkout), "--model", str(tmp_path / "model"), "--polymers", "8", "--rounds", "1")
    with open(checkout / "polyid" / "ensemble" / "multi_model.py", "a") as file:
        file.write(
            "\n\nunchanged = MultiModel.predict_smiles\n"
            "def predict_smiles(self, *arguments, **keywords):\n"
            "    table = unchanged(self, *arguments, **keywords)\n"
            "    table.loc[3, 'Tg_pred_mean'] *= 1 + 1e-6\n"
            "    return table\n"
            "MultiModel.predict_smiles = predict_smiles\n"
        )
    output = run("prediction", *arguments, status=1)
    assert re.search(r"Tg_pred_mean: 1 rows differ, .*: relative difference up to 1e-06", output)
    columns, same = re.search(r"(\d+) of both; (\d+) the same bit for bit", output).groups()
    assert int(same) == int(columns) - 1 > 5
