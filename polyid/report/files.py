"""Names and captions of a report's figures, for those who draw, embed, publish and show them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from polyid.bundle.layout import REPORT_FOLDER
from polyid.data.properties import PROPERTIES

COVERAGE = f"{REPORT_FOLDER}/coverage.png"
ERROR_AGAINST_EXPECTED = f"{REPORT_FOLDER}/error_against_expected_error.png"
# As models of before format version 3 have it.
_FORMER_ERROR_AGAINST_EXPECTED = f"{REPORT_FOLDER}/error_against_spread.png"
ERRORS_BY_CLASS = f"{REPORT_FOLDER}/errors_by_class.png"
LEARNING_CURVES = f"{REPORT_FOLDER}/learning_curves.png"

_EXPECTED_CAPTION = "Error against expected error: rising if the model knows where it errs"
_CAPTIONS = {
    COVERAGE: "Coverage of the intervals: the share of measured values that lie in them, against the share that should",
    ERROR_AGAINST_EXPECTED: _EXPECTED_CAPTION,
    _FORMER_ERROR_AGAINST_EXPECTED: _EXPECTED_CAPTION,
    ERRORS_BY_CLASS: "Mean absolute error by class of polymer",
    LEARNING_CURVES: "Learning curves: loss over the epochs, a line a network",
}


def parity_file(name: str) -> str:
    """Path of a property's parity plot in a model folder, of letters that are safe in paths and in Markdown."""
    tame = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:60]
    if tame != name:
        # Two strange names may become the same tame one.
        tame += f"-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return f"{REPORT_FOLDER}/parity_{tame}.png"


def unit_text(name: str, content: dict[str, Any]) -> str:
    """Unit of a property as a model has it (`content` of `parameters.json`); nothing where none is known."""
    stated = (content.get("prediction_units") or {}).get(name)
    known = PROPERTIES[name].unit if name in PROPERTIES else None
    return (stated[0] if stated else known) or ""


def number_text(value: float | None) -> str:
    """A figure with three digits that count, as people write it: ``0.0371``, ``19.8``, ``1,240``; nothing for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:#.3g}".rstrip(".")


def figure_captions(names: Sequence[str]) -> dict[str, str]:
    """Every figure a report may have, in reading order, with its caption.

    Parameters
    ----------
    names : sequence of str
        The model's properties.
    """
    labels = {name: PROPERTIES[name].label if name in PROPERTIES else name for name in names}
    return {parity_file(name): f"{label}: predicted against measured" for name, label in labels.items()} | _CAPTIONS
