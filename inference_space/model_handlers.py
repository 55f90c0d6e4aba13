"""What the page does with the versions of the model: offers them, shows their cards, and says what changed."""

from __future__ import annotations

from typing import Any

import gradio as gr
from answers import in_words, provenance
from model_versions import FOLLOWED, ModelVersions
from rendering import rendered

from polyid.data.properties import decimals
from polyid.errors import PolyIDError
from polyid.hub.provenance import model_name
from polyid.report.changes import FigureChange, changes_between
from polyid.report.shown_card import shown_card
from polyid.web.html import notice


class ModelHandlers:
    """What the page does with versions."""

    def __init__(self, versions: ModelVersions) -> None:
        self.versions = versions

    def offered(self, chosen: str | None) -> Any:
        """The versions to choose from."""
        choices = [(choice.label, choice.name) for choice in self.versions.choices()]
        return gr.Dropdown(choices, value=chosen if chosen in dict(choices).values() else FOLLOWED)

    def show(self, chosen: str | None) -> tuple[str, str]:
        """What changed from a version to the followed one, or why it can't be had; and its card."""
        try:
            loaded, followed = self.versions.at(chosen), self.versions.at(FOLLOWED)
            said = ""
            if loaded.bundle.folder != followed.bundle.folder:
                found = changes_between(loaded.bundle.folder, followed.bundle.folder)
                said = rendered(
                    "changes.html",
                    settings=found.settings,
                    figures=[_row(change) for change in found.figures],
                    before=model_name(provenance(loaded)),
                    after=model_name(provenance(followed)),
                )
            return said, shown_card(loaded.bundle.folder) or "This model has no card."
        except PolyIDError as problem:
            return notice(str(problem), "error"), ""


def _row(change: FigureChange) -> dict[str, Any]:
    """Figures of a property in words, before and after."""
    return {
        "label": change.label,
        "cells": [
            (_number(name, change.before[name]), _number(name, change.after[name])) for name in ("n", "MAE", "R2", "coverage")
        ],
    }  # fmt: skip


def _number(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name == "coverage":
        return f"{100 * value:.0f} %"
    return f"{value:,.0f}" if name == "n" else in_words(value, 2 if name == "R2" else decimals(value))
