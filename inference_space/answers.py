"""What the page and its programs' interface say, before it is HTML or JSON: lines, numbers, the model's provenance."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model_state import Loaded

from polyid.common.text import formula
from polyid.config.ranges import check_level
from polyid.data.properties import decimals, property_label
from polyid.errors import PolymerError
from polyid.hub.provenance import provenance as of_bundle
from polyid.inference.records import answer_record, prediction_record

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
    lines : list of int
        Line of the box, from 1, that each polymer stood in; empty where they came in no box.
    """

    predictions: Predictions
    loaded: Loaded
    explained: dict[int, dict[str, Contributions]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)

    def line(self, number: int) -> int:
        """What a polymer is called in the page: its line, or its place in the list."""
        return self.lines[number] if self.lines else number + 1


def line_numbers(text: str | None) -> list[int]:
    """Numbers, from 1, of the lines of a box that hold something."""
    return [number for number, line in enumerate((text or "").splitlines(), 1) if line.strip()]


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
            "or give them as a file under Many polymers."
        )
    return lines


def listed_polymers(polymers: Any, most: int) -> list[str]:
    """The polymers of a list that a program sent.

    Raises
    ------
    PolymerError
        When there is none, there are more than `most`, or it is no list of texts.
    """
    if not isinstance(polymers, list) or not all(isinstance(polymer, str) for polymer in polymers):
        raise PolymerError("Polymers are sent as a list of texts.")
    if not 0 < len(polymers) <= most:
        raise PolymerError(f"{len(polymers):,} polymers were sent: send from 1 to {most:,} in a call.")
    return polymers


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
    """Predictions for a program: `polyid.inference.records.answer_record`."""
    return answer_record(shown.predictions, shown.loaded.model.prediction_units, provenance(shown.loaded))


def provenance(loaded: Loaded) -> dict[str, Any]:
    """Which model answers: `polyid.hub.provenance.provenance`."""
    return of_bundle(loaded.bundle, loaded.model.metadata)


def readings(shown: Shown, number: int) -> list[dict[str, Any]]:
    """What is said of each property of one polymer, as `Predictions.reading` says it, with ``label``, ``unit`` and the
    ``decimals`` to show the numbers with; nothing of a polymer that can't be read.
    """
    of_properties = []
    for reading in prediction_record(shown.predictions, number, shown.loaded.model.prediction_units)["properties"]:
        error = reading["std"] if reading["expected_error"] is None else reading["expected_error"]
        places = 0 if reading["value"] is None else decimals(reading["value"], error)
        of_properties.append(reading | {"decimals": places})
    return of_properties


def labels(loaded: Loaded) -> list[tuple[str, str]]:
    """Label, as a page writes it, and name of each property."""
    return [(formula(property_label(name)), name) for name in loaded.model.prediction_columns]


def last_line(text: str | None) -> str:
    """The line that is being written: the last one with anything in it, or nothing."""
    return next((line.strip() for line in reversed((text or "").splitlines()) if line.strip()), "")


def complaints(shown: Shown) -> list[str]:
    """One sentence a polymer that can't be read, with its line in the box when there are several."""
    problems = [(number, error) for number, error in enumerate(shown.predictions.error) if error is not None]
    if len(shown.predictions) == 1:
        return [error for _, error in problems]
    return [f"Line {shown.line(number)}: {error}" for number, error in problems]


def in_words(value: float | None, places: int) -> str:
    """A value with so many decimals, no exponent and a true minus sign."""
    if value is None:
        return "-"
    text = f"{value:,.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text.replace(",", "")) else text.replace("-", "")
