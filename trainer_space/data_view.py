"""A table as the page shows it before training."""

from __future__ import annotations

import html
import tempfile
from pathlib import Path

from polyid.data.preview import Preview
from polyid.data.properties import PROPERTIES
from polyid.data.training_table import TrainingTable

MEANINGS = [
    ("Not used", ""),
    ("SMILES", "smiles"),
    ("SMILES of the oligomer", "oligomer"),
    ("SMILES of the monomers", "monomers"),
    ("Mechanism", "mechanism"),
    ("Probability of meso dyads", "pm"),
    ("Tacticity", "tacticity"),
    ("Name of the polymer", "polymer"),
    ("Class of the polymer", "class"),
    *[(entry.label, name) for name, entry in PROPERTIES.items()],
]


def meanings(column: str, meaning: str | None) -> list[tuple[str, str]]:
    """What a column can be taken for, to choose from; numbers of its own kind too."""
    known = {value for _, value in MEANINGS}
    own = [("A number to learn, under its own name", column)] if column not in known else []
    return [*MEANINGS, *own, *([(meaning, meaning)] if meaning and meaning not in known | {column} else [])]


def histograms(described: Preview) -> str:
    """A small histogram a property, as SVG in the page's own colours."""
    figures = []
    for name, (edges, counts) in described.histograms.items():
        known = PROPERTIES.get(name)
        unit = described.units.get(name) or ""
        title, most, width = known.label if known else name, max(counts), 160 / len(counts)
        bars = "".join(
            f'<rect x="{i * width + 0.5:.1f}" y="{40 - 38 * count / most:.1f}" width="{width - 1:.1f}" '
            f'height="{38 * count / most:.1f}"/>'
            for i, count in enumerate(counts)
        )
        about = f"{described.labels[name]:,} values, {edges[0]:.4g} to {edges[-1]:.4g} {unit}".rstrip()
        figures.append(
            f'<figure><figcaption>{html.escape(title)}</figcaption><svg viewBox="0 0 160 42" role="img" '
            f'aria-label="{html.escape(f"{title}: {about}", quote=True)}">{bars}'
            f'<line x1="0" x2="160" y1="40.5" y2="40.5"/></svg><p>{html.escape(about)}</p></figure>'
        )
    return f'<div class="histograms">{"".join(figures)}</div>' if figures else ""


def problems_file(table: TrainingTable) -> str | None:
    """The rows to look at as a CSV file; None when there are none."""
    if table.problems.empty:
        return None
    folder = Path(tempfile.gettempdir()) / f"polyid-rows-{table.sha256[:32]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{Path(table.source).stem}_rows_to_look_at.csv"
    table.problems.to_csv(path, index=False)
    return str(path)
