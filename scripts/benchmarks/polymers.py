"""The polymers that the benchmarks measure on: a table of measured properties, samples of it, and generated ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

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


def benchmark_table() -> tuple[Any, str]:
    """Oligomers with the labels of `PROPERTIES`, and where they are from.

    The database of PolyID's authors where it lies beside the repository, else the oligomers of the bundled table.
    """
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
    """Different repeat units of the pieces of the bundled table's, as large as its larger ones."""
    from polyid.data.generated import generate_units

    return list(generate_units(count, seed, ROOT / "data" / "polymer_properties.csv"))


def large_units(count: int, seed: int = 0) -> list[str]:
    """Different repeat units as large as those of a public table of polymers: 35 heavy atoms in the middle, 100 at most.

    No configuration is written, as in nearly all rows of such a table: chains of units with one are written out, and take
    several times as long.
    """
    from polyid.chemistry.generation import LIKE_A_PUBLIC_TABLE
    from polyid.data.generated import generate_units

    return list(generate_units(count, seed, ROOT / "data" / "polymer_properties.csv", LIKE_A_PUBLIC_TABLE))
