"""The polymers that the benchmarks measure on: a table of measured properties, samples of it, and generated ones."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pandas as pd
from rdkit import Chem

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
    """Different repeat units of alternating copolymers: two or three of the bundled table's units, joined."""
    rng = random.Random(seed)
    molecules = _bundled_units()
    found: dict[str, None] = {}
    while len(found) < count:
        chain = rng.choice(molecules)
        for _ in range(rng.choice((1, 2))):
            chain = _joined(chain, rng.choice(molecules))
        found[_written(chain)] = None
    return list(found)


def large_units(count: int, seed: int = 0) -> list[str]:
    """Different repeat units as large as those of a public table of polymers: 35 heavy atoms in the middle, 100 at most.

    Units of the bundled table are joined until they are as large as drawn. No configuration is written, as in nearly all rows of
    such a table: chains of units with one are written out, and take several times as long.
    """
    rng = random.Random(seed)
    molecules = [unit for unit in _bundled_units() if not any(mark in Chem.MolToSmiles(unit) for mark in "@/\\")]
    found: dict[str, None] = {}
    while len(found) < count:
        size = min(rng.lognormvariate(math.log(27), 0.45), 94)
        chain = rng.choice(molecules)
        while chain.GetNumHeavyAtoms() < size:
            chain = _joined(chain, rng.choice(molecules))
        if chain.GetNumHeavyAtoms() <= 100:
            found[_written(chain)] = None
    return list(found)


def _bundled_units() -> list[Any]:
    facts = pd.read_csv(ROOT / "data" / "polymer_properties.csv")
    units = [text for text in facts["repeat_unit"].unique() if text.count("*") == 2 and len(text) < 40]
    return [Chem.MolFromSmiles(text) for text in units]


def _joined(chain: Any, following: Any) -> Any:
    """A unit with another one joined to its second attachment point."""
    joined = Chem.RWMol(Chem.CombineMols(chain, following))
    tail = [a for a in chain.GetAtoms() if a.GetAtomicNum() == 0][1].GetIdx()
    head = next(a for a in following.GetAtoms() if a.GetAtomicNum() == 0).GetIdx() + chain.GetNumAtoms()
    last, first = (joined.GetAtomWithIdx(i).GetNeighbors()[0].GetIdx() for i in (tail, head))
    joined.AddBond(last, first, Chem.BondType.SINGLE)
    for index in sorted((tail, head), reverse=True):
        joined.RemoveAtom(index)
    return joined.GetMol()


def _written(unit: Any) -> str:
    Chem.SanitizeMol(unit)
    return str(Chem.MolToSmiles(unit))
