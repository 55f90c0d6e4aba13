"""Layers with an axis of ensemble members: embeddings, dense products, updates of the global state, bonds and atoms, read-out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from polyid.nn.dropout import binomial_keep, counted_uniform
from polyid.nn.operations import operations_on
from polyid.nn.rows import largest_rows, mean_rows, sum_rows, sum_taken_rows, sum_taken_rows_sparsely, take_rows
from polyid.nn.tensor import Tensor


class _Layer(keras.layers.Layer):
    """A layer that leaves the precision of its inputs alone: messages may be bfloat16 beside float32 weights.

    Parameters
    ----------
    ascending : bool
        Whether sums may make use of ascending indices, as of `sum_rows`.
    """

    def __init__(self, ascending: bool = False, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.ascending = ascending
        self.on_numpy = False

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        # Keras would make tensors of NumPy's arrays.
        return self.call(*args, **kwargs) if self.on_numpy else super().__call__(*args, **kwargs)


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

    def __init__(self, members: int, inputs: dict[str, int], units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.members, self.inputs, self.units = members, dict(inputs), units
        self.kernels: dict[str, Any] = {}

    def build(self, input_shape: Any = None) -> None:
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

    def project(self, name: str, values: Tensor) -> Tensor:
        """Product of one input (M, rows, width) with its piece of the kernel; shape (M, rows, units)."""
        ops = operations_on(self.bias)
        kernel = ops.cast(self.kernels[name], values.dtype)
        if self.members == 1:
            return ops.expand_dims(ops.matmul(ops.squeeze(values, 0), ops.squeeze(kernel, 0)), 0)
        return ops.matmul(values, kernel)

    def add_bias(self, values: Tensor) -> Tensor:
        return values + operations_on(self.bias).cast(self.bias, values.dtype)

    def call(self, values: Tensor, relu: bool = False) -> Tensor:
        """The whole layer, for a single input, and the activation behind it."""
        (name,) = self.inputs
        ops = operations_on(self.bias)
        activation = ops.relu if relu else lambda values: values
        if self.members > 1:
            return activation(self.add_bias(self.project(name, values)))
        # A plain matrix product with its bias and activation right behind it is one operation to TensorFlow.
        kernel, bias = (ops.cast(weight, values.dtype)[0] for weight in (self.kernels[name], self.bias))
        return ops.expand_dims(activation(ops.matmul(ops.squeeze(values, 0), kernel) + bias[0]), 0)


class Embedding(_Layer):
    """Learned vectors of integer classes, one table a member: (M, n) -> (M, n, F)."""

    def __init__(self, members: int, classes: int, features: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.members, self.classes, self.features = members, classes, features

    def build(self, input_shape: Any = None) -> None:
        self.table = self.add_weight(
            shape=(self.members, self.classes, self.features), initializer="zeros", name="table"
        )
        self.built = True

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Uniform in ±0.05, the default of Keras embeddings; for one member."""
        return [rng.uniform(-0.05, 0.05, (self.classes, self.features))]

    def call(self, tokens: Tensor) -> Tensor:
        return take_rows(operations_on(self.table).convert_to_tensor(self.table), tokens)


def dense_layers(layer: keras.layers.Layer) -> list[MemberDense]:
    """The dense layers that a layer is, or has as attributes, in the order in which they were made."""
    if isinstance(layer, MemberDense):
        return [layer]
    parts = [part for part in vars(layer).values() if isinstance(part, keras.layers.Layer)]
    return [dense for part in parts for dense in dense_layers(part)]


class _Composite(_Layer):
    """A layer made of dense layers."""

    def build(self, input_shape: Any = None) -> None:
        for layer in dense_layers(self):
            layer.build()
        self.built = True


