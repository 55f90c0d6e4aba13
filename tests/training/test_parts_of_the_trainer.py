"""What the trainer is made of: room of batches, packing in parts, and the forecast of the end, without training anything."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from helpers.networks import POLYMERS

from polyid.errors import TrainingError
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.graphs.refinement import compress
from polyid.training import reporter as reporter_module
from polyid.training.backends import steps_class
from polyid.training.batches import plan, validation_batches
from polyid.training.budgets import RowBudgets, training_key
from polyid.training.group import FoldData
from polyid.training.optimiser import update_numbers
from polyid.training.packer import BatchPacker
from polyid.training.reporter import Reporter


def folds_of(polymers: int, folds: int = 2, tokens=()) -> list[FoldData]:
    targets = np.arange(2.0 * polymers).reshape(polymers, 2).astype(np.float32)
    numbers = np.arange(polymers)
    return [
        FoldData(i, numbers[numbers % folds != i], numbers[numbers % folds == i], targets, tokens, {})
        for i in range(folds)
    ]


def test_every_batch_of_the_run_fits_the_room_foreseen_for_it():
    rng = np.random.default_rng(0)
    sizes = rng.integers(3, 60, (120, 5))
    folds = folds_of(120, 3)
    layout = plan(sizes, [fold.train for fold in folds], 2, seed=1)
    budgets = RowBudgets.foreseen(sizes, folds, {}, layout, epochs=6, static=True)
    largest: dict[str, np.ndarray] = {}
    for epoch in range(6):
        for fold in folds:
            batches = layout.epoch(fold.fold, fold.train, epoch)
            for size_class, polymers in zip(layout.buckets(epoch), batches, strict=True):
                key = training_key(int(size_class), 1)
                largest[key] = np.maximum(largest.get(key, 0), sum((sizes[p] for p in polymers), np.zeros(5, int)))
    assert set(budgets.rows) == set(largest) and len(largest) > 1
    for key, rows in budgets.rows.items():
        assert np.all(rows >= largest[key]) and np.all(rows < largest[key] + 8)


def test_room_grows_for_good_where_it_is_too_small_and_follows_the_batch_where_shapes_are_open():
    rows = np.array([[10, 20], [12, 3]])
    fixed = RowBudgets({"0/1": np.array([16, 16])}, static=True)
    assert fixed.padded("0/1", np.array([[1, 1]])).tolist() == [16, 16]
    grown = fixed.padded("0/1", rows)
    assert grown[0] >= 16 and grown[1] >= 20 and not (grown % 8).any()
    assert fixed.padded("0/1", np.array([[1, 1]])).tolist() == grown.tolist()
    unforeseen = fixed.padded("3/2", rows)
    assert np.all(unforeseen >= [12, 20]) and fixed.rows["3/2"].tolist() == unforeseen.tolist()
    opened = RowBudgets({}, static=False)
    assert opened.padded("0/1", rows).tolist() == [16, 24] and not opened.rows


def test_parts_of_a_batch_hold_each_polymer_once():
    preprocessor = PolymerPreprocessor()
    molecules = [preprocessor.molecular_graph(smiles) for smiles in POLYMERS * 4]
    preprocessor.fit(molecules)
    graphs = [compress(molecule, 2) for molecule in molecules]
    sizes = np.array([graph.sizes for graph in graphs])
    folds = folds_of(len(graphs), tokens=[preprocessor.tokenise(graph) for graph in graphs])
    layout = plan(sizes, [fold.train for fold in folds], 4, seed=0)
    packer = BatchPacker(graphs, sizes, folds, layout, epochs=5, static=True)
    polymers = [fold.train[:4] for fold in folds]
    (whole,) = packer.parts_of_step(folds, polymers, 0)
    packer.parts = 2
    halves = packer.parts_of_step(folds, polymers, 0)
    assert len(halves) == 2 and whole[1].shape == (2, 4, 2) and {targets.shape for _, targets in halves} == {(2, 2, 2)}
    for member in range(2):
        values = [row for _, targets in halves for row in targets[member].tolist()]
        assert sorted(values) == sorted(whole[1][member].tolist())
    atoms = [sum(batch["atom_count"][0].sum() for batch, _ in parts) for parts in ([whole], halves)]
    assert atoms[0] == atoms[1] == sum(int(graphs[i].atom_count[0].sum()) for chosen in polymers for i in chosen)


def test_validation_batches_are_as_many_for_every_fold_and_leave_nobody_out():
    cost = np.arange(300.0)
    for polymers in (np.arange(150), np.arange(150, 299), np.zeros(0, int)):
        batches = validation_batches(polymers, cost, most=150)
        assert len(batches) == 3 and max(map(len, batches)) <= 64
        assert sorted(np.concatenate(batches)) == sorted(polymers)


def test_bias_corrections_are_those_of_adam():
    numbers = update_numbers(0.1, np.array([0, 9]), np.ones(2, np.float32))
    np.testing.assert_allclose(numbers["correct_first"], [10.0, 1 / (1 - 0.9**10)], rtol=1e-6)
    np.testing.assert_allclose(numbers["correct_second"], [1000.0, 1 / (1 - 0.999**10)], rtol=1e-6)
    assert {values.dtype for values in numbers.values()} == {np.dtype(np.float32)}


def test_the_end_is_forecast_from_the_speed_and_told_once_a_second(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(reporter_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    told = []
    folds = folds_of(40, folds=2)
    report = Reporter(told.append, folds, epochs=3, steps_per_epoch=10, seconds_before=60.0)
    group = SimpleNamespace(folds=folds[:1], states=[], sums=np.array([[2.0], [4.0]]), rate=0.1, epoch=0, step=0)
    for step in range(1, 11):
        now[0] += 0.5
        group.step = step
        report.report(group, polymers=2)
    # Half a second a step: every second step is told.
    assert [round(record.elapsed_seconds - 60.0, 6) for record in told] == [0.5, 1.5, 2.5, 3.5, 4.5, 5.0]
    assert told[0].eta_seconds is None and [record.epoch for record in told] == [0] * 5 + [1]
    # Two polymers each half second; 40 of this fold and 60 of the next are left.
    assert told[-1].eta_seconds == pytest.approx((2 * 20 + 3 * 20) / 4)
    assert told[-1].train_loss == 0.5 and told[-1].polymers_per_second == pytest.approx(4.0)


def test_a_backend_without_training_steps_is_refused_by_name(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(TrainingError, match="tensorflow and jax, not 'torch'"):
        steps_class()
