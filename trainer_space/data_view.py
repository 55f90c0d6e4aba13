"""A table as the page shows it before training."""

from __future__ import annotations

import tempfile
from pathlib import Path

from polyid.common.files import write_text
from polyid.common.spreadsheet import csv_text
from polyid.common.text import formula, plain_unit
from polyid.data.preview import Preview
from polyid.data.properties import PROPERTIES, property_label
from polyid.data.roles import COPOLYMER_PART
from polyid.data.training_table import TrainingTable
from polyid.web.html import templates

TEMPLATES = templates(Path(__file__).with_name("templates"))

MEANINGS = [
    ("Not used", ""),
    ("SMILES", "smiles"),
    ("SMILES of the oligomer", "oligomer"),
    ("SMILES of the monomers", "monomers"),
    ("Part of a copolymer", COPOLYMER_PART),
    ("Mechanism", "mechanism"),
    ("Probability of meso dyads", "pm"),
    ("Tacticity", "tacticity"),
    ("Name of the polymer", "polymer"),
    ("Class of the polymer", "class"),
    *[(entry.label, name) for name, entry in PROPERTIES.items()],
]


def meanings(column: str, meaning: str | None) -> list[tuple[str, str]]:
    """What a column can be taken for, to choose from; numbers of its own kind too."""
    offered = {value for _, value in MEANINGS}
    choices = list(MEANINGS)
    if column not in offered:
        choices.append(("A number to learn, under its own name", column))
    if meaning and meaning not in offered | {column}:
        choices.append((meaning, meaning))
    return choices


def histograms(described: Preview) -> str:
    """A small histogram a property, as SVG in the page's own colours."""
    if not described.histograms:
        return ""
    pictures = []
    for name, (edges, counts) in described.histograms.items():
        values = f"{described.labels[name]:,} values, {edges[0]:.4g} to {edges[-1]:.4g}"
        about = f"{values} {plain_unit(described.units.get(name))}".rstrip()
        pictures.append({"title": formula(property_label(name)), "counts": counts, "about": about})
    return TEMPLATES.get_template("histograms.html").render(histograms=pictures)


def problems_file(table: TrainingTable) -> str | None:
    """The rows to look at as a CSV file; None when there are none."""
    if table.problems.empty:
        return None
    folder = Path(tempfile.gettempdir()) / f"polyid-rows-{table.sha256[:32]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{Path(table.source).stem}_rows_to_look_at.csv"
    write_text(path, csv_text(table.problems))
    return str(path)
