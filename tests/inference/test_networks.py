"""Few graphs, which NumPy answers, get what the backend answers; and the threads that it takes are given back."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from helpers.random_predictors import MONOMERS, UNITS_OF_POLYMERS, predictor_of
from threadpoolctl import threadpool_info

from polyid.chemistry.oligomer import to_oligomer
from polyid.graphs.refinement import QuotientGraph
from polyid.inference import networks
from polyid.inference.predictor import EnsemblePredictor
from polyid.inference.threads import one_blas_thread
from polyid.nn.network import MessagePassingNetwork

POLYMERS = [to_oligomer(text) for text in UNITS_OF_POLYMERS + MONOMERS]
ALONE = "C"
"""A graph without bonds."""


@pytest.fixture(scope="module")
def predictor() -> EnsemblePredictor:
    return predictor_of("v1", explicit_hs=False)


def read(predictor: EnsemblePredictor, texts: list[str]) -> list[QuotientGraph]:
    return predictor.reader(fragments=False)(texts).graphs


def both_ways(predictor: EnsemblePredictor, monkeypatch, texts: list[str], rows: int) -> list[np.ndarray]:
    """Outputs and fingerprints of the texts, where so many rows are few."""
    monkeypatch.setattr(networks, "_FEW_ROWS", rows)
    batch = predictor.networks.batch(read(predictor, texts))
    assert batch.few == (rows > 0)
    return list(predictor.networks.predictions(batch))


@pytest.mark.parametrize(
    "texts", [POLYMERS[:1], POLYMERS[2:4], POLYMERS, [ALONE], [POLYMERS[0], ALONE, POLYMERS[1]], [ALONE, POLYMERS[5]]]
)
def test_numpy_answers_what_the_backend_answers(predictor, monkeypatch, texts):
    plain = both_ways(predictor, monkeypatch, texts, 10**6)
    by_backend = both_ways(predictor, monkeypatch, texts, 0)
    for one, other in zip(plain, by_backend, strict=True):
        assert one.shape == other.shape and one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("members", [1, 3])
def test_bond_values_are_the_same_both_ways(members, monkeypatch):
    predictor = predictor_of("v1", explicit_hs=True, members=members)
    (graph,) = read(predictor, POLYMERS[4:5])
    found = []
    for rows in (10**6, 0):
        monkeypatch.setattr(networks, "_FEW_ROWS", rows)
        found.append(predictor.networks.bond_values(predictor.networks.batch([graph]))[:, : graph.sizes[6]])
    np.testing.assert_allclose(*found, rtol=2e-6, atol=2e-6)


def test_threads_that_ask_at_once_get_the_answers_of_each_alone(predictor):
    alone = [predictor.predict([text]) for text in POLYMERS]
    found: dict[int, np.ndarray] = {}

    def ask(number: int) -> None:
        for place in range(number, len(POLYMERS), 2):
            found[place] = predictor.predict([POLYMERS[place]])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place, answer in enumerate(alone):
        np.testing.assert_array_equal(found[place], answer)


def test_a_network_of_ones_own_is_asked_by_the_backend(predictor):
    class OwnNetwork(MessagePassingNetwork):
        pass

    own = networks.MemberNetworks([replace(member, network_class=OwnNetwork) for member in predictor.members])
    assert not own.batch(read(predictor, POLYMERS[:1])).few


def threads_of_blas() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_the_limit_of_threads_ends_with_the_last_who_asked_for_it():
    before = threads_of_blas()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(threads_of_blas()) == {1}
    second.__exit__(None, None, None)
    assert threads_of_blas() == before
