"""The network against nfp's own layers, against itself on whole graphs, and against finite differences of its parts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from helpers.networks import POLYMERS, batch_of, network_for
from helpers.paths import TESTS, program_environment
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from polyid.errors import BundleError
from polyid.graphs.batch import pack
from polyid.graphs.molecular import weighted_union
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.graphs.refinement import compress
from polyid.nn.dropout import binomial_keep, counted_uniform
from polyid.nn.rows import sum_rows, take_rows


@pytest.fixture(scope="module")
def preprocessor():
    new = PolymerPreprocessor()
    return new.fit([new.molecular_graph(s) for s in POLYMERS])


def test_agrees_with_nfp_layers(preprocessor, tmp_path):
    rounds, features = 4, 32
    ours, files = [], []
    for count, xla in ((1, True), (4, True), (4, False)):
        network = network_for(preprocessor, rounds, features, xla=xla)
        ours.append((network, np.array(network(batch_of(preprocessor, POLYMERS[:count], rounds)))[0]))
        whole = [preprocessor(s) for s in POLYMERS[:count]]
        n_atoms, n_bonds = max(len(g["atom"]) for g in whole), max(len(g["bond"]) for g in whole)
        padded = [preprocessor(s, max_num_nodes=n_atoms, max_num_edges=n_bonds) for s in POLYMERS[:count]]
        sizes = {
            "atom_classes": preprocessor.atom_classes,
            "bond_classes": preprocessor.bond_classes,
            "features": features,
            "mol_features": 8,
            "num_messages": rounds,
            "properties": 2,
        }
        files.append((tmp_path / f"in_{count}_{xla}.npz", tmp_path / f"out_{count}_{xla}.npz"))
        np.savez(
            files[-1][0],
            **{key: np.stack([g[key] for g in padded]) for key in ("atom", "bond", "connectivity")},
            **{f"size:{key}": value for key, value in sizes.items()},
            **{f"weight:{key}": value for key, value in network.member_weights(0).items()},
        )
    oracle = TESTS / "helpers" / "nfp_oracle.py"
    subprocess.run(
        [sys.executable, str(oracle), *(str(file) for pair in files for file in pair)],
        env=program_environment(TF_USE_LEGACY_KERAS="1"),
        check=True,
    )
    for (network, found), (_, answered) in zip(ours, files, strict=True):
        theirs = np.load(answered)
        assert np.abs(found - theirs["predictions"]).max() < 1e-5 * np.abs(theirs["predictions"]).max()
        # Keras leaves the last node update out of its model, too: no output reads it.
        assert network.count_member_params() == theirs["parameters"]


def test_preprocessor_gives_what_nfp_gives():
    from nfp.preprocessing.mol_preprocessor import SmilesPreprocessor

    ours, theirs = PolymerPreprocessor(), SmilesPreprocessor()
    for smiles in [*POLYMERS, "CCO", "C/C=C/C", "C1CC1[N+](C)(C)C"]:
        a, b = ours(smiles, train=True), theirs(smiles, train=True)
        for key in ("atom", "bond", "connectivity"):
            np.testing.assert_array_equal(a[key], b[key], err_msg=f"{smiles} {key}")

    assert ours.atom_classes == theirs.atom_classes and ours.bond_classes == theirs.bond_classes


FRAGMENTS = [
    "C",
    "CC",
    "C(C)",
    "O",
    "C(=O)O",
    "c1ccc(cc1)",
    "N",
    "C(F)(F)",
    "[Si](C)(C)",
    "C=C",
    "S",
    "C(c1ccccc1)",
    "[C@H](C)",
]


@st.composite
def oligomers(draw):
    unit = "".join(draw(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4)))
    smiles = "C" + unit * draw(st.integers(1, 7)) + draw(st.sampled_from(["C", "O", "CF"]))
    mol = Chem.MolFromSmiles(smiles)
    return Chem.MolToSmiles(mol) if mol is not None and mol.GetNumAtoms() < 90 else "CCCCO"


@settings(max_examples=12, deadline=None)
@given(
    smiles=st.lists(oligomers(), min_size=1, max_size=3),
    rounds=st.integers(1, 5),
    explicit_hs=st.booleans(),
    xla=st.booleans(),
)
def test_compression_changes_neither_predictions_nor_gradients(smiles, rounds, explicit_hs, xla):
    import tensorflow as tf

    preprocessor = PolymerPreprocessor(explicit_hs=explicit_hs)
    preprocessor.fit([preprocessor.molecular_graph(s) for s in smiles])
    networks = [network_for(preprocessor, rounds, features=8, xla=kind) for kind in (xla, True)]
    networks[1].set_member_weights([networks[0].member_weights(0)])

    def predict(identity):
        network = networks[identity]
        variables = [v.value for v in network.trainable_variables]
        with tf.GradientTape() as tape:
            out = network(batch_of(preprocessor, smiles, rounds, identity=identity))
            # Linear, so that the rounding of predictions is not in the gradients as well.
            loss = tf.reduce_sum(out * tf.reshape(tf.linspace(-1.0, 1.5, tf.size(out)), tf.shape(out)))
        return out.numpy(), [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, variables)]

    (small, small_grads), (whole, whole_grads) = predict(False), predict(True)
    np.testing.assert_allclose(small, whole, rtol=1e-5, atol=1e-5)
    scale = max(np.abs(g).max() for g in whole_grads)
    for a, b in zip(small_grads, whole_grads, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_the_sizes_of_a_network_tell_the_shapes_of_its_weights(preprocessor, rounds):
    network = network_for(preprocessor, rounds)
    built = {name: tuple(variable.shape[1:]) for name, variable in network.named_weights().items()}
    assert network.config.weight_shapes() == built


WRONG_WEIGHTS = {
    "missing": lambda weights: weights.pop("readout/values/bias"),
    "too many": lambda weights: weights.update(mine=np.zeros(1, np.float32)),
    "one row for all": lambda weights: weights.update({NAME: weights[NAME][:1]}),
    "one number": lambda weights: weights.update({NAME: np.float32(1.0)}),
    "turned": lambda weights: weights.update({NAME: weights[NAME].T}),
    "an embedding of too many classes": lambda weights: weights.update({TABLE: np.repeat(weights[TABLE], 2, 0)}),
    "an embedding of another width": lambda weights: weights.update({TABLE: weights[TABLE][:, :-1]}),
}
NAME, TABLE = "edge_0/hidden/global_kernel", "atom_embedding/table"


@pytest.mark.parametrize("change", WRONG_WEIGHTS.values(), ids=WRONG_WEIGHTS)
def test_weights_are_neither_padded_nor_broadcast(preprocessor, change):
    """Only an embedding with fewer classes is padded, for members that saw fewer."""
    network = network_for(preprocessor)
    weights = network.member_weights(0)
    change(weights)
    with pytest.raises(BundleError, match="are no weights of a MessagePassingNetwork"):
        network.set_member_weights([weights])


def test_members_do_not_mix(preprocessor):
    together = network_for(preprocessor, members=3)
    batch = batch_of(preprocessor, POLYMERS, 3, members=3)
    expected = np.array(together(batch))
    for member in range(3):
        alone = network_for(preprocessor)
        alone.set_member_weights([together.member_weights(member)])
        np.testing.assert_allclose(
            np.array(alone(batch_of(preprocessor, POLYMERS, 3)))[0], expected[member], rtol=1e-5, atol=1e-6
        )
    assert np.abs(expected[0] - expected[1]).max() > 1e-3


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("index", [[[0, 0, 2], [1, 1, 1]], [[0, 1, 1], [0, 0, 3]], [[], []]])
def test_sums_and_gathers_are_each_others_transposes(index, ascending):
    import tensorflow as tf

    index = np.array(index, np.int32)
    rng = np.random.default_rng(0)
    many, few = (
        rng.normal(size=(2, index.shape[1], 5)).astype(np.float32),
        rng.normal(size=(2, 4, 5)).astype(np.float32),
    )
    expected = np.zeros_like(few)
    for member in range(2):
        np.add.at(expected[member], index[member], many[member])
    values, states = tf.constant(many), tf.constant(few)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([values, states])
        summed, taken = sum_rows(values, index, 4, ascending), take_rows(states, index, ascending)
        # The gradient of a product with fixed numbers is what the transpose makes of them.
        of_sum, of_taken = tf.reduce_sum(summed * few), tf.reduce_sum(taken * many)
    np.testing.assert_allclose(summed, expected, atol=1e-6)
    np.testing.assert_array_equal(taken, np.stack([few[m][index[m]] for m in range(2)]))
    np.testing.assert_array_equal(tape.gradient(of_sum, values), taken)
    np.testing.assert_allclose(tape.gradient(of_taken, states), expected, atol=1e-6)


@pytest.mark.parametrize("xla", [True, False])
def test_padding_changes_nothing(preprocessor, xla):
    network = network_for(preprocessor, xla=xla)
    graphs = [compress(preprocessor.molecular_graph(s), 3) for s in POLYMERS]
    tokens = [preprocessor.tokenise(g) for g in graphs]
    plain = np.array(network(pack([graphs], [tokens])))[0]
    budget = np.sum([g.sizes for g in graphs], axis=0) * 2 + 7
    padded = np.array(network(pack([graphs], [tokens], budget, 9)))[0]
    np.testing.assert_allclose(padded[: len(POLYMERS)], plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("xla", [True, False])
def test_only_the_ratio_of_weights_matters(preprocessor, xla):
    network = network_for(preprocessor, xla=xla)
    # Attention that looks at little else than the rarer molecule.
    for name, variable in network.named_weights().items():
        if "query" in name and name.endswith("kernel"):
            variable.assign(200.0 * np.array(variable))
    graphs = [preprocessor.molecular_graph(s) for s in POLYMERS[:2]]

    def answer(*weights):
        graph = compress(weighted_union(graphs, weights), 3)
        return np.array(network(pack([[graph]], [[preprocessor.tokenise(graph)]])))[0]

    rare, whole = answer(0.001, 1.0), answer(1.0, 1000.0)
    np.testing.assert_allclose(rare, whole, rtol=1e-5)
    alone = np.array(network(batch_of(preprocessor, POLYMERS[1:2], 3)))[0]
    assert np.abs(rare - alone).max() > 1e-4 * np.abs(alone).max()


def test_order_of_atoms_does_not_matter(preprocessor):
    network = network_for(preprocessor)
    for smiles in POLYMERS:
        other = Chem.MolToSmiles(Chem.MolFromSmiles(smiles), doRandom=True)
        a, b = (np.array(network(batch_of(preprocessor, [s], 3))) for s in (smiles, other))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_counted_uniform_is_uniform_and_uncorrelated():
    from scipy import stats

    keys = np.array([1, 2, -7, 2**31 - 1], np.int32)
    draws = np.array(counted_uniform(keys, 500, 64))
    for draw in draws:
        assert stats.kstest(draw.ravel()[:5000], "uniform").pvalue > 1e-4
    flat = draws.reshape(4, -1)
    neighbours = np.corrcoef([*flat, np.roll(flat[0], 1), np.roll(flat[0], 64)])
    assert np.abs(neighbours[~np.eye(6, dtype=bool)]).max() < 5 / np.sqrt(flat.shape[1])
    # More rows beside them leave the draws of the first rows alone.
    np.testing.assert_array_equal(np.array(counted_uniform(keys, 900, 64))[:, :500], draws)


@pytest.mark.parametrize("count", [1, 2, 7, 30, 400])
def test_dropout_of_a_class_is_binomial(count):
    from scipy import stats

    rate, draws = 0.05, 60_000
    uniform = counted_uniform(np.array([12345], np.int32), draws // 10, 10)
    kept = np.array(binomial_keep(np.full((1, draws // 10), count, np.float32), rate, uniform)).ravel()
    kept = kept * (1 - rate) * count
    law = stats.binom(count, 1 - rate)
    assert abs(kept.mean() - law.mean()) < 5 * law.std() / np.sqrt(draws)
    assert abs(kept.std() / law.std() - 1) < 0.02
    if count * rate <= 1.5:
        share = [np.mean(np.round(kept) == k) for k in range(count + 1)]
        assert np.abs(share - law.pmf(np.arange(count + 1))).max() < 0.01


@pytest.mark.exhaustive
@pytest.mark.jax
def test_runs_under_jax(preprocessor, tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed")
    network = network_for(preprocessor)
    np.savez(tmp_path / "weights.npz", **network.member_weights(0))
    expected = np.array(network(batch_of(preprocessor, POLYMERS, 3)))
    code = """
import sys, numpy as np
from helpers.networks import POLYMERS, batch_of, network_for
from polyid.graphs.preprocessor import PolymerPreprocessor
import keras
assert keras.backend.backend() == "jax"
p = PolymerPreprocessor(); p.fit([p.molecular_graph(s) for s in POLYMERS])
n = network_for(p); n.set_member_weights([dict(np.load(sys.argv[1] + "/weights.npz"))])
np.save(sys.argv[1] + "/out.npy", np.array(n(batch_of(p, POLYMERS, 3))))
"""
    env = program_environment(KERAS_BACKEND="jax")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=env, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, rtol=1e-5, atol=1e-6)
