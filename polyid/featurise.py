"""Quotient graphs of many SMILES, computed once and kept on disk by content hash."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from polyid.errors import PolymerError
from polyid.features import read_graph
from polyid.graphs import QuotientGraph, compress

CACHE_VERSION = 4
_JOINED = ("atoms", "bonds", "levels")


def cache_folder() -> Path:
    """Folder of the graph cache: ``POLYID_CACHE``, or ``polyid`` in the user's cache folder."""
    root = os.environ.get("POLYID_CACHE")
    if root:
        return Path(root)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "polyid"


def featurise(
    smiles: Sequence[str],
    atom_features: Callable,
    bond_features: Callable,
    explicit_hs: bool,
    rounds: int,
    *,
    cache: bool = True,
    rows: Sequence[int] | None = None,
) -> list[QuotientGraph]:
    """Quotient graphs of SMILES, equal SMILES sharing one.

    Parameters
    ----------
    smiles : sequence of str
    atom_features, bond_features : callable
        See `polyid.features.read_graph`. Only named features are cached: another function may change under its name.
    explicit_hs : bool
    rounds : int
        Rounds of message passing the graphs must be exact for.
    cache : bool
        Look in the cache first, and leave the result there.
    rows : sequence of int, optional
        Number of each SMILES in the user's table, for errors; by default counted from 1.

    Raises
    ------
    PolymerError
        Names the row and the SMILES that can't be read.
    """
    distinct = list(dict.fromkeys(smiles))
    names = [getattr(f, "name", None) for f in (atom_features, bond_features)]
    path = None
    if cache and all(names) and distinct:
        key = json.dumps([CACHE_VERSION, names, explicit_hs, rounds, distinct])
        path = cache_folder() / f"graphs-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    graphs = load_graphs(path) if path is not None else None
    if graphs is None:
        graphs = []
        for text in distinct:
            try:
                graphs.append(compress(read_graph(text, atom_features, bond_features, explicit_hs), rounds))
            except PolymerError as error:
                place = list(smiles).index(text)
                raise PolymerError(f"Row {place + 1 if rows is None else rows[place]}: {error}") from None
        if path is not None:
            save_graphs(path, graphs)
    by_smiles = dict(zip(distinct, graphs, strict=True))
    return [by_smiles[text] for text in smiles]


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
