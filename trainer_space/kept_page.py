"""The part of the page about runs that a machine lost with its disk, and that a working branch of the model repo kept."""

from __future__ import annotations

from dataclasses import dataclass

import access
import gradio as gr
import kept_handlers
from form_parts import Settings, Source


@dataclass(frozen=True)
class Kept:
    """Unfinished runs on the Hub."""

    box: gr.Group
    said: gr.HTML
    chosen: gr.Dropdown
    go_on: gr.Button
    forget: gr.Button


def build() -> Kept:
    """The section, which is seen where there is something in it."""
    with gr.Group(visible=False, elem_id="kept") as box:
        said = gr.HTML(elem_id="kept-notice")
        chosen = gr.Dropdown([], label="Unfinished run", allow_custom_value=True, elem_id="kept-run")
        with gr.Row():
            go_on = gr.Button("Go on with it", variant="primary", size="md", min_width=140, elem_id="go-on")
            forget = gr.Button("Delete it on the Hub", size="md", min_width=140, elem_id="forget-kept")
    return Kept(box, said, chosen, go_on, forget)


def offer(page: gr.Blocks, kept: Kept, settings: Settings, source: Source, message: gr.HTML, answer: gr.JSON) -> None:
    """What the section's buttons do, and when it is looked for what is in it."""
    shown = [kept.box, kept.said, kept.chosen]
    quiet = {"show_progress": "hidden", "api_visibility": "undocumented"}
    look = access.guarded(kept_handlers.look, outputs=3, said_at=None)
    gr.on([page.load, settings.repo_id.submit], look, settings.repo_id, shown, **quiet)
    which = [settings.repo_id, kept.chosen]
    for button, handler, inputs, name in (
        (kept.go_on, kept_handlers.go_on, [*which, *source.inputs], "go_on_with"),
        (kept.forget, kept_handlers.forget, which, "forget_kept"),
    ):
        button.click(
            access.refused_action(handler),
            inputs,
            [message, answer],
            api_name=name,
        ).then(look, settings.repo_id, shown, **quiet)
    gr.api(access.guarded(kept_handlers.unfinished_runs, outputs=None), api_name="unfinished_runs")