class GlobalUpdate(_Composite):
    """Attention of each graph over its atoms and bonds, one head (nfp's `GlobalUpdate`): -> (M, G, U).

    A class of k equal atoms takes part as k atoms would: k times the weight of one in numerator and denominator.
    """

    def __init__(self, members: int, features: int, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.query = MemberDense(members, {"state": features}, 1, name="query")
        self.value = MemberDense(members, {"state": features}, units, name="value")

    def call(self, elements: list[tuple[Tensor, Tensor, Tensor]], graphs: int) -> Tensor:
        """`elements`: (states, count, graph) of the atoms and of the bonds, shapes (M, n, F), (M, n), (M, n)."""
        ops = operations_on(self.value.bias)
        # One product for logit and values: a matrix product with a single column costs nearly what one with nine does.
        kernels, biases = (
            ops.concatenate(pair, axis=-1)
            for pair in (
                (self.query.kernels["state"], self.value.kernels["state"]),
                (self.query.bias, self.value.bias),
            )
        )
        projected = [
            ops.cast(ops.matmul(states, ops.cast(kernels, states.dtype)) + ops.cast(biases, states.dtype), "float32")
            for states, _, _ in elements
        ]
        logits = [values[..., :1] for values in projected]
        # The largest logit of each graph, for a safe exponential; it cancels, so no gradient passes through it. What counts
        # less than once is taken for so much smaller: the largest term of the denominator is then 1 at least.
        peak = None
        for logit, (_, count, graph) in zip(logits, elements, strict=True):
            share = ops.log(ops.clip(count, 1e-30, 1.0))
            present = ops.where(count > 0, ops.squeeze(logit, -1) + share, -1e30)
            largest = largest_rows(present, graph, graphs)
            peak = largest if peak is None else ops.maximum(peak, largest)
        peak = ops.stop_gradient(peak)
        numerator = denominator = 0.0
        for values, (_, count, graph) in zip(projected, elements, strict=True):
            # Padding rows have logits of their own: keep them from overflowing before the zero count drops them.
            times = ops.expand_dims(count, -1)
            shifted = ops.where(times > 0, values[..., :1] - take_rows(peak, graph), 0.0)
            weight = ops.exp(shifted) * times
            sums = sum_rows(ops.concatenate([weight * values[..., 1:], weight], axis=-1), graph, graphs, self.ascending)
            numerator = numerator + sums[..., :-1]
            denominator = denominator + sums[..., -1:]
        # The largest element of a graph adds at least 1 to its denominator; only padding graphs have none.
        return numerator / ops.maximum(denominator, 0.5)


class EdgeUpdate(_Composite):
    """Change of each directed bond from its state, its two atoms and the global state (nfp's `EdgeUpdate`)."""

    def __init__(self, members: int, features: int, mol_features: int, **kwargs: Any):
        super().__init__(**kwargs)
        inputs = {"bond": features, "source": features, "target": features, "global": mol_features}
        self.hidden = MemberDense(members, inputs, 2 * features, name="hidden")
        self.out = MemberDense(members, {"hidden": 2 * features}, features, name="out")

    def call(
        self,
        bonds: Tensor,
        atoms: Tensor,
        global_state: Tensor,
        atom_graph: Tensor,
        source: Tensor,
        target: Tensor,
    ) -> Tensor:
        """Change of the bond classes of the next level, shape (M, e_l, F), from their states before it.

        What depends on an atom or a graph alone is computed per atom class or per graph.
        """
        per_graph = self.hidden.add_bias(self.hidden.project("global", global_state))
        per_source = self.hidden.project("source", atoms) + take_rows(per_graph, atom_graph, self.ascending)
        per_target = self.hidden.project("target", atoms)
        total = self.hidden.project("bond", bonds) + take_rows(per_source, source, self.ascending)
        return self.out(operations_on(total).relu(total + take_rows(per_target, target)))


class NodeUpdate(_Composite):
    """Change of each atom from the messages along its bonds (nfp's `NodeUpdate`)."""

    def __init__(self, members: int, features: int, mol_features: int, **kwargs: Any):
        super().__init__(**kwargs)
        inputs = {"target": features, "bond": features, "global": mol_features}
        self.message = MemberDense(members, inputs, 2 * features, name="message")
        self.message_out = MemberDense(members, {"hidden": 2 * features}, features, name="message_out")
        self.hidden = MemberDense(members, {"messages": features}, 2 * features, name="hidden")
        self.out = MemberDense(members, {"hidden": 2 * features}, features, name="out")

    def call(
        self,
        bonds: Tensor,
        atoms: Tensor,
        global_state: Tensor,
        atom_graph: Tensor,
        target: Tensor,
        neighbour_bond: Tensor,
        neighbour_atom: Tensor,
        neighbour_count: Tensor,
        rows: int,
    ) -> Tensor:
        """Change of the atom classes of the next level, shape (M, rows, F).

        The second dense layer of a message is linear, so it is applied once to the sum of messages, its bias as often as
        there are messages.
        """
        ops = operations_on(bonds)
        per_graph = self.message.add_bias(self.message.project("global", global_state))
        per_target = self.message.project("target", atoms) + take_rows(per_graph, atom_graph, self.ascending)
        message = ops.relu(self.message.project("bond", bonds) + take_rows(per_target, target))
        count = ops.expand_dims(ops.cast(neighbour_count, message.dtype), -1)
        degree = sum_rows(count, neighbour_atom, rows, self.ascending)
        sum_messages = sum_taken_rows_sparsely if self.ascending else sum_taken_rows
        received = sum_messages(message, neighbour_bond, neighbour_count, neighbour_atom, rows)
        summed = self.message_out.project("hidden", received) + degree * ops.cast(self.message_out.bias, message.dtype)
        return self.out(self.hidden(summed, relu=True))


class BondReadout(_Composite):
    """One linear value a bond and property, averaged over the directed bonds of each graph: -> (M, G, P)."""

    def __init__(self, members: int, features: int, properties: int, dropout: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.dropout = dropout
        self.features = features
        self.values = MemberDense(members, {"bond": features}, properties, name="values")

    def call(
        self, bonds: Tensor, count: Tensor, graph: Tensor, graphs: int, dropout_key: Tensor | None = None
    ) -> Tensor:
        ops = operations_on(bonds)
        bonds = ops.cast(bonds, "float32")
        if dropout_key is not None and self.dropout > 0.0:
            uniform = counted_uniform(dropout_key, ops.shape(bonds)[1], self.features)
            bonds = bonds * binomial_keep(count, self.dropout, uniform)
        return mean_rows(self.values(bonds), count, graph, graphs, self.ascending)
