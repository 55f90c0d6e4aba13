"""What the page and its programs' interface say: lines, numbers, notices and the state of the model."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from huggingface_hub import constants
from model_service import Loaded, Status

from polyid.data.properties import PROPERTIES, decimals
from polyid.errors import PolymerError

if TYPE_CHECKING:
    from polyid.explain.contributions import Contributions
    from polyid.inference.predictions import Predictions

MAX_POLYMERS = 100


@dataclass(frozen=True)
class Shown:
    """An answer that a page shows.

    Attributes
    ----------
    predictions : Predictions
    loaded : Loaded
        The model that answered.
    explained : dict
        Contributions by row, as far as somebody asked for them.
    """

    predictions: Predictions
    loaded: Loaded
    explained: dict[int, dict[str, Contributions]] = field(default_factory=dict)


def polymers_in(text: str | None) -> list[str]:
    """The SMILES of a text, one a line.

    Raises
    ------
    PolymerError
        When there is none, more than `MAX_POLYMERS`, or a program sent something else.
    """
    if not isinstance(text, str | None):
        raise PolymerError("SMILES are sent as one text, one a line.")
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if not lines:
        raise PolymerError("The box is empty: type a SMILES such as *CC(*)c1ccccc1, or click an example.")
    if len(lines) > MAX_POLYMERS:
        raise PolymerError(
            f"{len(lines):,} lines were pasted and {MAX_POLYMERS} are answered at once: paste fewer, "
            "or use polyid predict on a table."
        )
    return lines


def polymer_in(text: str | None) -> str:
    """The only SMILES of a text.

    Raises
    ------
    PolymerError
        When there is none, or several.
    """
    lines = polymers_in(text)
    if len(lines) > 1:
        raise PolymerError(f"{len(lines)} lines were sent, and one polymer is explained at a time.")
    return lines[0]


def level_of(sent: Any) -> float:
    """The level a program asks for, as a number; whether it can be one is for the model to say.

    Raises
    ------
    PolymerError
        When it is no number.
    """
    try:
        return float(sent)
    except (TypeError, ValueError):
        raise PolymerError(f"The level is {sent!r}; it must be a number between 0 and 1, such as 0.9.") from None


def as_json(shown: Shown) -> dict[str, Any]:
    """Predictions for a program; numbers are as the model gave them, None where the polymer or the model has none."""
    predictions = shown.predictions.records()
    for number, record in enumerate(predictions):
        record["properties"] = [
            {key: value for key, value in reading.items() if key != "decimals"} for reading in readings(shown, number)
        ]
    return {"model": provenance(shown.loaded), "level": shown.predictions.level, "predictions": predictions}


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


def readings(shown: Shown, number: int) -> list[dict[str, Any]]:
    """What is said of each property of one polymer, as `Predictions.reading` says it, with ``label``, ``unit`` and the
    ``decimals`` to show the numbers with; nothing of a polymer that can't be read.
    """
    units, found = shown.loaded.model.prediction_units, []
    for (label, name), reading in zip(
        labels(shown.loaded), shown.predictions.record(number)["properties"], strict=False
    ):
        unit = units.get(name)
        error = reading["std"] if reading["expected_error"] is None else reading["expected_error"]
        places = 0 if reading["value"] is None else decimals(reading["value"], error)
        found.append(reading | {"label": label, "unit": unit[0] if unit else None, "decimals": places})
    return found


def labels(loaded: Loaded) -> list[tuple[str, str]]:
    """Label and name of each property."""
    return [(PROPERTIES[n].label if n in PROPERTIES else n, n) for n in loaded.model.prediction_columns]


def explained_as_json(found: Mapping[str, Contributions]) -> list[dict[str, Any]]:
    """Contributions to every property for a program."""
    return [
        {
            "name": name,
            "unit": own.unit,
            "prediction": own.total,
            "terms": own.terms(),
            "repeat_unit": own.repeat_unit,
            "atoms": own.atoms.tolist(),
        }
        for name, own in found.items()
    ]


def notice(text: str, kind: str = "") -> str:
    """A sentence in a box; `kind` is "" or "error"."""
    role = "alert" if kind == "error" else "status"
    return f'<div class="notice {kind}" role="{role}">{html.escape(text)}</div>' if text else ""


def complaints(predictions: Predictions) -> str:
    """One sentence a polymer that can't be read, with its number in the table when there are several."""
    problems = [(number, error) for number, error in enumerate(predictions.error, 1) if error is not None]
    if len(predictions) == 1:
        return problems[0][1] if problems else ""
    return "\n".join(f"Polymer {number}: {problem}" for number, problem in problems)


def status_panel(status: Status) -> str:
    """The model's state: a quiet line once it is there, a box until then."""
    if status.loaded is not None:
        line = f"Model: {model_line(status.loaded)}"
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


def model_line(loaded: Loaded) -> str:
    """Repo, commit, tag and folds as HTML."""
    made = provenance(loaded)
    if made["repo_id"] is None:
        return f"<strong>{html.escape(made['folder'])}</strong>"
    parts = [f"<strong>{html.escape(made['repo_id'])}</strong>"]
    if made["commit"]:
        link = html.escape(made["url"], quote=True)
        parts.append(
            f'commit <a href="{link}" target="_blank" rel="noopener"><code>{html.escape(made["commit"][:8])}</code></a>'
        )
    if made["tag"]:
        parts.append(f"tag <code>{html.escape(made['tag'])}</code>")
    if made["folds"]:
        parts.append(f"{made['folds']} folds")
    return ", ".join(parts)


def in_words(value: float | None, places: int) -> str:
    """A value with so many decimals, no exponent and a true minus sign."""
    if value is None:
        return "-"
    text = f"{value:,.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text.replace(",", "")) else text.replace("-", "")
