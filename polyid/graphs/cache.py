"""Compressed graphs kept on disk."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from polyid.graphs.refinement import QuotientGraph

CACHE_VERSION = 4


def cache_folder() -> Path:
    """Folder of the graph cache: ``POLYID_CACHE``, or ``polyid`` in the user's cache folder."""
    root = os.environ.get("POLYID_CACHE")
    if root:
        return Path(root)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "polyid"


_JOINED = ("atoms", "bonds", "levels")


def save_graphs(path: Path, graphs: list[QuotientGraph]) -> None:
    """Write graphs whole or not at all; a full or read-only disk costs the cache, not the run."""
    texts: dict[str, int] = {}

    def numbers(features: tuple[str, ...]) -> np.ndarray:
        return np.array([texts.setdefault(t, len(texts)) for t in features], np.int32)

    joined = {
        "atoms": [numbers(g.atom_features) for g in graphs],
        "bonds": [numbers(g.bond_features) for g in graphs],
        "levels": [g.to_flat() for g in graphs],
    }
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            np.savez(
                file,
                sizes=np.array([g.sizes for g in graphs]),
                texts=np.frombuffer(json.dumps(list(texts)).encode(), np.uint8),
                **{name: np.concatenate(own) for name, own in joined.items()},
                **{f"{name}_length": np.array([len(one) for one in own]) for name, own in joined.items()},
            )
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)


def load_graphs(path: Path) -> list[QuotientGraph] | None:
    """Graphs of a cache file; None if it is absent or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    texts = json.loads(stored["texts"].tobytes())
    each = [np.split(stored[name], np.cumsum(stored[f"{name}_length"])[:-1]) for name in _JOINED]
    return [
        QuotientGraph.from_flat(tuple(texts[t] for t in atoms), tuple(texts[t] for t in bonds), sizes, flat)
        for sizes, atoms, bonds, flat in zip(stored["sizes"], *each, strict=True)
    ]
