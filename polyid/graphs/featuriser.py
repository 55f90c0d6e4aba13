"""Quotient graphs of many SMILES, computed once and kept on disk by content hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from polyid.errors import PolymerError
from polyid.graphs.cache import CACHE_VERSION, cache_folder, load_graphs, save_graphs
from polyid.graphs.read import read_graph
from polyid.graphs.refinement import QuotientGraph, compress


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
        See `polyid.graphs.molecular.read_graph`. Only named features are cached: another function may change under its name.
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
