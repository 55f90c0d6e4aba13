#!/usr/bin/env python3
"""What our benchmarks compare with: other packages in environments of their own, driven as subprocesses.

    python scripts/benchmarks/peers.py upstream chemprop      # build the environments beforehand

Environments are built once, in ``POLYID_BENCHMARKS`` or ``~/.cache/polyid/benchmarks``. What a peer does there is
`peer_worker.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.measuring import Worker


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


def peer_worker(peer: str, task: str) -> Worker:
    """A peer at work on one of `peer_worker.TASKS`, in its own environment."""
    # Our own package must not come before the peer's of the same name.
    variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
    program = Path(__file__).with_name("peer_worker.py")
    python, log = environment(peer), cache_folder() / f"{task}.log"
    return Worker([str(python), str(program), task], log, variables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", choices=[*PEERS, []], help="environments to build")
    for name in parser.parse_args().peers:
        print(environment(name))


if __name__ == "__main__":
    main()
