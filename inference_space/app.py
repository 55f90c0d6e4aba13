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

import answers  # noqa: E402
from model_service import ModelService  # noqa: E402

from polyid.errors import PolyIDError  # noqa: E402

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

    def show(text: str):
        """Predict what is in the box; what can't be read is said next to it, and the last good result stays."""
        try:
            lines = answers.polymers_in(text)
            frame, loaded = service.predict(lines)
        except PolyIDError as problem:
            return answers.notice(str(problem), "error"), gr.skip()
        good = frame[frame["error"].isna()]
        complaint = answers.notice(answers.complaints(frame), "error")
        return complaint, gr.skip() if good.empty else answers.result(good, loaded)

    def predict(smiles: str) -> dict:
        """Predict polymers, one SMILES a line: ``{"model": {...}, "predictions": [{"smiles", "form", "error",
        "properties": [{"name", "label", "value", "unit", "spread"}]}]}``.
        """
        try:
            frame, loaded = service.predict(answers.polymers_in(smiles))
        except PolyIDError as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        return answers.as_json(frame, loaded)

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
        button = gr.Button("Predict", variant="primary", elem_id="predict")
        complaint = gr.HTML(elem_id="notice")
        result = gr.HTML(elem_id="result")

        seen = gr.State("")
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        gr.on([button.click, smiles.submit], show, smiles, [complaint, result], api_visibility="private")
        page.load(watch, seen, [seen, status], **quiet)
        gr.Timer(1.0).tick(watch, seen, [seen, status], concurrency_limit=None, **quiet)
        gr.api(predict, api_name="predict")
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
