"""What the page and its programs' interface say about a prediction."""

from __future__ import annotations

import html
import math
from typing import Any

import pandas as pd
from huggingface_hub import constants
from model_service import Loaded, Status
from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from polyid.errors import PolymerError
from polyid.properties import PROPERTIES

MAX_POLYMERS = 100
DRAWING_SIZE = (320, 220)


def polymers_in(text: str | None) -> list[str]:
    """The SMILES of a text, one a line.

    Raises
    ------
    PolymerError
        When there is none, or more than `MAX_POLYMERS`.
    """
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if not lines:
        raise PolymerError("The box is empty: type a SMILES such as *CC(*)c1ccccc1, or click an example.")
    if len(lines) > MAX_POLYMERS:
        raise PolymerError(
            f"{len(lines):,} lines were pasted and {MAX_POLYMERS} are answered at once: paste fewer, "
            "or use polyid predict on a table."
        )
    return lines


def as_json(frame: pd.DataFrame, loaded: Loaded) -> dict[str, Any]:
    """Predictions for a program; numbers are as the model gave them, None where a polymer can't be read."""
    return {
        "model": provenance(loaded),
        "predictions": [
            {
                "smiles": row["smiles"],
                "form": str(row["form"]) if pd.notna(row["form"]) else None,
                "error": row["error"] if pd.notna(row["error"]) else None,
                "properties": [] if pd.notna(row["error"]) else _properties(row, loaded),
            }
            for _, row in frame.iterrows()
        ],
    }


def provenance(loaded: Loaded) -> dict[str, Any]:
    """Which model answers: repo, commit, tag, link, folds."""
    bundle = loaded.bundle
    url = f"{constants.ENDPOINT}/{bundle.repo_id}/tree/{bundle.commit}" if bundle.repo_id and bundle.commit else None
    return {
        "repo_id": bundle.repo_id,
        "folder": None if bundle.repo_id else str(bundle.folder),
        "commit": bundle.commit,
        "tag": bundle.tag,
        "url": url,
        "folds": loaded.model.metadata.get("folds"),
    }


def _properties(row: pd.Series, loaded: Loaded) -> list[dict[str, Any]]:
    properties = []
    for name in loaded.model.prediction_columns:
        units = loaded.model.prediction_units.get(name)
        properties.append(
            {
                "name": name,
                "label": PROPERTIES[name].label if name in PROPERTIES else name,
                "value": _finite(row[f"{name}_pred_mean"]),
                "unit": units[0] if units else None,
                "spread": _finite(row[f"{name}_pred_std"]),
            }
        )
    return properties


def notice(text: str, kind: str = "") -> str:
    """A sentence in a box; `kind` is "" or "error"."""
    role = "alert" if kind == "error" else "status"
    return f'<div class="notice {kind}" role="{role}">{html.escape(text)}</div>' if text else ""


def complaints(frame: pd.DataFrame) -> str:
    """One sentence a polymer that can't be read, with its line when there are several."""
    bad = [(number, row["error"]) for number, (_, row) in enumerate(frame.iterrows(), 1) if pd.notna(row["error"])]
    if len(frame) == 1:
        return bad[0][1] if bad else ""
    return " ".join(f"Line {number}: {problem}" for number, problem in bad)


def status_panel(status: Status) -> str:
    """The model's state: a quiet line once it is there, a box until then."""
    if status.loaded is not None:
        line = f"Model: {_model_line(status.loaded)}"
        trouble = notice(status.trouble or "", "error")
        return f'<p class="quiet" data-phase="ready">{line}</p>{trouble}'
    bar = ""
    if status.phase in ("downloading", "loading"):
        value = f' value="{status.share:.3f}"' if status.share is not None else ""
        bar = f'<progress max="1"{value} aria-label="Progress"></progress>'
    why = f'<p class="quiet">{html.escape(status.trouble)}</p>' if status.trouble else ""
    return (
        f'<div class="notice" role="status" data-phase="{status.phase}">{html.escape(status.sentence)}{bar}{why}</div>'
    )


def _model_line(loaded: Loaded) -> str:
    made = provenance(loaded)
    if made["repo_id"] is None:
        return f"<strong>{html.escape(made['folder'])}</strong>"
    parts = [f"<strong>{html.escape(made['repo_id'])}</strong>"]
    if made["commit"]:
        link = html.escape(made["url"], quote=True)
        parts.append(f'commit <a href="{link}" target="_blank" rel="noopener"><code>{made["commit"][:8]}</code></a>')
    if made["tag"]:
        parts.append(f"tag <code>{html.escape(made['tag'])}</code>")
    if made["folds"]:
        parts.append(f"{made['folds']} folds")
    return ", ".join(parts)


def result(frame: pd.DataFrame, loaded: Loaded) -> str:
    """The predictions as HTML: a drawing and a table a polymer, and which model answered."""
    cards = "".join(_card(row, loaded) for _, row in frame.iterrows())
    return (
        f'{cards}<p class="quiet">Answered by {_model_line(loaded)}. '
        "Spread: standard deviation over the folds; it says how far the networks agree, not how far they are off.</p>"
    )


def _card(row: pd.Series, loaded: Loaded) -> str:
    lines = "".join(
        f'<tr><th scope="row">{html.escape(entry["label"])}</th>'
        f'<td class="number value">{in_words(entry["value"], entry["value"])}</td>'
        f'<td class="number">± {in_words(entry["spread"], entry["value"])}</td>'
        f"<td>{_unit(entry['unit'])}</td></tr>"
        for entry in _properties(row, loaded)
    )
    smiles = html.escape(row["smiles"])
    return (
        f'<article class="polymer"><figure>{drawing(row["smiles"])}</figure><div class="numbers">'
        f'<h3><code>{smiles}</code></h3><div class="quiet">Read as {html.escape(str(row["form"]))}</div>'
        '<table><thead><tr><th scope="col">Property</th><th scope="col" class="number">Value</th>'
        '<th scope="col" class="number">Spread</th><th scope="col">Unit</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div></article>"
    )


def _unit(unit: str | None) -> str:
    """A unit as HTML, free to break before a bracket where the page is narrow."""
    text = (unit or "").replace("cm3", "cm³").replace("log10", "log₁₀")
    return html.escape(text).replace("(", "<wbr>(")


def _finite(value: Any) -> float | None:
    """A number as JSON can hold it; a single fold has no spread."""
    return float(value) if math.isfinite(value) else None


def in_words(value: float | None, like: float | None) -> str:
    """A value with as many decimals as `like` shows three digits with, no exponent and a true minus sign."""
    if value is None or like is None:
        return "-"
    size = abs(like)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text.replace(",", "")) else text.replace("-", "")


def drawing(smiles: str) -> str:
    """What was typed, drawn as SVG; attachment points are marked ``*``."""
    molecule = Chem.MolFromSmiles(smiles)
    drawer = rdMolDraw2D.MolDraw2DSVG(*DRAWING_SIZE)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.padding = 0.08
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    svg = drawer.GetDrawingText()
    svg = svg[svg.index("<svg") :]
    return svg.replace("<svg", f'<svg role="img" aria-label="Structure of {html.escape(smiles, quote=True)}"', 1)
