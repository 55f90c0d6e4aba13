#!/usr/bin/env python3
"""What our benchmarks compare with: other packages in environments of their own, driven as subprocesses.

    python scripts/benchmarks/peers.py upstream chemprop      # build the environments beforehand

Environments are built once, in ``POLYID_BENCHMARKS`` or ``~/.cache/polyid/benchmarks``. A peer runs in a worker process that
reads one JSON request a line and answers one JSON line; it waits without computing, so that both sides can take turns.
This file is also the worker's program, so its top needs the standard library alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROPERTIES = (
    "Glass_Transition",
    "Melt_Temp",
    "Density",
    "log10_Permeability_CO2",
    "log10_Permeability_N2",
    "log10_Permeability_O2",
    "YoungMod",
)
"""The seven properties of the published network."""


@dataclass(frozen=True)
class Peer:
    """A package to compare with.

    Attributes
    ----------
    name : str
    title : str
        For people.
    python : str
        Version of Python that it runs on; empty for any.
    installs : tuple of tuples of str
        Arguments of one ``pip install`` after the other.
    """

    name: str
    title: str
    python: str
    installs: tuple[tuple[str, ...], ...]


PEERS = {
    "upstream": Peer(
        "upstream",
        "polyid 0.1.2.3 (tensorflow-cpu 2.15.1, nfp 0.3.12)",
        "3.11",
        (
            (
                "tensorflow-cpu==2.15.1",
                "nfp==0.3.12",
                "rdkit==2023.9.6",
                "numpy<2",
                "pandas<2.2",
                "scikit-learn<1.5",
                "shortuuid",
                "tqdm",
                "m2p",
            ),
            # Its own requirements ask for an nfp that no index has.
            ("--no-deps", "polyid==0.1.2.3"),
        ),
    ),
    "chemprop": Peer(
        "chemprop",
        "chemprop 2.3.1 (torch 2.13.0, CPU)",
        "",
        # Beside PyPI's build, which brings CUDA along, PyTorch's own index has a small one for the CPU; to choose it set
        # PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu.
        (("torch==2.13.0",), ("chemprop==2.3.1",)),
    ),
}


def cache_folder() -> Path:
    """Where the environments are kept: ``POLYID_BENCHMARKS``, or ``~/.cache/polyid/benchmarks``."""
    root = os.environ.get("POLYID_BENCHMARKS")
    return Path(root) if root else Path.home() / ".cache" / "polyid" / "benchmarks"


def environment(name: str) -> Path:
    """Python of a peer's environment, which is built when it is not there yet."""
    peer = PEERS[name]
    home = cache_folder() / name
    python, recipe, done = home / "bin" / "python", json.dumps(peer.installs), home / "installed.json"
    if python.exists() and done.exists() and done.read_text() == recipe:
        return python
    base = sys.executable
    if peer.python and peer.python != f"{sys.version_info[0]}.{sys.version_info[1]}":
        found = shutil.which(f"python{peer.python}")
        if found is None:
            sys.exit(f"{peer.title} needs Python {peer.python}: install it, or leave this side out with --skip-peers.")
        base = found
    print(f"Building the environment of {peer.title} in {home}; this takes some minutes.", file=sys.stderr)
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([base, "-m", "venv", str(home)], check=True)
    for arguments in peer.installs:
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
        if subprocess.run(command).returncode:
            sys.exit(f"pip could not install {' '.join(arguments)}; its message is above.")
    done.write_text(recipe)
    return python


