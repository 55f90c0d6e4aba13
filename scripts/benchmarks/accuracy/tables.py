"""What was measured, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from benchmarks.accuracy.methods import PEERS, Task
from benchmarks.accuracy.sets import PublicSet


def markdown(own: PublicSet, task: Task, found: dict[str, pd.DataFrame], file: str) -> str:
    """Heading, origin, protocol and a table: a row a property, mean absolute error and R² of each method."""
    polymers = task.rows["smiles_monomer"].nunique()
    lines = [
        f"## {own.title}",
        "",
        f"`{own.name}`: {file}; {len(task.rows)} rows of {polymers} polymers.",
        "",
        "| property | n | " + " | ".join(name if name in PEERS else f"`{name}`" for name in found) + " | published |",
        "| --- | ---: |" + " ---: |" * len(found) + " --- |",
    ]
    for name, title in own.properties.items():
        lines.append(
            row(title, task.rows[name], {m: frame[name] for m, frame in found.items()}, own.published.get(name, ""))
        )
    minutes = ", ".join(f"{method} {frame.attrs['cpu_minutes']:.1f}" for method, frame in found.items())
    dates = ", ".join(sorted({frame.attrs["date"] for frame in found.values()}))
    return "\n".join([*lines, "", f"CPU minutes: {minutes}; measured {dates}.", ""])


def row(title: str, values: pd.Series, found: dict[str, pd.Series], published: str) -> str:
    """One property: of each method the mean absolute error with its standard error, and R²; the least in bold."""
    frame = pd.DataFrame({"value": values, **found}).dropna()
    errors = {method: (frame[method] - frame["value"]).abs() for method in found}
    least = min((error.mean() for error in errors.values()), default=0.0)
    cells = []
    for method, error in errors.items():
        shown = f"{error.mean():.3g} ± {error.std() / np.sqrt(len(error)):.2g}"
        shown = f"**{shown}**" if error.mean() == least else shown
        cells.append(f"{shown} ({r_squared(frame['value'], frame[method]):.2f})")
    return "| " + " | ".join([title, str(len(frame)), *cells, published]) + " |"


def r_squared(values: pd.Series, predicted: pd.Series) -> float:
    """One less the share of the squared deviations from the mean that is left."""
    return float(1 - ((predicted - values) ** 2).sum() / ((values - values.mean()) ** 2).sum())
