"""The bundled tables as a dataset repo: a Parquet file each, a card, and the licences of what is in them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from polyid.data.catalogue import BUNDLED_TERMS, DEFAULT_TABLE, bundled_tables
from polyid.deploy.deployment import Deployment
from polyid.deploy.folders import with_head

TABLES_MARK = f"data/{DEFAULT_TABLE}.parquet"
"""A file by which a dataset repo is known to be one of ours."""
LICENCES = ["cc-by-4.0", "mit", "bsd-3-clause"]
"""Of the compilations, and of facts in them."""
NUMBERS = ("value", "pm", "records", "spread")
"""Columns that hold numbers; all others are text."""


def assemble_tables(repository: Path, deployment: Deployment, folder: Path) -> Path:
    """Write the folder of the dataset repo, and return it."""
    tables = bundled_tables(repository / "data")
    (folder / "data").mkdir(parents=True)
    rows = 0
    for name, path in tables.items():
        frame = read_facts_table(path)
        rows += len(frame)
        frame.to_parquet(folder / "data" / f"{name}.parquet", index=False, compression="zstd")
    sources = repository / "data" / "sources"
    shutil.copytree(sources / "licences", folder / "licences")
    shutil.copyfile(sources / "sources.toml", folder / "sources.toml")
    card = _card(list(tables), deployment) + (repository / "data" / "README.md").read_text("utf-8")
    (folder / "README.md").write_text(with_head(card, _head(list(tables), rows)), "utf-8")
    return folder


def read_facts_table(path: Path) -> pd.DataFrame:
    """A bundled table, one row a fact: numbers as numbers, all else as text, nothing where a cell is empty."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in frame:
        cells = frame[column].mask(frame[column] == "")
        frame[column] = pd.to_numeric(cells) if column in NUMBERS else cells
    return frame


def _head(names: list[str], rows: int) -> dict[str, object]:
    return {
        "pretty_name": "Polymer properties",
        "license": LICENCES,
        "language": ["en"],
        "tags": ["chemistry", "polymers", "materials-science", "smiles"],
        "size_categories": ["1K<n<10K" if rows < 10_000 else "10K<n<100K"],
        "configs": [
            {"config_name": name, "data_files": f"data/{name}.parquet", **({"default": True} if not index else {})}
            for index, name in enumerate(names)
        ],
    }


def _card(names: list[str], deployment: Deployment) -> str:
    terms = "\n".join(f"- `{name}`: {BUNDLED_TERMS[name].licence}" for name in names if name in BUNDLED_TERMS)
    return (
        f"The tables that come with polyid-spaces, as Parquet. The model is [{deployment.models}](/{deployment.models}), "
        f"and [{deployment.inference}](/spaces/{deployment.inference}) predicts with it.\n\n{terms}\n\n"
        "The licences of what was taken from others lie in `licences`, and `sources.toml` says where each fact is from.\n\n"
    )
