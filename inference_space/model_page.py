"""The part of the page for the model: its versions, what changed, card and figures."""

from __future__ import annotations

from typing import Any

import gradio as gr
from model_handlers import ModelHandlers
from model_versions import FOLLOWED, ModelVersions

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}


def build_model_part(versions: ModelVersions) -> gr.Dropdown:
    """Build it into the page that is being built; returns the chosen version, which answers this page's questions."""
    handlers = ModelHandlers(versions)
    with gr.Accordion("The model", open=False, elem_id="model") as part:
        chosen = gr.Dropdown(
            [("The one this Space follows", FOLLOWED)],
            value=FOLLOWED,
            label="Version",
            info="The chosen one answers in this page; programs are answered by the one that the Space follows.",
            elem_id="version",
        )
        changes = gr.HTML(elem_id="changes")
        card = gr.Markdown(elem_id="card")
    looked: dict[str, Any] = {"fn": handlers.show, "inputs": chosen, "outputs": [changes, card], **QUIET}
    part.expand(handlers.offered, chosen, chosen, **QUIET).then(**looked)
    chosen.input(**looked | {"show_progress": "minimal"})
    return chosen
