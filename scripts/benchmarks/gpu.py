#!/usr/bin/env python3
"""What the publication run costs on a GPU: ten folds together beside one fold alone, and the share of the chip's peak.

    python scripts/benchmarks/gpu.py --export polymers.npz       # where RDKit is: graphs, tokens and targets as arrays
    python scripts/benchmarks/gpu.py polymers.npz --peak-tflops 989 --epochs 2       # where the GPU is
    python scripts/benchmarks/gpu.py polymers.npz --steps 3      # anywhere, to see that it runs

The second needs Keras, NumPy and JAX or TensorFlow, and this repository. Compilation is left out of the times per step and
reported by itself. With ``--epochs`` the trainer itself runs as many epochs, which adds packing and dispatch.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]


def export(path: Path, preset: str, count: int | None) -> None:
    """Write the graphs, tokens and scaled targets of the benchmark's polymers.

    Parameters
    ----------
    path : Path
    preset : str
        Whose features and rounds of message passing to use.
    count : int, optional
        Polymers, spread over all sizes; all by default.
    """
    import numpy as np
    from benchmarks.peers import PROPERTIES, benchmark_table, sample
    from sklearn.preprocessing import RobustScaler

    from polyid.config.parameters import preset as preset_parameters
    from polyid.graphs.features import feature_set
    from polyid.graphs.featuriser import Featuriser
    from polyid.graphs.preprocessor import PolymerPreprocessor

    table, source = benchmark_table()
    if count is not None:
        table = sample(table, count)
    parameters = preset_parameters(preset).to_dict()
    atom, bond = feature_set(parameters["features"])
    featuriser = Featuriser(atom, bond, parameters["explicit_hs"], parameters["num_messages"])
    graphs = featuriser(list(table["smiles_polymer"]))
    preprocessor = PolymerPreprocessor(atom, bond, explicit_hs=parameters["explicit_hs"]).fit(graphs)
    contents = [graph.to_bytes() for graph in graphs]
    tokens = [preprocessor.tokenise(graph) for graph in graphs]
    np.savez_compressed(
        path,
        graphs=np.frombuffer(b"".join(contents), np.uint8),
        graph_length=np.array([len(content) for content in contents]),
        atom_token=np.concatenate([atoms for atoms, _ in tokens]),
        bond_token=np.concatenate([bonds for _, bonds in tokens]),
        classes=np.array([preprocessor.atom_classes, preprocessor.bond_classes]),
        targets=RobustScaler().fit_transform(table[list(PROPERTIES)].to_numpy(float)).astype(np.float32),
    )
    print(f"{len(graphs)} polymers of {source} for preset {preset}: {path}, {path.stat().st_size / 2**20:.1f} MiB")


def read_export(path: Path) -> dict[str, Any]:
    """Graphs, tokens, numbers of classes and targets of an exported file."""
    import numpy as np

    from polyid.graphs.refinement import QuotientGraph

    with np.load(path, allow_pickle=False) as file:
        classes, targets = file["classes"], file["targets"]
        atom_token, bond_token = file["atom_token"], file["bond_token"]
        parts = np.split(file["graphs"], np.cumsum(file["graph_length"])[:-1])
    graphs = [QuotientGraph.from_bytes(part.tobytes()) for part in parts]
    atoms = np.split(atom_token, np.cumsum([len(g.atom_features) for g in graphs])[:-1])
    bonds = np.split(bond_token, np.cumsum([len(g.bond_features) for g in graphs])[:-1])
    return {
        "graphs": graphs,
        "tokens": list(zip(atoms, bonds, strict=True)),
        "atom_classes": int(classes[0]),
        "bond_classes": int(classes[1]),
        "targets": targets,
    }


def forward_flops(sizes: Any, config: Any) -> Any:
    """Operations of the network's matrix products, two for a multiplication and its addition; a prediction of one member.

    Parameters
    ----------
    sizes : int array, shape (..., 3R)
        Graph rows of each level, as of `QuotientGraph.sizes`.
    config : NetworkConfig

    Returns
    -------
    int array, shape (...)
    """
    rounds, width, units = config.num_messages, config.features, config.mol_features
    atoms, bonds = sizes[..., :rounds], sizes[..., rounds : 2 * rounds + 1]
    square = 2 * width * width
    products = (atoms[..., 0] + bonds[..., 0]) * width * (units + 1)
    for i in range(rounds):
        products = products + (atoms[..., i] + bonds[..., i]) * width * (units + 1)
        # The change of bonds: bond, source and target to the hidden layer, and that to the change.
        products = products + (2 * atoms[..., i] + 2 * bonds[..., i + 1]) * square
        if i < rounds - 1:
            # Messages from bonds and targets; of their sums three more layers on atoms.
            products = products + (bonds[..., i + 1] + atoms[..., i] + 3 * atoms[..., i + 1]) * square
    products = products + bonds[..., rounds] * width * config.properties
    return 2 * products


def trainer_factory(
    data: dict[str, Any], parameters: dict[str, Any], members: int, arguments: argparse.Namespace
) -> tuple[Callable[..., Any], Any]:
    """A maker of trainers of so many folds of the exported polymers, and the network's configuration."""
    import numpy as np

    from polyid.config.settings import settings_from
    from polyid.nn.config import NetworkConfig
    from polyid.nn.network import MessagePassingNetwork
    from polyid.training.group import FoldData
    from polyid.training.trainer import EnsembleTrainer

    config = NetworkConfig(
        data["atom_classes"],
        data["bond_classes"],
        parameters["atom_features"],
        parameters["mol_features"],
        parameters["num_messages"],
        data["targets"].shape[1],
        parameters["dropout"],
    )
    order = np.random.default_rng(0).permutation(len(data["graphs"]))
    fresh = MessagePassingNetwork(config)
    folds = []
    for i in range(members):
        fresh.initialise([i])
        folds.append(
            FoldData(
                i,
                np.sort(np.delete(order, np.s_[i::10])),
                np.sort(order[i::10]),
                data["targets"],
                data["tokens"],
                fresh.member_weights(0),
            )
        )
    precision = {"auto": None, "float32": False, "bfloat16": True}[arguments.precision]
    run = {"epochs": max(1, (arguments.epochs or 0) + 1), "keep": "last", "group": members}
    batch_size = arguments.batch_size or parameters["batch_size"]
    settings = settings_from({**parameters, **run, "batch_size": batch_size, "mixed_precision": precision})

    def make_network(count: int, dtype: str, xla: bool) -> MessagePassingNetwork:
        return MessagePassingNetwork(config, count, dtype, xla)

    def make_trainer(**hooks: Any) -> EnsembleTrainer:
        return EnsembleTrainer(data["graphs"], folds, make_network, settings, **hooks)

    return make_trainer, config


