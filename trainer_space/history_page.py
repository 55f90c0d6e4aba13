"""The part of the page about all runs: their history, and what can be done with each of them."""

from __future__ import annotations

from dataclasses import dataclass

import access
import gradio as gr
import history_handlers
from form_parts import Settings


@dataclass(frozen=True)
class History:
    """All runs, and those that are chosen."""

    box: gr.Accordion
    table: gr.HTML
    chosen: gr.Dropdown
    other: gr.Dropdown


def build(settings: Settings, message: gr.HTML, answer: gr.JSON) -> History:
    """The section, and what its buttons do."""
    with gr.Accordion("All runs", open=False, visible=False, elem_id="history") as box:
        table = gr.HTML(elem_id="history-table")
        with gr.Row():
            # Programs name runs that no page of theirs has listed.
            chosen = gr.Dropdown([], label="Run", min_width=200, allow_custom_value=True, elem_id="chosen-run")
            other = gr.Dropdown([], label="Compare with", min_width=200, allow_custom_value=True, elem_id="other-run")
        with gr.Row():
            look = gr.Button("Show its report", size="md", min_width=140)
            compare = gr.Button("Compare", size="md", min_width=140, elem_id="compare")
            publish = gr.Button("Publish it", size="md", min_width=140, elem_id="publish-run")
            remove = gr.Button(
                "Delete or leave the queue", variant="stop", size="md", min_width=140, elem_id="delete-run"
            )
        with gr.Row(visible=False, elem_id="confirm-delete") as confirm:
            yes = gr.Button("Yes, delete it for good", variant="stop", size="md", min_width=140)
            no = gr.Button("No, keep it", size="md", min_width=140)
        said = gr.HTML(elem_id="history-notice")
        shown = gr.HTML(elem_id="comparison")
    quiet = {"show_progress": "hidden", "api_visibility": "undocumented"}
    look.click(access.guarded(history_handlers.look, access.WATCH), chosen, [said, shown], **quiet)
    compare.click(
        access.guarded(history_handlers.compare, access.WATCH), [chosen, other], [said, shown], api_name="compare_runs"
    )
    publish.click(
        access.refused_action(history_handlers.publish),
        [chosen, *settings.destination, settings.notes],
        [said, answer],
        api_name="publish_run",
    )
    remove.click(access.guarded(history_handlers.ask_delete), chosen, [said, confirm], **quiet)
    yes.click(
        access.guarded(history_handlers.delete, outputs=3), chosen, [said, answer, confirm], api_name="delete_run"
    )
    no.click(lambda: ("", gr.update(visible=False)), None, [said, confirm], **quiet)
    return History(box, table, chosen, other)
