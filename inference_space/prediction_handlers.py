"""What the inference page does with polymers."""

from __future__ import annotations

from typing import Any

import answers
import cards
import gradio as gr
from answers import Shown
from exports import MOST_LETTERS_OF_A_LINK, exports
from model_versions import ModelVersions

from polyid.chemistry.sketches import sketch
from polyid.errors import PolyIDError, PolymerError
from polyid.web.html import notice

LEVELS = (0.8, 0.9, 0.95)
"""Of the intervals that the page offers."""
UNCHANGED = [gr.skip()] * 8
"""What is below the button, left as it is."""


class Handlers:
    """What the page does, in front of a model and its other versions."""

    def __init__(self, versions: ModelVersions) -> None:
        self.service, self.versions = versions.service, versions

    def watch(self, seen: str) -> tuple:
        """The model's state, redrawn when it changed."""
        now = cards.status_panel(self.service.status)
        return (gr.skip(), gr.skip()) if now == seen else (now, now)

    def show(
        self, text: str, level: float, name: str | None, before: Shown | None = None, version: str | None = None
    ) -> list:
        """Predict what is in the box; what can't be read is said next to it, and the last good result stays, marked as that."""
        try:
            shown = self._predicted(answers.polymers_in(text), level, answers.line_numbers(text), version)
        except PolyIDError as problem:
            return [notice(str(problem), "error") + cards.stale(before, None), *UNCHANGED]
        read = shown.predictions.predicted
        complaint = cards.complaint_panel(answers.complaints(shown))
        if not read:
            return [complaint + cards.stale(before, None), *UNCHANGED]
        return [complaint, *_laid_out(shown, read[0], name)]

    def read(self, text: str) -> str:
        """How what is being typed is read."""
        return cards.reading_panel(text)

    def sketch(self, text: str) -> dict[str, str | None]:
        """The last line for the structure editor: a mol block, or none and why there is none."""
        line = answers.last_line(text)
        if not line:
            return {"block": None, "said": ""}
        try:
            return {"block": sketch(line), "said": ""}
        except PolymerError as problem:
            return {"block": None, "said": f"{problem} What you draw takes its place."}

    def arrive(self, request: gr.Request) -> tuple:
        """Polymers and level of a link that somebody shared; box and level as they are without one."""
        asked = request.query_params
        level = next((known for known in LEVELS if asked.get("level") == f"{known:g}"), gr.skip())
        return asked.get("polymer", "")[:MOST_LETTERS_OF_A_LINK] or gr.skip(), level

    def again(
        self, level: float, before: Shown | None, number: int, name: str | None, version: str | None = None
    ) -> list:
        """The same polymers with intervals of another level, or by another version of the model."""
        if before is None:
            return [gr.skip(), *UNCHANGED]
        try:
            shown = self._predicted(before.predictions.smiles, level, before.lines, version)
        except PolyIDError as problem:
            return [notice(str(problem), "error") + cards.stale(before, None), *UNCHANGED]
        if shown.loaded.model is before.loaded.model:
            shown.explained.update(before.explained)
        return [cards.complaint_panel(answers.complaints(shown)), *_laid_out(shown, number, name)]

    def choose(self, shown: Shown | None, number: int | None) -> Any:
        """Another one of the polymers."""
        return gr.skip() if shown is None or number is None else cards.card(shown, number)

    def why(self, is_open: bool, shown: Shown | None, number: int | None, name: str | None) -> Any:
        """Why the chosen property was predicted so; computed when somebody looks."""
        if not is_open or shown is None or number is None or name is None:
            return gr.skip()
        if number not in shown.explained:
            try:
                shown.explained[number] = self.service.explain(shown.predictions.smiles[number], shown.loaded)
            except PolyIDError as problem:
                return notice(str(problem))
        training = shown.loaded.training_values.get(name)
        return cards.why(shown.explained[number][name], training and training.spread)

    def _predicted(self, polymers: list[str], level: float, lines: list[int], version: str | None) -> Shown:
        return Shown(*self.service.predict(polymers, level, loaded=self.versions.at(version)), lines=lines)


def _laid_out(shown: Shown, number: int, name: str | None) -> list:
    """Everything below the button but complaints and the drawing that says why."""
    smiles = shown.predictions.smiles
    polymers = [(f"{shown.line(i)}  {smiles[i]}", i) for i in shown.predictions.predicted]
    properties = answers.labels(shown.loaded)
    names = [of_property for _, of_property in properties]
    return [
        shown,
        cards.batch_table(shown) if len(smiles) > 1 else "",
        gr.Dropdown(polymers, value=number, visible=len(polymers) > 1),
        cards.card(shown, number),
        exports(shown),
        gr.Accordion(visible=True),
        gr.Dropdown(properties, value=name if name in names else names[0]),
        "",
    ]
