"""The page of the inference Space: what stands where, and what answers to which button."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from endpoints import Endpoints
from model_service import ModelService
from prediction_handlers import Handlers

from polyid.config.settings import INTERVAL_LEVEL

LEVELS = (0.8, 0.9, 0.95)
EXAMPLES = {
    "Polystyrene": "*CC(*)c1ccccc1",
    "PET": "OCCO.O=C(O)c1ccc(C(=O)O)cc1",
    "Polyethylene": "*CC*",
    "PMMA": "*CC(*)(C)C(=O)OC",
}


QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}


@dataclass(frozen=True)
class Question:
    """What is asked, and how sure the answer shall be."""

    smiles: gr.Textbox
    level: gr.Radio
    button: gr.Button


@dataclass(frozen=True)
class Result:
    """Everything below the button, in the order that the handlers answer in."""

    shown: gr.State
    overview: gr.HTML
    chosen: gr.Dropdown
    card: gr.HTML
    reasons: gr.Accordion
    name: gr.Dropdown
    drawing: gr.HTML

    @property
    def outputs(self) -> list:
        """All of it."""
        return [getattr(self, field.name) for field in fields(self)]


def build(service: ModelService) -> gr.Blocks:
    """The page, in front of a model service."""
    handlers = Handlers(service)
    with gr.Blocks(title="PolyID", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID\n"
            "Properties of a polymer from its SMILES, predicted by an ensemble of message-passing neural networks."
        )
        status = gr.HTML(elem_id="model-status")
        question = _question()
        complaint = gr.HTML(elem_id="notice")
        result = _result()
        _answer(handlers, question, complaint, result)
        seen = gr.State("")
        page.load(handlers.watch, seen, [seen, status], **QUIET)
        gr.Timer(1.0).tick(handlers.watch, seen, [seen, status], concurrency_limit=None, **QUIET)
        Endpoints(service).register()
    return page


def _question() -> Question:
    """What is asked."""
    smiles = gr.Textbox(
        label="SMILES",
        info="A repeat unit with two attachment points, monomers joined by dots, an oligomer, or a copolymer such as "
        "C=Cc1ccccc1 : C=CC(=O)OC = 0.7 : 0.3 random. Several polymers: one a line.",
        placeholder="*CC(*)c1ccccc1",
        lines=2,
        max_lines=8,
        elem_id="smiles",
        html_attributes=gr.InputHTMLAttributes(autocorrect="off", spellcheck=False),
    )
    gr.Examples([[text] for text in EXAMPLES.values()], [smiles], label="Examples", example_labels=list(EXAMPLES))
    level = gr.Radio(
        [(f"{100 * value:g} %", value) for value in LEVELS],
        value=INTERVAL_LEVEL,
        label="Intervals",
        info="How many measured values of a hundred are to lie inside.",
        elem_id="level",
    )
    return Question(smiles, level, gr.Button("Predict", variant="primary", elem_id="predict"))


def _result() -> Result:
    """What is answered."""
    overview = gr.HTML(elem_id="overview")
    chosen = gr.Dropdown(label="Polymer", visible=False, elem_id="chosen")
    card = gr.HTML(elem_id="result")
    with gr.Accordion("Why this value?", open=False, visible=False, elem_id="why") as reasons:
        name = gr.Dropdown(label="Property", elem_id="why-property")
        drawing = gr.HTML(elem_id="why-drawing")
    return Result(gr.State(None), overview, chosen, card, reasons, name, drawing)


def _answer(handlers: Handlers, question: Question, complaint: gr.HTML, result: Result) -> None:
    """Predict when asked, and explain while somebody looks."""
    is_open = gr.State(False)
    chosen = [result.shown, result.chosen, result.name]
    explained: dict[str, Any] = {
        "fn": handlers.why,
        "inputs": [is_open, *chosen],
        "outputs": result.drawing,
        **QUIET,
    }
    asked = [question.smiles, question.level, result.name]
    gr.on(
        [question.button.click, question.smiles.submit], handlers.show, asked, [complaint, *result.outputs], **QUIET
    ).then(**explained)
    question.level.input(handlers.at_level, [question.level, *chosen], result.outputs, **QUIET).then(**explained)
    result.chosen.input(handlers.choose, [result.shown, result.chosen], result.card, **QUIET).then(**explained)
    result.name.input(**explained)
    result.reasons.expand(lambda: True, None, is_open, **QUIET).then(**explained)
    result.reasons.collapse(lambda: False, None, is_open, **QUIET)
