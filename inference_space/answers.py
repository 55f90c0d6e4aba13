"""What the page and its programs' interface say, before it is HTML or JSON: lines, numbers, the model's provenance."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from huggingface_hub import constants
from model_service import Loaded

from polyid.config.ranges import check_level
from polyid.data.properties import decimals
from polyid.errors import PolymerError
from polyid.web.labels import property_label

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
    """The level a program asks for, as a number, which may be written as text.

    Raises
    ------
    TrainingError
        When it is no level.
    """
    with suppress(TypeError, ValueError, OverflowError):
        sent = float(sent)
    return check_level(sent)


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
    units = shown.loaded.model.prediction_units
    of_properties = []
    for reading in shown.predictions.record(number)["properties"]:
        unit, label = units.get(reading["name"]), property_label(reading["name"])
        error = reading["std"] if reading["expected_error"] is None else reading["expected_error"]
        places = 0 if reading["value"] is None else decimals(reading["value"], error)
        of_properties.append(reading | {"label": label, "unit": unit[0] if unit else None, "decimals": places})
    return of_properties


def labels(loaded: Loaded) -> list[tuple[str, str]]:
    """Label and name of each property."""
    return [(property_label(name), name) for name in loaded.model.prediction_columns]


def explained_as_json(explained: Mapping[str, Contributions]) -> list[dict[str, Any]]:
    """Contributions to every property for a program."""
    return [
        {
            "name": name,
            "unit": contributions.unit,
            "prediction": contributions.total,
            "terms": contributions.terms(),
            "repeat_unit": contributions.repeat_unit,
            "atoms": contributions.atoms.tolist(),
        }
        for name, contributions in explained.items()
    ]


def complaints(predictions: Predictions) -> str:
    """One sentence a polymer that can't be read, with its number in the table when there are several."""
    problems = [(number, error) for number, error in enumerate(predictions.error, 1) if error is not None]
    if len(predictions) == 1:
        return problems[0][1] if problems else ""
    return "\n".join(f"Polymer {number}: {problem}" for number, problem in problems)


def in_words(value: float | None, places: int) -> str:
    """A value with so many decimals, no exponent and a true minus sign."""
    if value is None:
        return "-"
    text = f"{value:,.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text.replace(",", "")) else text.replace("-", "")
