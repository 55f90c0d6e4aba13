"""Many threads in front of one model: calls are shared, answers are each one's own, and long requests don't block short ones."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from polyid.inference.predictions import Predictions
from polyid.serving import shared_model
from polyid.serving.shared_model import SharedModel


class Lengths:
    """A model that answers every text with its length and the level, slowly, and notes what it was asked."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds, self.calls, self.asking = seconds, [], threading.Lock()

    def predict(self, smiles, level):
        assert self.asking.acquire(blocking=False), "one call at a time"
        self.calls.append(list(smiles))
        time.sleep(self.seconds)
        self.asking.release()
        if "explode" in smiles:
            raise RuntimeError("exploded")
        n = len(smiles)
        mean = np.array([[len(text), level] for text in smiles], float)
        return Predictions(("a", "b"), level, list(smiles), ["x"] * n, [None] * n, [None] * n, [None] * n, mean, mean)


def test_every_caller_gets_its_own_answers():
    model = Lengths()
    shared = SharedModel(model, remembered=0)
    rng = np.random.default_rng(0)
    asked = [["C" * size for size in rng.integers(1, 40, rng.integers(1, 5))] for _ in range(200)]
    levels = rng.choice([0.8, 0.9], 200)
    with ThreadPoolExecutor(20) as threads:
        found = list(threads.map(shared.predict, asked, levels))
    for texts, level, predictions in zip(asked, levels, found, strict=True):
        assert predictions.smiles == texts
        assert predictions.mean.tolist() == [[len(text), level] for text in texts]
    assert max(map(len, model.calls)) <= shared_model.POLYMERS_A_TURN


def test_what_waits_together_is_one_call():
    gate, model = threading.Event(), Lengths(0)
    answer = model.predict
    model.predict = lambda smiles, level: gate.wait(30) and answer(smiles, level)
    shared = SharedModel(model)
    with ThreadPoolExecutor(20) as threads:
        found = [threads.submit(shared.predict, ["C" * size]) for size in range(1, 21)]
        time.sleep(0.5)
        gate.set()
        assert [answers.result().mean[0, 0] for answers in found] == list(range(1, 21))
    assert len(model.calls) <= 4, "the first alone, and what came while it was asked"


def test_what_was_asked_before_is_not_asked_again_but_at_another_level():
    model = Lengths(0)
    shared = SharedModel(model, remembered=3)
    shared.predict(["C", "CC", "C"])
    assert model.calls == [["C", "CC"]]
    assert shared.predict(["CC", "C"]).mean[:, 0].tolist() == [2, 1]
    assert len(model.calls) == 1
    assert shared.predict(["C"], 0.5).mean[0].tolist() == [1, 0.5]
    shared.predict(["CCC"])
    shared.predict(["CC"])
    assert model.calls[1:] == [["C"], ["CCC"], ["CC"]], "the oldest is forgotten"


def test_a_short_request_does_not_wait_for_a_long_one():
    model = Lengths(0.02)
    shared = SharedModel(model)
    long = threading.Thread(target=shared.predict, args=([f"{'C' * 100}{i}" for i in range(100)],))
    long.start()
    while not model.calls:
        time.sleep(0.001)
    before = len(model.calls)
    shared.predict(["O"])
    assert len(model.calls) - before <= 2, "the call under way, and its own"
    assert long.is_alive()
    long.join()
    assert sum(len(call) for call in model.calls) == 101


def test_an_error_reaches_those_who_asked_with_it_and_no_others():
    shared = SharedModel(Lengths(0))
    with pytest.raises(RuntimeError, match="exploded"):
        shared.predict(["C", "explode"])
    assert shared.predict(["C"]).mean[0, 0] == 1


def test_one_large_table_takes_no_turns_and_a_second_one_takes_slices():
    first_part_asked, others_answered = threading.Event(), threading.Event()
    model = Lengths(0)

    def in_parts(smiles, level, pm=None):
        first_part_asked.set()
        assert others_answered.wait(30)
        for start in range(0, len(smiles), 200):
            part = smiles[start : start + 200]
            mean = np.array([[len(text), level] for text in part], float)
            nothing = [None] * len(part)
            yield Predictions(("a", "b"), level, part, ["x"] * len(part), nothing, nothing, nothing, mean, mean)

    model.predict_in_parts = in_parts
    shared = SharedModel(model)
    table = ["C" * (1 + row % 30) for row in range(shared_model.FEWEST_POLYMERS)]

    def answered(level):
        parts = list(shared.predict_table(table, level))
        assert [value for part in parts for value in part.mean.tolist()] == [[len(text), level] for text in table]
        return parts

    with ThreadPoolExecutor(2) as threads:
        large = threads.submit(answered, 0.9)
        assert first_part_asked.wait(30)
        assert shared.predict(["CC"]).mean.tolist() == [[2, 0.9]]
        assert len(answered(0.8)) == -(-len(table) // shared_model.ROWS_A_PART)
        others_answered.set()
        assert len(large.result()) == -(-len(table) // 200)
    assert len(answered(0.9)) == 3, "the pool is free again"
