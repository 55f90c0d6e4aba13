"""The polymers of the GPU benchmark as arrays, so that it needs no RDKit."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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
    from benchmarks.polymers import PROPERTIES, benchmark_table, sample
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
