"""The message-passing network, in backend-agnostic Keras, for a whole ensemble at once.

Every tensor has a leading axis for ensemble members: the weights of each fold's network lie side by side, and one call
advances them all. Graphs come as flat disjoint unions of quotient graphs (see `polyid.graphs`): one row a class of atoms
or directed bonds, with the size of the class as its weight in sums, attention and means.

The function and its parameters are those of `global100` of PolyID (Wilson et al., Macromolecules 2023, 56, 8547,
doi:10.1021/acs.macromol.3c00994) as built from the layers of nfp (https://github.com/NREL/nfp). The arithmetic is
rearranged: what depends on an atom alone is computed for atoms and then gathered to directed bonds; messages are summed
before the second dense layer of the message; and the node update after the last round, which no output reads, is left out.

Shapes: M members, n_l atom classes, e_l directed bond classes and i_l neighbour entries of level l, G graphs,
F features, U features of the global state, P properties.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

Batch = dict[str, Any]
"""Arrays of one step: see `polyid.graphs.pack`."""


@dataclass(frozen=True)
class NetworkConfig:
    """What a network is made of.

    Attributes
    ----------
    atom_classes, bond_classes : int
        Rows of the embeddings; class 0 is padding, class 1 unknown.
    features : int
        Width F of the atom and bond states.
    mol_features : int
        Width U of the global state.
    num_messages : int
        Rounds of message passing R.
    properties : int
        Outputs P.
    dropout : float
        Share of bond features dropped before the readout while training.
    """

    atom_classes: int
    bond_classes: int
    features: int
    mol_features: int
    num_messages: int
    properties: int
    dropout: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _gather(flat, index):
    """Rows `index` of `flat`; no index is negative."""
    if keras.backend.backend() == "tensorflow":
        # Keras looks for negative indices first, in passes of their own.
        import tensorflow as tf

        return tf.gather(flat, index)
    return ops.take(flat, index, axis=0)


def _segment_sum(flat, index, rows, ascending: bool):
    """Sum rows of `flat` into `rows` rows by `index`. If that is `ascending`, TensorFlow is faster, but XLA can't do it."""
    if not ascending:
        return ops.segment_sum(flat, index, num_segments=rows)
    import tensorflow as tf

    sums = tf.math.segment_sum(flat, index)
    return tf.pad(sums, [[0, rows - tf.shape(sums)[0]], [0, 0]])


def take_rows(states, index, ascending: bool = False):
    """Rows `index` (M, m) of each member's `states` (M, n, F); shape (M, m, F). For `ascending` see `sum_rows`."""
    members, rows, features = ops.shape(states)
    offset = ops.expand_dims(ops.arange(members, dtype="int32") * rows, 1)
    flat_index = ops.reshape(index + offset, (-1,))

    @ops.custom_gradient
    def taken(flat):
        def gradient(upstream):
            return _segment_sum(upstream, flat_index, members * rows, ascending)

        return _gather(flat, flat_index), gradient

    return ops.reshape(taken(ops.reshape(states, (members * rows, features))), (members, -1, features))


def sum_rows(values, index, rows: int, ascending: bool = False):
    """Sum `values` (M, m, F) into `rows` rows of each member by `index` (M, m), none negative; shape (M, rows, F).

    With `ascending`, which promises an ascending index, the sum or its transpose is cheaper; on TensorFlow, not under XLA.
    """
    members, _, features = ops.shape(values)
    offset = ops.expand_dims(ops.arange(members, dtype="int32") * rows, 1)
    flat_index = ops.reshape(index + offset, (-1,))

    # TensorFlow's own gradient guards against negative indices, with several passes over all values.
    @ops.custom_gradient
    def summed(flat):
        def gradient(upstream):
            return _gather(upstream, flat_index)

        return _segment_sum(flat, flat_index, members * rows, ascending), gradient

    return ops.reshape(summed(ops.reshape(values, (-1, features))), (members, rows, features))


def sum_taken_rows(states, taken, count, index, rows: int):
    """Sum rows `taken` (M, m) of `states` (M, n, F), each `count` (M, m) times, by `index` (M, m); shape (M, rows, F)."""
    return sum_rows(take_rows(states, taken) * ops.expand_dims(ops.cast(count, states.dtype), -1), index, rows)


