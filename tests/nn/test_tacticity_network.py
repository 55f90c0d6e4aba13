"""Upstream's tacticity network: what it makes of the share of meso dyads, and that it is equal to nfp's layers joined as upstream does."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from helpers.paths import TESTS, program_environment

from polyid.chemistry.oligomer import to_oligomer
from polyid.graphs.batch import pack
from polyid.graphs.refinement import compress
from polyid.models import PmNetwork, pm_model
from polyid.nn.builders import check_networks
from polyid.preprocessors import PmPreprocessor

ROUNDS = 2


def asked(count: int) -> tuple[PmPreprocessor, list]:
    """A preprocessor and the graphs of polypropylene at several tacticities."""
    preprocessor = PmPreprocessor()
    graphs = [preprocessor.molecular_graph(to_oligomer("*CC(*)C", 5, pm=pm)) for pm in np.linspace(0, 1, count)]
    return preprocessor.fit(graphs), graphs


def network_of(preprocessor: PmPreprocessor) -> PmNetwork:
    params = {"num_features": 8, "atom_features": 4, "mol_features": 3, "num_messages": ROUNDS, "seed": 1}
    return pm_model(preprocessor, False, ["Tg", "Tm"], params)


def answers(network: PmNetwork, preprocessor: PmPreprocessor, graphs: list) -> np.ndarray:
    quotients = [compress(graph, ROUNDS) for graph in graphs]
    return np.array(network(pack([quotients], [[preprocessor.tokenise(q) for q in quotients]])))[0]


def test_tacticity_moves_what_is_otherwise_one_graph():
    preprocessor, graphs = asked(2)
    network = network_of(preprocessor)
    check_networks([network])
    assert network.config.features == 8
    found = answers(network, preprocessor, graphs)
    assert np.abs(np.diff(found, axis=0)).min() > 1e-5
    weights = network.member_weights(0)
    network.set_member_weights([{**weights, "pm/pm/pm_kernel": 0 * weights["pm/pm/pm_kernel"]}])
    deaf = answers(network, preprocessor, graphs)
    np.testing.assert_allclose(deaf, np.repeat(deaf[:1], 2, axis=0), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_without_its_first_update_it_is_upstreams(tmp_path):
    preprocessor, graphs = asked(2)
    network = network_of(preprocessor)
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(0, 0.3, value.shape).astype(np.float32) for name, value in network.member_weights(0).items()
    }
    weights |= {name: 0 * value for name, value in weights.items() if name.startswith("global_0/value")}
    network.set_member_weights([weights])
    whole = [preprocessor(to_oligomer("*CC(*)C", 5, pm=pm)) for pm in (0.0, 1.0)]
    sizes = {"atom_classes": preprocessor.atom_classes, "bond_classes": preprocessor.bond_classes}
    sizes |= {"features": 8, "mol_features": 3, "num_messages": ROUNDS, "properties": 2}
    np.savez(
        tmp_path / "in.npz",
        pm=np.array([graph.numbers[0] for graph in graphs], np.float32),
        **{key: np.stack([g[key] for g in whole]) for key in ("atom", "bond", "connectivity")},
        **{f"size:{key}": value for key, value in sizes.items()},
        **{f"weight:{key}": value for key, value in weights.items()},
    )
    oracle = TESTS / "helpers" / "pm_oracle.py"
    subprocess.run(
        [sys.executable, str(oracle), str(tmp_path / "in.npz"), str(tmp_path / "out.npz")],
        env=program_environment(TF_USE_LEGACY_KERAS="1"),
        check=True,
    )
    theirs = np.load(tmp_path / "out.npz")["predictions"]
    np.testing.assert_allclose(answers(network, preprocessor, graphs), theirs, rtol=1e-4, atol=1e-5)
