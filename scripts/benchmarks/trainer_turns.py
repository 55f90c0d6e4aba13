"""Our trainer on real folds, timed in slices of its run."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.gpu_steps import network_config
from benchmarks.polymers import PROPERTIES

from polyid.errors import Cancelled


def make_trainer(
    frame: Any,
    parameters: dict[str, Any],
    batch_size: int,
    splits: list[tuple[np.ndarray, np.ndarray]],
    group: int | None = None,
    **hooks: Any,
) -> Any:
    """An `EnsembleTrainer` of the given folds: scaled targets, fitted preprocessor, fresh weights.

    Parameters
    ----------
    frame : pd.DataFrame
        With ``smiles_polymer`` and `PROPERTIES`.
    parameters : dict
        Of the network, as `Parameters.to_dict` names them.
    batch_size : int
    splits : list of (int array, int array)
        Training and validation polymers of each fold.
    group : int, optional
        Folds trained together; by default the trainer chooses.
    **hooks
        ``progress`` and ``epoch_end`` of the trainer.
    """
    from sklearn.preprocessing import RobustScaler

    from polyid.config.settings import settings_from
    from polyid.graphs.features import feature_set
    from polyid.graphs.featuriser import Featuriser
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.network import MessagePassingNetwork
    from polyid.training.group import FoldData
    from polyid.training.trainer import EnsembleTrainer

    atom, bond = feature_set(parameters["features"])
    featuriser = Featuriser(atom, bond, parameters["explicit_hs"], parameters["num_messages"])
    graphs = featuriser(list(frame["smiles_polymer"]))
    preprocessor = PolymerPreprocessor(atom, bond, explicit_hs=parameters["explicit_hs"]).fit(graphs)
    tokens = [preprocessor.tokenise(graph) for graph in graphs]
    targets = RobustScaler().fit_transform(frame[list(PROPERTIES)].to_numpy(float)).astype(np.float32)
    config = network_config(preprocessor.atom_classes, preprocessor.bond_classes, len(PROPERTIES), parameters)
    fresh = MessagePassingNetwork(config)
    folds = []
    for i, (train, validation) in enumerate(splits):
        fresh.initialise([i])
        folds.append(FoldData(i, train, validation, targets, tokens, fresh.member_weights(0)))
    settings = settings_from({**parameters, "epochs": 10_000, "batch_size": batch_size, "group": group, "keep": "last"})
    return EnsembleTrainer(
        graphs,
        folds,
        lambda members, dtype, xla: MessagePassingNetwork(config, members, dtype, xla),
        settings,
        **hooks,
    )


class Turns:
    """Times our trainer in slices of its run, and gives the peer its turn between them.

    A slice's time, without validation, is divided by the graph rows it needed, because polymers differ in size.
    """

    def __init__(self, rounds: int, seconds: float, warm_up: float, peer: Any, profile: Path | None):
        self.rounds, self.seconds, self.peer, self.profile = rounds, seconds, peer, profile
        self.trainer: Any = None
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.parts: dict[str, float] = defaultdict(float)
        self.shares: dict[str, float] = {}
        self._slice, self._least = -1, warm_up
        self._epoch, self._mark = 0, float("inf")
        self._validating = self._left_out = 0.0
        self._rows = 0

    def progress(self, record: Any) -> None:
        now = time.perf_counter()
        if record.epoch > self._epoch:
            self._epoch, self._validating = record.epoch, now
        if self._mark == float("inf"):
            # The first step traced and compiled.
            self._begin()
        elif now - self._mark - self._left_out >= self._least:
            self._next_turn(now - self._mark - self._left_out)
            self._begin()
            self._validating = self._mark

    def epoch_end(self, fold: int, epoch: int, row: dict[str, float]) -> bool:
        now = time.perf_counter()
        self._left_out += now - self._validating
        self._validating = now
        return False

    def _begin(self) -> None:
        self._left_out, self._rows = 0.0, self.trainer.packer.rows_used
        self._mark = time.perf_counter()

    def _next_turn(self, spent: float) -> None:
        rows = self.trainer.packer.rows_used - self._rows
        self._slice += 1
        if self._slice == 0:
            self._least = self.seconds
            if self.peer is not None:
                # Its first epoch traces and fills its cache, its second is warm.
                self.peer()
                self.peer()
        elif self._slice <= self.rounds:
            self.ours.append(spent / rows)
            if self.peer is not None:
                self.theirs.append(self.peer())
            if self._slice == self.rounds:
                self._watch_parts()
        elif self._slice == self.rounds + 1:
            # The parts were traced by themselves.
            self.parts.clear()
        elif self._slice == self.rounds + 2:
            self.shares = {name: 100 * seconds / spent for name, seconds in self.parts.items()}
            if self.profile is None:
                raise Cancelled
            import tensorflow as tf

            tf.profiler.experimental.start(str(self.profile))
            self._least = min(self.seconds, 3.0)
        else:
            import tensorflow as tf

            tf.profiler.experimental.stop()
            raise Cancelled

    def _watch_parts(self) -> None:
        """Time packing, gradients and update of the slice that follows."""

        def timed(name: str, function: Any) -> Any:
            def call(*arguments: Any, **named: Any) -> Any:
                started = time.perf_counter()
                try:
                    return function(*arguments, **named)
                finally:
                    self.parts[name] += time.perf_counter() - started

            return call

        steps = self.trainer.compiled(self.trainer.group_size)[1]
        gradients, update = timed("gradients", steps.gradients), timed("update", steps.update)

        def apart(batch: Any, targets: Any, labels: Any, numbers: Any) -> Any:
            total, found = gradients(batch, targets, labels)
            update(found, numbers)
            return total

        steps.advance = apart
        self.trainer.packer.parts_of_step = timed("pack", self.trainer.packer.parts_of_step)


def print_operations(folder: Path, most: int = 15) -> None:
    """The operations that took the most time in a TensorFlow trace."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    spent: dict[str, float] = defaultdict(float)
    calls: dict[str, int] = defaultdict(int)
    for path in folder.rglob("*.xplane.pb"):
        space = xplane_pb2.XSpace()
        space.ParseFromString(path.read_bytes())
        for plane in space.planes:
            for line in plane.lines:
                for event in line.events:
                    name = plane.event_metadata[event.metadata_id].name
                    # Operations are named "name:Type" by TensorFlow, "type.number" by XLA.
                    if "__inference_" in name:
                        continue
                    if ":" in name and "::" not in name:
                        kind = name.rsplit(":", 1)[1]
                    elif "fusion" in name or "dot" in name or "scatter" in name or "gather" in name:
                        kind = "XLA " + name.split(".")[0]
                    else:
                        continue
                    spent[kind] += event.duration_ps / 1e9
                    calls[kind] += 1
    total = sum(spent.values())
    print(f"  operations traced, of {total / 1e3:.1f} s of thread time")
    for kind, milliseconds in sorted(spent.items(), key=lambda item: -item[1])[:most]:
        print(f"    {100 * milliseconds / total:5.1f} %  {calls[kind]:7d} calls  {kind}")
