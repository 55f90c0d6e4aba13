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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.gpu_export import export, read_export
from benchmarks.gpu_steps import Epochs, device_name, peak_device_memory, time_steps, trainer_factory


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
