"""The page of the inference Space: what stands where, and what answers to which button."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from endpoints import Endpoints, Page
from model_page import build_model_part
from model_service import ModelService
from model_versions import ModelVersions
from page_scripts import ASK_IF_SHARED, DRAW, LISTEN, PUT_INTO_ADDRESS, PUT_LEVEL_INTO_ADDRESS
from prediction_handlers import LEVELS, Handlers
from table_handlers import TableHandlers
from table_page import build_table_part

from polyid.config.settings import INTERVAL_LEVEL

EXAMPLES = {
    "Polystyrene": "*CC(*)c1ccccc1",
    "PET": "OCCO.O=C(O)c1ccc(C(=O)O)cc1",
    "Polyethylene": "*CC*",
    "PMMA": "*CC(*)(C)C(=O)OC",
}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}


@dataclass(frozen=True)
class Question:
    """What is asked, how it is read while it is typed, and how sure the answer shall be."""

    smiles: gr.Textbox
    draw: gr.Button
    reading: gr.HTML
    level: gr.Radio
    button: gr.Button


@dataclass(frozen=True)
class Result:
    """Everything below the button, in the order that the handlers answer in."""

    shown: gr.State
    overview: gr.HTML
    chosen: gr.Dropdown
    card: gr.HTML
    exports: gr.HTML
    reasons: gr.Accordion
    name: gr.Dropdown
    drawing: gr.HTML

    @property
    def outputs(self) -> list:
        """All of it."""
        return [getattr(self, field.name) for field in fields(self)]


def build(service: ModelService, trainer: str | None = None) -> gr.Blocks:
    """The page, in front of a model service; `trainer` is the address of the page where models are trained."""
    versions = ModelVersions(service)
    handlers = Handlers(versions)
    with Page(title="PolyID", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID\n"
            "Properties of a polymer from its name or structure, predicted by an ensemble of message-passing neural networks."
            + (f" Models are made in the [trainer Space]({trainer})." if trainer else "")
        )
        status = gr.HTML(elem_id="model-status")
        question = _question()
        complaint = gr.HTML(elem_id="notice")
        result = _result()
        many = gr.Accordion("Many polymers", open=False, elem_id="many")
        version = build_model_part(versions)
        with many:
            build_table_part(TableHandlers(versions), question.level, version)
        _answer(handlers, question, version, complaint, result)
        seen = gr.State("")
        page.load(None, None, None, js=LISTEN, **QUIET)
        page.load(handlers.watch, seen, [seen, status], **QUIET)
        page.load(handlers.arrive, None, [question.smiles, question.level], **QUIET).then(
            None, None, None, js=ASK_IF_SHARED, **QUIET
        )
        gr.Timer(1.0).tick(handlers.watch, seen, [seen, status], concurrency_limit=None, **QUIET)
        Endpoints(versions).register()
    return page


def _question() -> Question:
    """What is asked."""
    smiles = gr.Textbox(
        label="SMILES",
        info="A name, a repeat unit with two attachment points, monomers joined by dots, an oligomer, or a copolymer such as "
        "C=Cc1ccccc1 : C=CC(=O)OC = 0.7 : 0.3 random. Several polymers: one a line. "
        "Enter predicts, Shift+Enter begins a line.",
        placeholder="*CC(*)c1ccccc1",
        # More lines would make Enter begin a new one.
        lines=1,
        max_lines=8,
        elem_id="smiles",
        html_attributes=gr.InputHTMLAttributes(autocorrect="off", spellcheck=False),
    )
    reading = gr.HTML(elem_id="reading")
    # Below the names that complete what is typed: Tab leads from the box to them.
    draw = gr.Button("Draw", size="sm", elem_id="draw")
    gr.Examples([[text] for text in EXAMPLES.values()], [smiles], label="Examples", example_labels=list(EXAMPLES))
    level = gr.Radio(
        [(f"{100 * value:g} %", value) for value in LEVELS],
        value=INTERVAL_LEVEL,
        label="Intervals",
        info="How many measured values of a hundred are to lie inside.",
        elem_id="level",
    )
    return Question(smiles, draw, reading, level, gr.Button("Predict", variant="primary", elem_id="predict"))


def _result() -> Result:
    """What is answered."""
    overview = gr.HTML(elem_id="overview")
    chosen = gr.Dropdown(label="Polymer", visible=False, elem_id="chosen")
    card = gr.HTML(elem_id="result")
    exports = gr.HTML(elem_id="exports")
    with gr.Accordion("Why this value?", open=False, visible=False, elem_id="why") as reasons:
        name = gr.Dropdown(label="Property", elem_id="why-property")
        drawing = gr.HTML(elem_id="why-drawing")
    return Result(gr.State(None), overview, chosen, card, exports, reasons, name, drawing)


def _answer(handlers: Handlers, question: Question, version: gr.Dropdown, complaint: gr.HTML, result: Result) -> None:
    """Predict when asked, and explain while somebody looks."""
    is_open = gr.State(False)
    chosen = [result.shown, result.chosen, result.name]
    explained: dict[str, Any] = {
        "fn": handlers.why,
        "inputs": [is_open, *chosen],
        "outputs": result.drawing,
        **QUIET,
    }
    asked = [question.smiles, question.level, result.name, result.shown, version]
    kept: dict[str, Any] = {
        "fn": None,
        "inputs": [question.smiles, question.level],
        "js": PUT_INTO_ADDRESS,
        **QUIET,
    }
    predict: dict[str, Any] = {"fn": handlers.show, "inputs": asked, "outputs": [complaint, *result.outputs], **QUIET}
    gr.on([question.button.click, question.smiles.submit], **predict).then(**kept).then(**explained)
    sketch = gr.JSON(visible=False)
    question.draw.click(handlers.sketch, question.smiles, sketch, **QUIET).then(None, sketch, None, js=DRAW, **QUIET)
    gr.on(
        [question.smiles.change],
        handlers.read,
        question.smiles,
        question.reading,
        trigger_mode="always_last",
        **QUIET,
    )
    gr.on(
        [question.level.input, version.input],
        handlers.again,
        [question.level, *chosen, version],
        [complaint, *result.outputs],
        **QUIET,
    ).then(**explained).then(**{**kept, "js": PUT_LEVEL_INTO_ADDRESS})
    result.chosen.input(handlers.choose, [result.shown, result.chosen], result.card, **QUIET).then(**explained)
    result.name.input(**explained)
    result.reasons.expand(lambda: True, None, is_open, **QUIET).then(**explained)
    result.reasons.collapse(lambda: False, None, is_open, **QUIET)