class Worker:
    """A peer at work in its own process.

    Parameters
    ----------
    peer : str
        Name in `PEERS`.
    task : str
        Name in `TASKS`.
    """

    def __init__(self, peer: str, task: str):
        python = environment(peer)
        self.log = cache_folder() / f"{task}.log"
        # Our own package must not come before the peer's of the same name.
        variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
        with open(self.log, "w") as log:
            self._process = subprocess.Popen(
                [str(python), str(Path(__file__).resolve()), "--worker", task],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**variables, "TF_CPP_MIN_LOG_LEVEL": "2"},
                cwd=cache_folder(),
            )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"The worker of a peer ended ({self.log}):\n{tail}")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def spread(values: Sequence[float], digits: int = 1, unit: str = "") -> str:
    """Median and range of repeated measurements, as in ``12.3 ms (11.9 - 13.0)``."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f}{unit} ({low:.{digits}f} - {high:.{digits}f})"


def verdict(value: float, bar: float, at_least: bool = True) -> str:
    """Whether a figure meets its bar, in words."""
    return "met" if (value >= bar if at_least else value <= bar) else "MISSED"


def load_average() -> str:
    """Load of the machine, for the record."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def benchmark_table() -> tuple[Any, str]:
    """Oligomers with the labels of `PROPERTIES`, and where they are from.

    The database of PolyID's authors where it lies beside the repository, else the oligomers of the bundled table.
    """
    import pandas as pd

    published = ROOT.parent / "shared" / "data" / "polyid_train.csv"
    if published.exists():
        frame, source = pd.read_csv(published), published.name
    else:
        from polyid.chemistry.oligomer import to_oligomer

        facts = pd.read_csv(ROOT / "data" / "polymer_properties.csv")
        frame = facts.pivot_table(index="repeat_unit", columns="property", values="value", aggfunc="mean").reset_index()
        frame["smiles_polymer"] = [to_oligomer(unit) for unit in frame["repeat_unit"]]
        frame["smiles_monomer"], source = frame["repeat_unit"], "oligomers of polymer_properties.csv"
    frame = frame[["smiles_polymer", "smiles_monomer", *PROPERTIES]].dropna(subset=list(PROPERTIES), how="all")
    return frame.drop_duplicates("smiles_polymer").reset_index(drop=True), source


def sample(frame: Any, count: int) -> Any:
    """`count` rows, spread evenly over the sizes of the polymers, in random order."""
    by_size = frame["smiles_polymer"].str.len().sort_values(kind="stable").index
    step = len(frame) / min(count, len(frame))
    chosen = [by_size[int((i + 0.5) * step)] for i in range(min(count, len(frame)))]
    return frame.loc[chosen].sample(frac=1.0, random_state=0).reset_index(drop=True)


def generated_units(count: int, seed: int = 0) -> list[str]:
    """Different repeat units of alternating copolymers: two or three of the bundled table's units, joined."""
    import random

    import pandas as pd
    from rdkit import Chem

    facts = pd.read_csv(ROOT / "data" / "polymer_properties.csv")
    units = [text for text in facts["repeat_unit"].unique() if text.count("*") == 2 and len(text) < 40]
    molecules = [Chem.MolFromSmiles(text) for text in units]
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        chain = rng.choice(molecules)
        for _ in range(rng.choice((1, 2))):
            following = rng.choice(molecules)
            joined = Chem.RWMol(Chem.CombineMols(chain, following))
            tail = [a for a in chain.GetAtoms() if a.GetAtomicNum() == 0][1].GetIdx()
            head = next(a for a in following.GetAtoms() if a.GetAtomicNum() == 0).GetIdx() + chain.GetNumAtoms()
            ends = [joined.GetAtomWithIdx(i).GetNeighbors()[0].GetIdx() for i in (tail, head)]
            joined.AddBond(*ends, Chem.BondType.SINGLE)
            for index in sorted((tail, head), reverse=True):
                joined.RemoveAtom(index)
            chain = joined.GetMol()
            Chem.SanitizeMol(chain)
        found[Chem.MolToSmiles(chain)] = None
    return list(found)


def peak_mib() -> float:
    """Peak memory of this process and of those it started and still has, in MiB; what they share counts for each."""
    if Path("/proc/self/status").exists():
        return sum(_peak_kib(process) for process in _with_children(os.getpid())) / 1024
    import resource

    # Elsewhere the kernel's own count of this process must do; macOS gives bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _with_children(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task").glob("*/children")
    return [process] + [
        found for file in children for own in file.read_text().split() for found in _with_children(int(own))
    ]


def _peak_kib(process: int) -> int:
    return int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0])


def measured(script: str, *arguments: str, **variables: str) -> dict[str, Any]:
    """What one of our scripts prints as its last line, in JSON, from a fresh process."""
    started = time.perf_counter()
    found = subprocess.run(
        [sys.executable, script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **variables},
    )
    answer = json.loads(found.stdout.strip().splitlines()[-1])
    return {**answer, "wall_seconds": time.perf_counter() - started}


