"""The network of upstream's `pm_model` from nfp's own layers under tf_keras: the oracle of nn/test_tacticity_network.py.

usage: TF_USE_LEGACY_KERAS=1 python pm_oracle.py INPUT.npz OUTPUT.npz

Files as of `nfp_oracle.py`, with ``pm``, a number a graph.
"""

import sys

import nfp
import numpy as np
import tensorflow as tf
from nfp_oracle import layers


def main(source, target):
    data = np.load(source)
    size = {key[5:]: int(data[key]) for key in data.files if key.startswith("size:")}
    weight = {key[7:]: data[key] for key in data.files if key.startswith("weight:")}
    features, units = size["features"], size["mol_features"]
    inputs = [
        layers.Input(shape=[None], dtype=tf.int64),
        layers.Input(shape=[None], dtype=tf.int64),
        layers.Input(shape=[None, 2], dtype=tf.int64),
        layers.Input(shape=[1], dtype=tf.float32),
    ]
    embed_atom = layers.Embedding(size["atom_classes"], features, mask_zero=True)
    embed_bond = layers.Embedding(size["bond_classes"], features, mask_zero=True)
    atom, bond, connectivity = embed_atom(inputs[0]), embed_bond(inputs[1]), inputs[2]
    of_pm = layers.Dense(units)
    begun = of_pm(inputs[3])
    start = nfp.GlobalUpdate(units=units, num_heads=1)
    state = layers.Add()([start([atom, bond, connectivity, begun]), begun])
    rounds = []
    for i in range(size["num_messages"]):
        edge, node, update = nfp.EdgeUpdate(), nfp.NodeUpdate(), nfp.GlobalUpdate(units=units, num_heads=1)
        bond = layers.Add()([bond, edge([atom, bond, connectivity, state])])
        if i < size["num_messages"] - 1:
            atom = layers.Add()([atom, node([atom, bond, connectivity, state])])
            state = layers.Add()([state, update([atom, bond, connectivity, state])])
        rounds.append((edge, node, update))
    head = layers.Dense(size["properties"])
    model = tf.keras.Model(inputs, layers.GlobalAveragePooling1D()(head(bond)))
    asked = [data["atom"], data["bond"], data["connectivity"], data["pm"][:, None]]
    model(asked)

    def dense(layer, path, names):
        layer.set_weights([np.concatenate([weight[f"{path}/{n}_kernel"] for n in names]), weight[f"{path}/bias"][0]])

    embed_atom.set_weights([weight["atom_embedding/table"]])
    embed_bond.set_weights([weight["bond_embedding/table"]])
    dense(of_pm, "pm/pm", ["pm"])
    dense(head, "readout/values", ["bond"])
    dense(start.query_layer, "global_start/query", ["state"])
    dense(start.value_layer, "global_start/value", ["state"])
    for i, (edge, node, update) in enumerate(rounds):
        dense(edge.concat.dense1, f"edge_{i}/hidden", ["bond", "source", "target", "global"])
        dense(edge.concat.dense2, f"edge_{i}/out", ["hidden"])
        if i < len(rounds) - 1:
            dense(node.concat.dense1, f"node_{i}/message", ["target", "bond", "global"])
            dense(node.concat.dense2, f"node_{i}/message_out", ["hidden"])
            dense(node.dense1, f"node_{i}/hidden", ["messages"])
            dense(node.dense2, f"node_{i}/out", ["hidden"])
            # Our update before the next round is upstream's behind this one.
            dense(update.query_layer, f"global_{i + 1}/query", ["state"])
            dense(update.value_layer, f"global_{i + 1}/value", ["state"])
    np.savez(target, predictions=model(asked).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
