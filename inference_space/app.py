"""The inference Space: SMILES in, predicted properties out, by the model published in a Hub repo.

Environment: ``POLYID_MODEL_REPO`` (``user/repo``, ``user/repo@revision`` or a folder), ``HF_ENDPOINT`` and, for a
private repo, ``HF_TOKEN`` as `huggingface_hub` reads them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import gradio as gr

HERE = Path(__file__).resolve().parent
if (HERE.parent / "polyid").is_dir():  # run from a clone that isn't installed
    sys.path.insert(0, str(HERE.parent))

import answers
import cards
from answers import Shown
from model_service import ModelService

from polyid.config.settings import INTERVAL_LEVEL
from polyid.errors import PolyIDError

LEVELS = (0.8, 0.9, 0.95)
EXAMPLES = {
    "Polystyrene": "*CC(*)c1ccccc1",
    "PET": "OCCO.O=C(O)c1ccc(C(=O)O)cc1",
    "Polyethylene": "*CC*",
    "PMMA": "*CC(*)(C)C(=O)OC",
}


def model_repo() -> str:
    """The model to answer with: as named, else ``polyid-models`` of the Space's owner, else none."""
    owner = os.environ.get("SPACE_ID", "").partition("/")[0]
    return os.environ.get("POLYID_MODEL_REPO") or (f"{owner}/polyid-models" if owner else "")


def build(service: ModelService) -> gr.Blocks:
    """The page, in front of a model service."""

    def watch(seen: str):
        """The model's state, redrawn when it changed."""
        now = answers.status_panel(service.status)
        return (gr.skip(), gr.skip()) if now == seen else (now, now)

    def ask(lines: list[str], level: float) -> Shown:
        return Shown(*service.predict(lines, level))

    def show(text: str, level: float, name: str | None):
        """Predict what is in the box; what can't be read is said next to it, and the last good result stays."""
        try:
            shown = ask(answers.polymers_in(text), level)
        except PolyIDError as problem:
            return [answers.notice(str(problem), "error"), *[gr.skip()] * 7]
        read = shown.predictions.predicted
        complaint = answers.notice(answers.complaints(shown.predictions), "error")
        return [complaint, *(laid_out(shown, read[0], name) if read else [gr.skip()] * 7)]

    def at_level(level: float, before: Shown | None, number: int, name: str | None):
        """The same polymers with intervals of another level."""
        if before is None:
            return [gr.skip()] * 7
        shown = ask(before.predictions.smiles, level)
        if shown.loaded.model is before.loaded.model:
            shown.explained.update(before.explained)
        return laid_out(shown, number, name)

    def choose(shown: Shown | None, number: int | None):
        """Another one of the polymers."""
        return gr.skip() if shown is None or number is None else cards.card(shown, number)

    def laid_out(shown: Shown, number: int, name: str | None) -> list:
        """Everything below the button but complaints and the drawing that says why."""
        polymers = [(f"{i + 1}  {shown.predictions.smiles[i]}", i) for i in shown.predictions.predicted]
        properties = answers.labels(shown.loaded)
        known = name in [own for _, own in properties]
        return [
            shown,
            cards.batch_table(shown) if len(shown.predictions) > 1 else "",
            gr.Dropdown(polymers, value=number, visible=len(polymers) > 1),
            cards.card(shown, number),
            gr.Accordion(visible=True),
            gr.Dropdown(properties, value=name if known else properties[0][1]),
            "",
        ]

    def why(is_open: bool, shown: Shown | None, number: int | None, name: str | None):
        """Why the chosen property was predicted so; computed when somebody looks."""
        if not is_open or shown is None or number is None or name is None:
            return gr.skip()
        if number not in shown.explained:
            shown.explained[number] = service.explain(shown.predictions.smiles[number], shown.loaded)
        return cards.why(shown.explained[number][name])

    def predict(smiles: str, level: float = INTERVAL_LEVEL) -> dict:
        """Predict polymers, one SMILES a line, with intervals that hold so large a share of measured values:
        ``{"model": {...}, "level", "predictions": [{"smiles", "form", "error", "properties": [{"name", "label", "value",
        "unit", "std", "expected_error", "lower", "upper"}], "domain", "domain_reason", "nearest_training_polymers"}]}``.
        """
        try:
            return answers.as_json(ask(answers.polymers_in(smiles), answers.level_of(level)))
        except PolyIDError as problem:
            raise gr.Error(str(problem), print_exception=False) from problem

    def explain(smiles: str) -> dict:
        """What each part of one polymer adds to its predictions: ``{"model": {...}, "properties": [{"name", "unit",
        "prediction", "terms": {...}, "repeat_unit", "atoms": [...]}]}``; the terms and no others sum to the prediction,
        and atoms are numbered as in the repeat unit's SMILES.
        """
        try:
            loaded = service.ready()
            found = service.explain(answers.polymer_in(smiles), loaded)
        except PolyIDError as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        return {"model": answers.provenance(loaded), "properties": answers.explained_as_json(found)}

    def model_status() -> dict:
        """Which model answers, or why none does yet: ``{"phase", "sentence", "model"}``."""
        status = service.status
        model = answers.provenance(status.loaded) if status.loaded else None
        return {"phase": status.phase, "sentence": status.sentence, "model": model}

    with gr.Blocks(title="PolyID", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID\n"
            "Properties of a polymer from its SMILES, predicted by an ensemble of message-passing neural networks."
        )
        status = gr.HTML(elem_id="model-status")
        smiles = gr.Textbox(
            label="SMILES",
            info="A repeat unit with two attachment points, monomers joined by dots, or an oligomer. "
            "Several polymers: one a line.",
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
        button = gr.Button("Predict", variant="primary", elem_id="predict")
        complaint = gr.HTML(elem_id="notice")
        overview = gr.HTML(elem_id="overview")
        chosen = gr.Dropdown(label="Polymer", visible=False, elem_id="chosen")
        result = gr.HTML(elem_id="result")
        with gr.Accordion("Why this value?", open=False, visible=False, elem_id="why") as reasons:
            name = gr.Dropdown(label="Property", elem_id="why-property")
            drawing = gr.HTML(elem_id="why-drawing")

        seen, shown, is_open = gr.State(""), gr.State(None), gr.State(False)
        quiet = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        explained = {"fn": why, "inputs": [is_open, shown, chosen, name], "outputs": drawing, **quiet}
        everything = [shown, overview, chosen, result, reasons, name, drawing]
        asked = gr.on([button.click, smiles.submit], show, [smiles, level, name], [complaint, *everything], **quiet)
        asked.then(**explained)
        level.input(at_level, [level, shown, chosen, name], everything, **quiet).then(**explained)
        chosen.input(choose, [shown, chosen], result, **quiet).then(**explained)
        name.input(**explained)
        reasons.expand(lambda: True, None, is_open, **quiet).then(**explained)
        reasons.collapse(lambda: False, None, is_open, **quiet)
        page.load(watch, seen, [seen, status], **quiet)
        gr.Timer(1.0).tick(watch, seen, [seen, status], concurrency_limit=None, **quiet)
        gr.api(predict, api_name="predict", queue=False)
        gr.api(explain, api_name="explain", queue=False)
        gr.api(model_status, api_name="model_status")
    return page


THEME = gr.themes.Default(
    primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
).set(
    # Gradio's own greys and its bright button are too pale to read in daylight (WCAG asks for 4.5:1).
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
)

if __name__ == "__main__":
    service = ModelService(model_repo()).start()
    build(service).launch(theme=THEME, css_paths=HERE / "style.css", footer_links=["api"], ssr_mode=False)
