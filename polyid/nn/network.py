"""The message-passing network, in backend-agnostic Keras, for a whole ensemble at once.

Every tensor has a leading axis for ensemble members: the weights of each fold's network lie side by side, and one call
advances them all. Graphs come as flat disjoint unions of quotient graphs (see `polyid.graphs.refinement`): one row a class of atoms
or directed bonds, with the size of the class as its weight in sums, attention and means.

The function and its parameters are those of `global100` of PolyID (Wilson et al., Macromolecules 2023, 56, 8547,
doi:10.1021/acs.macromol.3c00994) as built from the layers of nfp (https://github.com/NREL/nfp). The arithmetic is
rearranged: what depends on an atom alone is computed for atoms and then gathered to directed bonds; messages are summed
before the second dense layer of the message; and the node update after the last round, which no output reads, is left out.

Shapes: M members, n_l atom classes, e_l directed bond classes and i_l neighbour entries of level l, G graphs,
F features, U features of the global state, P properties.
"""

from __future__ import annotations

from typing import Any, Self

import keras
import numpy as np
from keras import ops

from polyid.errors import BundleError
from polyid.nn.config import NetworkConfig
from polyid.nn.layers import BondReadout, EdgeUpdate, Embedding, GlobalUpdate, MemberDense, NodeUpdate, dense_layers
from polyid.nn.operations import operations_on
from polyid.nn.rows import mean_rows, take_rows
from polyid.nn.tensor import Batch, Tensor


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

    Notes
    -----
    A class of one's own takes the same arguments, and overrides `bond_states`, `first_global_state`, or `read_out` together with `bond_values`, of
    which explanations are made; `call` is these two. Layers of its own are made and built at the end of its ``__init__``
    and stand at the end of its `blocks`: what isn't there would not be stored. A model records the name of the class, and
    is loaded with ``custom_objects={name: class}``. Such networks must give atoms of equal surroundings equal states; see
    `polyid.graphs.refinement`.

    Examples
    --------
    >>> network = MessagePassingNetwork(NetworkConfig(20, 12, 32, 8, 4, 2), members=5)
    >>> network.initialise([0, 1, 2, 3, 4])
    """

    def __init__(
        self, config: NetworkConfig, members: int = 1, compute_dtype: str = "float32", xla: bool = True, **kwargs: Any
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
        for layer in MessagePassingNetwork.blocks(self):
            layer.build()
        self.built = True

    def blocks(self) -> list[Any]:
        """The layers that hold weights, in the order in which they were made."""
        return [
            self.atom_embedding,
            self.bond_embedding,
            self.global_start,
            *self.global_updates,
            *self.edge_updates,
            *self.node_updates,
            self.readout,
        ]

    def _weighted_layers(self) -> list[tuple[str, MemberDense | Embedding]]:
        """Every layer that holds weights, with its path, in a fixed order."""
        layers: list[tuple[str, MemberDense | Embedding]] = []
        for block in self.blocks():
            if isinstance(block, Embedding):
                layers.append((block.name, block))
            else:
                layers += [(f"{block.name}/{part.name}", part) for part in dense_layers(block)]
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
        """Set the weights of all members; embeddings with fewer classes are padded with zeros.

        Raises
        ------
        BundleError
            They are not the weights of such a network.
        """
        named = self.named_weights()
        tables = {f"{path}/table" for path, layer in self._weighted_layers() if isinstance(layer, Embedding)}
        for values in weights:
            if odd := sorted(values.keys() ^ named.keys()):
                raise BundleError(
                    f"These are no weights of a {type(self).__name__}: {odd[0]!r} is missing or too many."
                )
        for name, variable in named.items():
            stacked = np.zeros(variable.shape, np.float32)
            shape = stacked.shape[1:]
            for member, values in enumerate(weights):
                value = values[name]
                if value.shape != shape and (
                    name not in tables or value.shape[1:] != shape[1:] or len(value) > shape[0]
                ):
                    raise BundleError(
                        f"These are no weights of a {type(self).__name__}: {name!r} has the shape {value.shape}, not {shape}."
                    )
                stacked[member, : len(value)] = value
            variable.assign(stacked)

    def to_numpy(self) -> Self:
        """This network, with NumPy arrays for its weights from now on: fast for a few graphs, and no more to be trained or stored.

        It takes batches of NumPy arrays, of which members share all but the tokens, with 1 as their number.
        """
        for _, layer in self._weighted_layers():
            if isinstance(layer, Embedding):
                layer.table = ops.convert_to_numpy(layer.table)
            else:
                layer.kernels = {name: ops.convert_to_numpy(kernel) for name, kernel in layer.kernels.items()}
                layer.bias = ops.convert_to_numpy(layer.bias)
        for block in self.blocks():
            for layer in (block, *dense_layers(block)):
                layer.on_numpy = True
        return self

    def count_member_params(self) -> int:
        """Parameters of one member."""
        return sum(int(np.prod(v.shape[1:])) for v in self.named_weights().values())

    def call(self, batch: Batch, training: bool = False) -> Tensor:
        """Predictions of every member for its own graphs, in scaled units.

        Parameters
        ----------
        batch : dict
            Arrays of `polyid.graphs.batch.pack`, with a leading member axis, and for training ``dropout_key`` (M,), an int32 of
            each member's own that differs from update to update.
        training : bool
            Whether dropout is on.

        Returns
        -------
        tensor, shape (M, G, P)
        """
        return self.read_out(self.bond_states(batch), batch, training)

    def bond_states(self, batch: Batch) -> Tensor:
        """State of every directed bond class after all rounds, shape (M, e_R, F)."""
        atoms = self.atom_embedding(batch["atom_token"])
        ops = operations_on(atoms)
        graphs = ops.shape(batch["graph_weight"])[1]
        atoms = ops.cast(atoms, self.message_dtype)
        bonds = ops.cast(self.bond_embedding(batch["bond_token"]), self.message_dtype)

        def elements(level: int) -> list[tuple[Tensor, Tensor, Tensor]]:
            return [
                (atoms, batch["atom_count"][level], batch["atom_graph"][level]),
                (bonds, batch["bond_count"][level], batch["bond_graph"][level]),
            ]

        global_state = self.first_global_state(elements(0), batch, graphs)
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

    def first_global_state(self, elements: list[tuple[Tensor, Tensor, Tensor]], batch: Batch, graphs: int) -> Tensor:
        """The global state before the first round, shape (M, G, U), from states, counts and graphs of atoms and bonds."""
        return self.global_start(elements, graphs=graphs)

    def read_out(self, bonds: Tensor, batch: Batch, training: bool = False) -> Tensor:
        """Predictions (M, G, P) in scaled units from the final bond states (M, e_R, F)."""
        return self.readout(
            bonds,
            batch["bond_count"][-1],
            batch["bond_graph"][-1],
            graphs=operations_on(bonds).shape(batch["graph_weight"])[1],
            dropout_key=batch["dropout_key"] if training and self.config.dropout > 0.0 else None,
        )

    def fingerprints(self, bonds: Tensor, batch: Batch) -> Tensor:
        """Mean final bond state of each graph, the learned fingerprint, shape (M, G, F) in float32."""
        ops = operations_on(bonds)
        graphs = ops.shape(batch["graph_weight"])[1]
        count, graph = batch["bond_count"][-1], batch["bond_graph"][-1]
        return mean_rows(ops.cast(bonds, "float32"), count, graph, graphs, self.ascending)

    def bond_values(self, bonds: Tensor) -> Tensor:
        """What each final bond state says of each property, shape (M, e_R, P) in scaled units.

        The prediction is their mean over the directed bonds of a graph.
        """
        return self.readout.values(operations_on(bonds).cast(bonds, "float32"))
