"""PolyID's published network from nfp's own layers under tf_keras: the oracle of nn/test_network.py, in a process of its own.

usage: TF_USE_LEGACY_KERAS=1 python nfp_oracle.py INPUT.npz OUTPUT.npz [INPUT.npz OUTPUT.npz ...]

INPUT.npz holds the padded graphs (atom, bond, connectivity), sizes (atom_classes, bond_classes, features, mol_features,
num_messages, properties) and, under ``weight:NAME``, one member's weights by the names of `MessagePassingNetwork`.
OUTPUT.npz gets the predictions and the number of parameters.
"""

import sys

import nfp
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


def build(sizes, atom, bond, connectivity):
    features, units = sizes["features"], sizes["mol_features"]
    inputs = [
        layers.Input(shape=[None], dtype=tf.int64),
        layers.Input(shape=[None], dtype=tf.int64),
        layers.Input(shape=[None, 2], dtype=tf.int64),
    ]
    embed_atom = layers.Embedding(sizes["atom_classes"], features, mask_zero=True)
    embed_bond = layers.Embedding(sizes["bond_classes"], features, mask_zero=True)
    atom_state, bond_state = embed_atom(inputs[0]), embed_bond(inputs[1])
    start = nfp.GlobalUpdate(units=units, num_heads=1)
    global_state = start([atom_state, bond_state, inputs[2]])
    rounds = []
    for _ in range(sizes["num_messages"]):
        update, edge, node = nfp.GlobalUpdate(units=units, num_heads=1), nfp.EdgeUpdate(), nfp.NodeUpdate()
        global_state = layers.Add()([global_state, update([atom_state, bond_state, inputs[2], global_state])])
        bond_state = layers.Add()([bond_state, edge([atom_state, bond_state, inputs[2], global_state])])
        atom_state = layers.Add()([atom_state, node([atom_state, bond_state, inputs[2], global_state])])
        rounds.append((update, edge, node))
    heads = [layers.Dense(1) for _ in range(sizes["properties"])]
    outputs = [layers.GlobalAveragePooling1D()(head(layers.Dropout(0.05)(bond_state))) for head in heads]
    outputs = layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0]
    model = tf.keras.Model(inputs, outputs)
    model([atom[:1], bond[:1], connectivity[:1]])
    return model, embed_atom, embed_bond, start, rounds, heads


def set_weights(parts, weights, sizes):
    _, embed_atom, embed_bond, start, rounds, heads = parts

    def dense(layer, path, inputs):
        kernel = np.concatenate([weights[f"{path}/{name}_kernel"] for name in inputs])
        layer.set_weights([kernel, weights[f"{path}/bias"][0]])

    embed_atom.set_weights([weights["atom_embedding/table"]])
    embed_bond.set_weights([weights["bond_embedding/table"]])
    dense(start.query_layer, "global_start/query", ["state"])
    dense(start.value_layer, "global_start/value", ["state"])
    for i, (update, edge, node) in enumerate(rounds):
        dense(update.query_layer, f"global_{i}/query", ["state"])
        dense(update.value_layer, f"global_{i}/value", ["state"])
        dense(edge.concat.dense1, f"edge_{i}/hidden", ["bond", "source", "target", "global"])
        dense(edge.concat.dense2, f"edge_{i}/out", ["hidden"])
        if i < len(rounds) - 1:
            dense(node.concat.dense1, f"node_{i}/message", ["target", "bond", "global"])
            dense(node.concat.dense2, f"node_{i}/message_out", ["hidden"])
            dense(node.dense1, f"node_{i}/hidden", ["messages"])
            dense(node.dense2, f"node_{i}/out", ["hidden"])
    for p, head in enumerate(heads):
        head.set_weights(
            [weights["readout/values/bond_kernel"][:, p : p + 1], weights["readout/values/bias"][0, p : p + 1]]
        )


def main(source, target):
    data = np.load(source)
    sizes = {key[5:]: int(data[key]) for key in data.files if key.startswith("size:")}
    weights = {key[7:]: data[key] for key in data.files if key.startswith("weight:")}
    graphs = [data["atom"], data["bond"], data["connectivity"]]
    parts = build(sizes, *graphs)
    set_weights(parts, weights, sizes)
    np.savez(target, predictions=parts[0](graphs).numpy(), parameters=parts[0].count_params())


if __name__ == "__main__":
    for inputs, outputs in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        main(inputs, outputs)