def upstream_training() -> Callable[[dict], dict]:
    """Epochs of upstream's own network, generator and fit; the first one traces and fills its cache."""
    import pandas as pd

    from polyid.graphs.features import atom_features_v1, bond_features_v1
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100
    from polyid.polyid import SingleModel

    models: dict[str, Any] = {}

    def answer(request: dict) -> dict:
        if "polymers" in request:
            frame = pd.DataFrame(request["polymers"])
            single = SingleModel(request["properties"], df_train=frame, df_validate=frame.head(1))
            single.generate_data_scaler()
            single.generate_preprocessor(
                PolymerPreprocessor, atom_features_v1, bond_features_v1, batch_size=request["batch_size"]
            )
            models["single"] = single
            models["network"] = global100(
                single.preprocessor, prediction_columns=single.prediction_columns, params=request["params"]
            )
            return {"parameters": int(models["network"].count_params())}
        started = time.perf_counter()
        history = models["network"].fit(models["single"].train_generator, epochs=request["epochs"], verbose=0)
        return {"seconds": time.perf_counter() - started, "loss": float(history.history["loss"][-1])}

    return answer


def upstream_prediction() -> Callable[[dict], dict]:
    """Predictions of upstream's members one after the other, as its `make_predictions` makes them."""
    import pandas as pd

    from polyid.graphs.features import atom_features_v1, bond_features_v1
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100
    from polyid.polyid import MultiModel, SingleModel

    ensemble = MultiModel()

    def answer(request: dict) -> dict:
        if "members" in request:
            frame = pd.DataFrame(request["polymers"])
            ensemble.prediction_columns = request["properties"]
            for i in range(request["members"]):
                single = SingleModel(request["properties"], df_train=frame, df_validate=frame.head(1), model_id=str(i))
                single.generate_data_scaler()
                single.generate_preprocessor(PolymerPreprocessor, atom_features_v1, bond_features_v1)
                single.model = global100(
                    single.preprocessor, prediction_columns=single.prediction_columns, params=request["params"]
                )
                ensemble.models.append(single)
            return {"parameters": int(single.model.count_params())}
        frame = pd.DataFrame({"smiles_polymer": request["smiles"]})
        started = time.perf_counter()
        results = ensemble.make_predictions(frame)
        return {"seconds": time.perf_counter() - started, "rows": len(results)}

    return answer


def chemprop_prediction() -> Callable[[dict], dict]:
    """Predictions of a chemprop ensemble of its default size, as `chemprop predict` makes them."""
    import torch
    from chemprop import data, featurizers, models, nn
    from lightning import pytorch as pl

    members: list[Any] = []

    def answer(request: dict) -> dict:
        if "members" in request:
            for _ in range(request["members"]):
                predictor = nn.RegressionFFN(n_tasks=request["tasks"])
                members.append(models.MPNN(nn.BondMessagePassing(), nn.MeanAggregation(), predictor))
            return {"parameters": sum(p.numel() for p in members[0].parameters()), "threads": torch.get_num_threads()}
        started = time.perf_counter()
        points = [data.MoleculeDatapoint.from_smi(text) for text in request["smiles"]]
        dataset = data.MoleculeDataset(points, featurizers.SimpleMoleculeMolGraphFeaturizer())
        loader = data.build_dataloader(dataset, batch_size=64, shuffle=False)
        trainer = pl.Trainer(
            logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", devices=1
        )
        found = [torch.concat(trainer.predict(member, loader)) for member in members]
        return {"seconds": time.perf_counter() - started, "rows": sum(len(f) for f in found)}

    return answer


TASKS = {
    "upstream-training": upstream_training,
    "upstream-prediction": upstream_prediction,
    "chemprop-prediction": chemprop_prediction,
}


def serve(task: str) -> None:
    """Answer requests until there are no more; what a peer prints goes to the log."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer = TASKS[task]()
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", choices=[*PEERS, []], help="environments to build")
    parser.add_argument("--worker", choices=list(TASKS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        serve(arguments.worker)
    for name in arguments.peers:
        print(environment(name))


if __name__ == "__main__":
    main()