def sum_taken_rows_sparsely(states, taken, count, index, rows: int):
    """As `sum_taken_rows`, for whole counts and ascending `index`, in one pass: on TensorFlow, but not under XLA."""
    import tensorflow as tf

    members, held, features = ops.shape(states)
    member = ops.expand_dims(ops.arange(members, dtype="int32"), 1)
    times = tf.cast(tf.reshape(count, (-1,)), "int32")
    taken, index = (tf.repeat(tf.reshape(i + member * n, (-1,)), times) for i, n in ((taken, held), (index, rows)))
    flat = tf.sparse.segment_sum(tf.reshape(states, (-1, features)), taken, index, num_segments=members * rows)
    return ops.reshape(flat, (members, rows, features))


class _Layer(keras.layers.Layer):
    """A layer that leaves the precision of its inputs alone: messages may be bfloat16 beside float32 weights.

    Parameters
    ----------
    ascending : bool
        Whether sums may make use of ascending indices, as of `sum_rows`.
    """

    def __init__(self, ascending: bool = False, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.ascending = ascending


class MemberDense(_Layer):
    """A dense layer of each member on concatenated inputs, whose kernel is kept in one piece for each input.

    Keeping the pieces apart lets every input be projected where it has fewest rows. Together they have the parameters of
    ``Dense(units)`` on the concatenation, and its Glorot limits.

    Parameters
    ----------
    members : int
        Ensemble members M.
    inputs : dict of str to int
        Width of each named input, in the order of concatenation.
    units : int
        Width of the output.
    """

    def __init__(self, members: int, inputs: dict[str, int], units: int, **kwargs):
        super().__init__(**kwargs)
        self.members, self.inputs, self.units = members, dict(inputs), units
        self.kernels: dict[str, Any] = {}

    def build(self, input_shape=None):
        for name, width in self.inputs.items():
            self.kernels[name] = self.add_weight(
                shape=(self.members, width, self.units), initializer="zeros", name=f"{name}_kernel"
            )
        self.bias = self.add_weight(shape=(self.members, 1, self.units), initializer="zeros", name="bias")
        self.built = True

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Glorot-uniform kernels, as of one dense layer on the concatenation, and a zero bias; for one member."""
        fan_in = sum(self.inputs.values())
        limit = np.sqrt(6.0 / (fan_in + self.units))
        kernels = [rng.uniform(-limit, limit, (width, self.units)) for width in self.inputs.values()]
        return [*kernels, np.zeros((1, self.units))]

    def project(self, name: str, values):
        """Product of one input (M, rows, width) with its piece of the kernel; shape (M, rows, units)."""
        kernel = ops.cast(self.kernels[name], values.dtype)
        if self.members == 1:
            return ops.expand_dims(ops.matmul(ops.squeeze(values, 0), ops.squeeze(kernel, 0)), 0)
        return ops.matmul(values, kernel)

    def add_bias(self, values):
        return values + ops.cast(self.bias, values.dtype)

    def call(self, values, relu: bool = False):
        """The whole layer, for a single input, and the activation behind it."""
        (name,) = self.inputs
        activation = ops.relu if relu else lambda values: values
        if self.members > 1:
            return activation(self.add_bias(self.project(name, values)))
        # A plain matrix product with its bias and activation right behind it is one operation to TensorFlow.
        kernel, bias = (ops.cast(weight, values.dtype)[0] for weight in (self.kernels[name], self.bias))
        return ops.expand_dims(activation(ops.matmul(ops.squeeze(values, 0), kernel) + bias[0]), 0)


class Embedding(_Layer):
    """Learned vectors of integer classes, one table a member: (M, n) -> (M, n, F)."""

    def __init__(self, members: int, classes: int, features: int, **kwargs):
        super().__init__(**kwargs)
        self.members, self.classes, self.features = members, classes, features

    def build(self, input_shape=None):
        self.table = self.add_weight(
            shape=(self.members, self.classes, self.features), initializer="zeros", name="table"
        )
        self.built = True

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Uniform in ±0.05, the default of Keras embeddings; for one member."""
        return [rng.uniform(-0.05, 0.05, (self.classes, self.features))]

    def call(self, tokens):
        return take_rows(ops.convert_to_tensor(self.table), tokens)


class GlobalUpdate(_Layer):
    """Attention of each graph over its atoms and bonds, one head (nfp's `GlobalUpdate`): -> (M, G, U).

    A class of k equal atoms takes part as k atoms would: k times the weight of one in numerator and denominator.
    """

    def __init__(self, members: int, features: int, units: int, **kwargs):
        super().__init__(**kwargs)
        self.query = MemberDense(members, {"state": features}, 1, name="query")
        self.value = MemberDense(members, {"state": features}, units, name="value")

    def build(self, input_shape=None):
        self.query.build()
        self.value.build()
        self.built = True

    def call(self, elements, graphs: int):
        """`elements`: (states, count, graph) of the atoms and of the bonds, shapes (M, n, F), (M, n), (M, n)."""
        # One product for logit and values: a matrix product with a single column costs nearly what one with nine does.
        kernels, biases = (
            ops.concatenate([one, other], axis=-1)
            for one, other in (
                (self.query.kernels["state"], self.value.kernels["state"]),
                (self.query.bias, self.value.bias),
            )
        )
        projected = [
            ops.cast(ops.matmul(states, ops.cast(kernels, states.dtype)) + ops.cast(biases, states.dtype), "float32")
            for states, _, _ in elements
        ]
        logits = [values[..., :1] for values in projected]
        # The largest logit of each graph, for a safe exponential; it cancels, so no gradient passes through it.
        peak = None
        for logit, (_, count, graph) in zip(logits, elements, strict=True):
            members = ops.shape(logit)[0]
            present = ops.where(count > 0, ops.squeeze(logit, -1), -1e30)
            offset = ops.expand_dims(ops.arange(members, dtype="int32") * graphs, 1)
            largest = ops.segment_max(
                ops.reshape(present, (-1,)), ops.reshape(graph + offset, (-1,)), num_segments=members * graphs
            )
            largest = ops.reshape(ops.maximum(largest, -1e30), (members, graphs, 1))
            peak = largest if peak is None else ops.maximum(peak, largest)
        peak = ops.stop_gradient(peak)
        numerator = denominator = 0.0
        for values, (_, count, graph) in zip(projected, elements, strict=True):
            # Padding rows have logits of their own: keep them from overflowing before the zero count drops them.
            shifted = ops.minimum(values[..., :1] - take_rows(peak, graph), 0.0)
            weight = ops.exp(shifted) * ops.expand_dims(count, -1)
            sums = sum_rows(ops.concatenate([weight * values[..., 1:], weight], axis=-1), graph, graphs, self.ascending)
            numerator = numerator + sums[..., :-1]
            denominator = denominator + sums[..., -1:]
        # The largest element of a graph adds at least 1 to its denominator; only padding graphs have none.
        return numerator / ops.maximum(denominator, 0.5)


class EdgeUpdate(_Layer):
    """Change of each directed bond from its state, its two atoms and the global state (nfp's `EdgeUpdate`)."""

    def __init__(self, members: int, features: int, mol_features: int, **kwargs):
        super().__init__(**kwargs)
        inputs = {"bond": features, "source": features, "target": features, "global": mol_features}
        self.hidden = MemberDense(members, inputs, 2 * features, name="hidden")
        self.out = MemberDense(members, {"hidden": 2 * features}, features, name="out")

    def build(self, input_shape=None):
        self.hidden.build()
        self.out.build()
        self.built = True

    def call(self, bonds, atoms, global_state, atom_graph, source, target):
        """Change of the bond classes of the next level, shape (M, e_l, F), from their states before it.

        What depends on an atom or a graph alone is computed per atom class or per graph.
        """
        per_graph = self.hidden.add_bias(self.hidden.project("global", global_state))
        per_source = self.hidden.project("source", atoms) + take_rows(per_graph, atom_graph, self.ascending)
        per_target = self.hidden.project("target", atoms)
        total = self.hidden.project("bond", bonds) + take_rows(per_source, source, self.ascending)
        return self.out(ops.relu(total + take_rows(per_target, target)))


class NodeUpdate(_Layer):
    """Change of each atom from the messages along its bonds (nfp's `NodeUpdate`)."""

    def __init__(self, members: int, features: int, mol_features: int, **kwargs):
        super().__init__(**kwargs)
        inputs = {"target": features, "bond": features, "global": mol_features}
        self.message = MemberDense(members, inputs, 2 * features, name="message")
        self.message_out = MemberDense(members, {"hidden": 2 * features}, features, name="message_out")
        self.hidden = MemberDense(members, {"messages": features}, 2 * features, name="hidden")
        self.out = MemberDense(members, {"hidden": 2 * features}, features, name="out")

    def build(self, input_shape=None):
        for layer in (self.message, self.message_out, self.hidden, self.out):
            layer.build()
        self.built = True

    def call(
        self, bonds, atoms, global_state, atom_graph, target, neighbour_bond, neighbour_atom, neighbour_count, rows
    ):
        """Change of the atom classes of the next level, shape (M, rows, F).

        The second dense layer of a message is linear, so it is applied once to the sum of messages, its bias as often as
        there are messages.
        """
        per_graph = self.message.add_bias(self.message.project("global", global_state))
        per_target = self.message.project("target", atoms) + take_rows(per_graph, atom_graph, self.ascending)
        message = ops.relu(self.message.project("bond", bonds) + take_rows(per_target, target))
        count = ops.expand_dims(ops.cast(neighbour_count, message.dtype), -1)
        degree = sum_rows(count, neighbour_atom, rows, self.ascending)
        sum_messages = sum_taken_rows_sparsely if self.ascending else sum_taken_rows
        received = sum_messages(message, neighbour_bond, neighbour_count, neighbour_atom, rows)
        summed = self.message_out.project("hidden", received) + degree * ops.cast(self.message_out.bias, message.dtype)
        return self.out(self.hidden(summed, relu=True))


def counted_uniform(key, rows: int, features: int):
    """Uniform random numbers in [0, 1) that depend on the member's key, the row and the feature alone.

    Libraries' generators give other numbers under XLA, on another device, or with more padding beside; a counter through
    the finaliser of MurmurHash3 (A. Appleby, public domain) gives the same everywhere, which makes a run independent of
    the folds it shares a step with.

    Parameters
    ----------
    key : int32 tensor, shape (M,)
    rows, features : int

    Returns
    -------
    tensor, shape (M, rows, features)
    """

    def mixed(h):
        for shift, factor in ((16, -2048144789), (13, -1028477387)):
            h = ops.bitwise_xor(h, ops.bitwise_and(ops.right_shift(h, shift), (1 << (32 - shift)) - 1)) * factor
        return ops.bitwise_xor(h, ops.bitwise_and(ops.right_shift(h, 16), 0xFFFF))

    counter = ops.arange(rows, dtype="int32")[None, :, None] * features + ops.arange(features, dtype="int32")
    bits = mixed(mixed(counter * -1640531535) + key[:, None, None])
    return ops.cast(ops.bitwise_and(bits, 0x7FFFFF), "float32") / float(1 << 23)


def binomial_keep(count, rate: float, uniform, most: int = 12):
    """Share of `count` equal rows that dropout at `rate` keeps, for each feature, divided by ``1 - rate``.

    Of k equal bonds dropout keeps a binomial number, so the class is scaled by a binomial draw over k: what dropout does to
    the whole graph. Drawn by inversion, exactly for up to `most` dropped rows, which the draw exceeds with a probability
    below 1e-7 for ``count * rate <= 1.5``; larger classes use a uniform law of the same mean and variance.

    Parameters
    ----------
    count : tensor, shape (M, e)
    rate : float
    uniform : tensor, shape (M, e, F)
        Uniform random numbers in [0, 1).

    Returns
    -------
    tensor, shape (M, e, F)
    """
    k = ops.maximum(ops.expand_dims(count, -1), 1.0)
    # P(0 dropped) = (1-rate)^k, then the recurrence P(j+1) = P(j) (k-j)/(j+1) rate/(1-rate).
    mass = ops.exp(k * np.log1p(-rate))
    cumulative = mass
    dropped = ops.zeros_like(uniform)
    for j in range(most):
        dropped = dropped + ops.cast(uniform > cumulative, "float32")
        mass = mass * ops.maximum(k - j, 0.0) * (rate / (1.0 - rate) / (j + 1))
        cumulative = cumulative + mass
    # Of a large class only mean and variance can be felt: its draw is one of many in a sum.
    spread = k * rate + ops.sqrt(12.0 * k * rate * (1.0 - rate)) * (uniform - 0.5)
    dropped = ops.where(k * rate <= 1.5, ops.minimum(dropped, k), spread)
    return (1.0 - dropped / k) / (1.0 - rate)


def mean_rows(values, count, graph, graphs: int, ascending: bool = False):
    """Mean of `values` (M, e, F) over the rows of each graph, each as often as `count` (M, e) says; shape (M, G, F)."""
    weight = ops.expand_dims(count, -1)
    sums = sum_rows(ops.concatenate([values * weight, weight], axis=-1), graph, graphs, ascending)
    return sums[..., :-1] / ops.maximum(sums[..., -1:], 1.0)


class BondReadout(_Layer):
    """One linear value a bond and property, averaged over the directed bonds of each graph: -> (M, G, P)."""

    def __init__(self, members: int, features: int, properties: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.dropout = dropout
        self.features = features
        self.values = MemberDense(members, {"bond": features}, properties, name="values")

    def build(self, input_shape=None):
        self.values.build()
        self.built = True

    def call(self, bonds, count, graph, graphs: int, dropout_key=None):
        bonds = ops.cast(bonds, "float32")
        if dropout_key is not None and self.dropout > 0.0:
            uniform = counted_uniform(dropout_key, ops.shape(bonds)[1], self.features)
            bonds = bonds * binomial_keep(count, self.dropout, uniform)
        return mean_rows(self.values(bonds), count, graph, graphs, self.ascending)


class MessagePassingNetwork(keras.Model):
    """The published PolyID network for M ensemble members.

    Parameters
    ----------
    config : NetworkConfig
        Widths, rounds and outputs, the same for all members.
    members : int
        Ensemble members M.
    compute_dtype : str
        Of the states of atoms and bonds.
    xla : bool
        Whether XLA may compile the network, which rules out TensorFlow's fastest sums.

    Examples
    --------
    >>> network = MessagePassingNetwork(NetworkConfig(20, 12, 32, 8, 4, 2), members=5)
    >>> network.initialise([0, 1, 2, 3, 4])
    """

    def __init__(
        self, config: NetworkConfig, members: int = 1, compute_dtype: str = "float32", xla: bool = True, **kwargs
    ):
        super().__init__(**kwargs)
        self.config, self.members, self.message_dtype = config, members, compute_dtype
        width, units = config.features, config.mol_features
        self.ascending = keras.backend.backend() == "tensorflow" and not xla
        self.atom_embedding = Embedding(members, config.atom_classes, width, name="atom_embedding")
        self.bond_embedding = Embedding(members, config.bond_classes, width, name="bond_embedding")
        wide, rounds = {"features": width, "ascending": self.ascending}, range(config.num_messages)
        self.global_start = GlobalUpdate(members, units=units, name="global_start", **wide)
        self.global_updates = [GlobalUpdate(members, units=units, name=f"global_{i}", **wide) for i in rounds]
        self.edge_updates = [EdgeUpdate(members, mol_features=units, name=f"edge_{i}", **wide) for i in rounds]
        self.node_updates = [NodeUpdate(members, mol_features=units, name=f"node_{i}", **wide) for i in rounds[:-1]]
        self.readout = BondReadout(
            members, properties=config.properties, dropout=config.dropout, name="readout", **wide
        )
        for layer in self._blocks():
            layer.build()
        self.built = True

    def _blocks(self) -> list[keras.layers.Layer]:
        return [
            self.atom_embedding,
            self.bond_embedding,
            self.global_start,
            *self.global_updates,
            *self.edge_updates,
            *self.node_updates,
            self.readout,
        ]

    def _weighted_layers(self) -> list[MemberDense | Embedding]:
        """Every layer that holds weights, named by its path, in a fixed order."""
        layers: list[tuple[str, Any]] = []
        for block in self._blocks():
            if isinstance(block, Embedding):
                layers.append((block.name, block))
            else:
                parts = [part for part in block._flatten_layers(include_self=False) if isinstance(part, MemberDense)]
                layers += [(f"{block.name}/{part.name}", part) for part in parts]
        return layers

    def weight_names(self) -> list[str]:
        """Name of each trainable weight, in the order of `trainable_variables`."""
        return list(self.named_weights())

    def named_weights(self) -> dict[str, Any]:
        """The trainable variables by name, in the order of `trainable_variables`."""
        named = {}
        for path, layer in self._weighted_layers():
            if isinstance(layer, Embedding):
                named[f"{path}/table"] = layer.table
            else:
                for name, kernel in layer.kernels.items():
                    named[f"{path}/{name}_kernel"] = kernel
                named[f"{path}/bias"] = layer.bias
        return named

    def initialise(self, seeds: list[int]) -> None:
        """Draw fresh weights for each member from its own seed."""
        if len(seeds) != self.members:
            raise ValueError(f"{len(seeds)} seeds for {self.members} members")
        drawn = []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            drawn.append([value for _, layer in self._weighted_layers() for value in layer.initial_values(rng)])
        for variable, *values in zip(self.named_weights().values(), *drawn, strict=True):
            variable.assign(np.stack(values).astype(np.float32))

    def member_weights(self, member: int) -> dict[str, np.ndarray]:
        """Weights of one member by name, as NumPy arrays without the member axis."""
        return {name: ops.convert_to_numpy(v)[member] for name, v in self.named_weights().items()}

    def set_member_weights(self, weights: list[dict[str, np.ndarray]]) -> None:
        """Set the weights of all members; embeddings with fewer classes are padded with zeros."""
        for name, variable in self.named_weights().items():
            stacked = np.zeros(variable.shape, np.float32)
            for member, values in enumerate(weights):
                value = values[name]
                stacked[member][tuple(slice(0, n) for n in value.shape)] = value
            variable.assign(stacked)

    def count_member_params(self) -> int:
        """Parameters of one member."""
        return sum(int(np.prod(v.shape[1:])) for v in self.named_weights().values())

    def call(self, batch: Batch, training: bool = False):
        """Predictions of every member for its own graphs, in scaled units.

        Parameters
        ----------
        batch : dict
            Arrays of `polyid.graphs.pack`, with a leading member axis, and for training ``dropout_key`` (M,), an int32 of
            each member's own that differs from update to update.
        training : bool
            Whether dropout is on.

        Returns
        -------
        tensor, shape (M, G, P)
        """
        return self.read_out(self.bond_states(batch), batch, training)

    def bond_states(self, batch: Batch):
        """State of every directed bond class after all rounds, shape (M, e_R, F)."""
        graphs = ops.shape(batch["graph_weight"])[1]
        atoms = ops.cast(self.atom_embedding(batch["atom_token"]), self.message_dtype)
        bonds = ops.cast(self.bond_embedding(batch["bond_token"]), self.message_dtype)

        def elements(level: int):
            return [
                (atoms, batch["atom_count"][level], batch["atom_graph"][level]),
                (bonds, batch["bond_count"][level], batch["bond_graph"][level]),
            ]

        global_state = self.global_start(elements(0), graphs=graphs)
        rounds = self.config.num_messages
        for i in range(rounds):
            global_state = global_state + self.global_updates[i](elements(i), graphs=graphs)
            state = ops.cast(global_state, self.message_dtype)
            parent, source, target = (batch[key][i] for key in ("bond_parent", "bond_source", "bond_target"))
            bonds = take_rows(bonds, parent)
            bonds = bonds + self.edge_updates[i](bonds, atoms, state, batch["atom_graph"][i], source, target)
            if i < rounds - 1:
                change = self.node_updates[i](
                    bonds,
                    atoms,
                    state,
                    batch["atom_graph"][i],
                    target,
                    batch["neighbour_bond"][i],
                    batch["neighbour_atom"][i],
                    batch["neighbour_count"][i],
                    rows=ops.shape(batch["atom_parent"][i])[1],
                )
                atoms = take_rows(atoms, batch["atom_parent"][i], self.ascending) + change
        return bonds

    def read_out(self, bonds, batch: Batch, training: bool = False):
        """Predictions (M, G, P) in scaled units from the final bond states (M, e_R, F)."""
        return self.readout(
            bonds,
            batch["bond_count"][-1],
            batch["bond_graph"][-1],
            graphs=ops.shape(batch["graph_weight"])[1],
            dropout_key=batch["dropout_key"] if training and self.config.dropout > 0.0 else None,
        )

    def fingerprints(self, bonds, batch: Batch):
        """Mean final bond state of each graph, the learned fingerprint, shape (M, G, F) in float32."""
        graphs = ops.shape(batch["graph_weight"])[1]
        count, graph = batch["bond_count"][-1], batch["bond_graph"][-1]
        return mean_rows(ops.cast(bonds, "float32"), count, graph, graphs, self.ascending)

    def bond_values(self, bonds):
        """What each final bond state says of each property, shape (M, e_R, P) in scaled units.

        The prediction is their mean over the directed bonds of a graph.
        """
        return self.readout.values(ops.cast(bonds, "float32"))
