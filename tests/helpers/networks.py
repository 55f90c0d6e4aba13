"""Untrained networks and the batches they read."""

from __future__ import annotations

import numpy as np

from polyid.graphs.batch import pack
from polyid.graphs.refinement import compress
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork

POLYMERS = [
    "CC(c1ccccc1)CC(c1ccccc1)CC(c1ccccc1)CC(c1ccccc1)C",
    "OCCOC(=O)c1ccc(cc1)C(=O)OCCOC(=O)c1ccc(cc1)C(=O)O",
    "CCCCCCCC",
    "C[Si](C)(C)O[Si](C)(C)O[Si](C)(C)O[Si](C)(C)C",
    "NCCCCCCNC(=O)CCCCC(=O)NCCCCCCNC(=O)CCCCC(=O)O",
]


def network_for(preprocessor, rounds=3, features=16, members=1, properties=2, dropout=0.0, xla=True):
    config = NetworkConfig(
        preprocessor.atom_classes, preprocessor.bond_classes, features, 8, rounds, properties, dropout
    )
    network = MessagePassingNetwork(config, members, xla=xla)
    network.initialise(list(range(members)))
    # Biases start at zero; give them values, or a bias lost somewhere would go unseen.
    rng = np.random.default_rng(5)
    for name, variable in network.named_weights().items():
        if name.endswith("bias"):
            variable.assign(rng.normal(0, 0.1, variable.shape).astype(np.float32))
    return network


def batch_of(preprocessor, smiles, rounds, members=1, identity=False):
    graphs = [compress(preprocessor.molecular_graph(s), rounds, identity=identity) for s in smiles]
    return pack([graphs] * members, [[preprocessor.tokenise(g) for g in graphs]] * members)