def time_steps(trainer: Any, config: Any, steps: int) -> dict[str, float]:
    """Mean time and arithmetic of a training step over the size classes, each as often as an epoch has it.

    Parameters
    ----------
    trainer : EnsembleTrainer
    config : NetworkConfig
    steps : int
        Steps to time, spread over the size classes.

    Returns
    -------
    dict of str to float
        ``seconds`` and ``packing`` of a step, ``compiling`` of all shapes, ``polymers`` and ``flops`` of a step.
    """
    import numpy as np
    from keras import ops

    from polyid.training.group import FoldGroup

    layout, folds = trainer.layout, trainer.folds
    group = FoldGroup.begun(trainer.settings, folds, trainer.compiled)
    members = len(folds)
    by_class = layout.buckets(0)
    orders = [layout.epoch(f.fold, f.train, 0) for f in folds]
    found = [int(c) for c in np.unique(by_class)]
    # Too few steps for all classes: the middle of equally many each.
    chosen = found if steps >= len(found) else [found[int((i + 0.5) * len(found) / steps)] for i in range(steps)]
    each = max(1, steps // len(chosen))

    def pack(position: int) -> tuple[list, list]:
        polymers = [order[position] for order in orders]
        return [trainer.packer.training_batch(folds, polymers, int(by_class[position]))], polymers

    ones = np.ones(members, np.float32)
    numbers = {"rate": 1e-6 * ones, "correct_first": ones, "correct_second": ones, "active": ones}

    def step(batches: list) -> None:
        group.advance(batches, numbers)

    def wait() -> None:
        ops.convert_to_numpy(group.network.trainable_variables[0])

    totals = dict.fromkeys(("seconds", "packing", "polymers", "flops"), 0.0)
    weights, compiling = 0.0, 0.0
    for size_class in chosen:
        positions = np.flatnonzero(by_class == size_class)
        weight = float(len(positions))
        started = time.perf_counter()
        packed = [pack(int(position)) for position in positions[:each]]
        packing = (time.perf_counter() - started) / len(packed)
        started = time.perf_counter()
        for batches, _ in packed if not trainer.static else packed[:1]:
            step(batches)
        wait()
        compiling += time.perf_counter() - started
        started = time.perf_counter()
        for i in range(each):
            step(packed[i % len(packed)][0])
        wait()
        seconds = (time.perf_counter() - started) / each
        polymers = np.mean([sum(len(p) for p in chosen_polymers) for _, chosen_polymers in packed])
        flops = 3 * np.mean([sum(forward_flops(trainer.sizes[p], config).sum() for p in own) for _, own in packed])
        weights += weight
        for name, value in (("seconds", seconds), ("packing", packing), ("polymers", polymers), ("flops", flops)):
            totals[name] += weight * float(value)
    return {name: value / weights for name, value in totals.items()} | {"compiling": compiling}


class Epochs:
    """Times the epochs of a run, validation left out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._epoch, self._mark = 0, time.perf_counter()

    def progress(self, record: Any) -> None:
        if record.epoch > self._epoch:
            self._epoch = record.epoch
            self.seconds.append(time.perf_counter() - self._mark)

    def epoch_end(self, fold: int, epoch: int, row: dict[str, float]) -> bool:
        self._mark = time.perf_counter()
        return False


def device_name() -> tuple[str, bool]:
    """Name of the device that Keras computes on, and whether it is a GPU."""
    import keras

    from polyid.nn.device import has_gpu

    if keras.backend.backend() == "jax":
        import jax

        device = jax.devices()[0]
        return f"{device.device_kind} (JAX {jax.__version__})", has_gpu()
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    return f"{details.get('device_name', 'CPU')} (TensorFlow {tf.__version__})", has_gpu()


def peak_device_memory() -> str:
    """Most memory that JAX held on the device, where it says so."""
    import keras

    if keras.backend.backend() != "jax":
        return ""
    import jax

    found = jax.local_devices()[0].memory_stats() or {}
    return f"{found['peak_bytes_in_use'] / 2**30:.2f} GiB" if "peak_bytes_in_use" in found else ""


def benchmark(arguments: argparse.Namespace) -> None:
    """Time ten folds together and one alone, and say what the publication run would take."""
    import numpy as np

    from polyid.config.parameters import preset

    parameters = preset(arguments.preset).to_dict()
    if arguments.tiny:
        parameters |= {"atom_features": 8}
    data = read_export(arguments.file)
    device, gpu = device_name()
    print(f"{len(data['graphs'])} polymers, preset {arguments.preset}, precision {arguments.precision}; {device}")
    if not gpu:
        print("There is no GPU here: these times are a CPU's, and only show that the script runs.")
    results = {}
    for members in (arguments.members, 1):
        make_trainer, config = trainer_factory(data, parameters, members, arguments)
        trainer = make_trainer()
        found = results[members] = time_steps(trainer, config, arguments.steps)
        rate = found["flops"] / found["seconds"] / 1e12
        share = f", {100 * rate / arguments.peak_tflops:.2f} % of the peak" if arguments.peak_tflops else ""
        print(
            f"\n{members} fold{'s together' if members > 1 else ' alone'}, batch size {trainer.settings.batch_size} each"
        )
        print(f"  a step                    {1e3 * found['seconds']:.2f} ms, {found['polymers']:.1f} polymers")
        print(f"  polymers and folds        {found['polymers'] / found['seconds']:.0f} a second")
        print(f"  arithmetic                {found['flops'] / 1e9:.2f} GFLOP a step, {rate:.3f} TFLOP/s{share}")
        print(f"  packing a batch           {1e3 * found['packing']:.2f} ms, beside the step before")
        classes = len(trainer.layout.steps)
        print(f"  compiling                 {found['compiling']:.0f} s, {classes} size classes of an epoch")
        print(f"  padding                   {100 * trainer.padding_waste:.1f} % of graph rows")
        if peak_device_memory():
            print(f"  peak device memory        {peak_device_memory()}")
        step = max(found["seconds"], found["packing"])
        if arguments.epochs:
            clock = Epochs()
            trainer = make_trainer(progress=clock.progress, epoch_end=clock.epoch_end)
            trainer.run()
            step = float(np.median(clock.seconds[1:])) / trainer.layout.steps_per_epoch
            times = ", ".join(f"{seconds:.2f}" for seconds in clock.seconds)
            print(f"  epochs of the trainer     {times} s (the first compiles), {1e3 * step:.2f} ms a step")
        found["step"] = step
        whole = step * trainer.layout.steps_per_epoch * parameters["epochs"]
        found["flops_run"] = found["flops"] * trainer.layout.steps_per_epoch * parameters["epochs"]
        print(
            f"  {parameters['epochs']} epochs of {trainer.layout.steps_per_epoch} steps   {whole / 60:.1f} min, "
            f"{found['flops_run'] / 1e15:.2f} PFLOP"
        )
        found["whole"] = whole
    together, alone = results[arguments.members], results[1]
    ratio = together["step"] / alone["step"]
    print(f"\n{arguments.members} folds together take {ratio:.2f} times a step of one alone", end="")
    print(f"; bar 2: {'met' if ratio <= 2 else 'MISSED'}" if gpu else " (the bar of 2 is for a GPU)")
    minutes = together["whole"] / 60
    print(f"The {arguments.preset} run, extrapolated: {minutes:.1f} min", end="")
    print(f"; bar 20 min: {'met' if minutes <= 20 else 'MISSED'}" if gpu else " (the bar of 20 min is for an H200)")
    for peak in arguments.estimate_tflops or []:
        shares = ", ".join(
            f"{together['flops_run'] / (share * peak * 1e12) / 3600:.2f} h at {100 * share:g} %"
            for share in (0.01, 0.02, 0.05, 0.1)
        )
        print(f"Estimate for a chip of {peak:g} TFLOP/s by its share of that peak: {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="exported polymers")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the polymers to this .npz file")
    parser.add_argument("--polymers", type=int, help="polymers to export (default: all)")
    parser.add_argument("--preset", default="publication", help="network and training (default publication)")
    parser.add_argument("--steps", type=int, default=200, help="steps to time (default 200)")
    parser.add_argument("--epochs", type=int, help="also let the trainer itself run so many epochs after its first")
    parser.add_argument("--members", type=int, default=10, help="folds together (default 10)")
    parser.add_argument("--batch-size", type=int, help="polymers an update (default: the preset's)")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--peak-tflops", type=float, help="the chip's published peak in that precision, in TFLOP/s")
    parser.add_argument("--estimate-tflops", type=float, nargs="+", help="peaks of other chips, to estimate the run on")
    parser.add_argument(
        "--backend", choices=["jax", "tensorflow"], help="of Keras (default: JAX where it is installed)"
    )
    parser.add_argument("--tiny", action="store_true", help="a very narrow network, for a quick look")
    arguments = parser.parse_args()
    if arguments.export is not None:
        export(arguments.export, arguments.preset, arguments.polymers)
        return
    if arguments.file is None:
        parser.error("give the file of exported polymers, or write one with --export FILE")
    backend = arguments.backend or ("jax" if importlib.util.find_spec("jax") else "tensorflow")
    os.environ["KERAS_BACKEND"] = backend
    benchmark(arguments)


if __name__ == "__main__":
    main()
