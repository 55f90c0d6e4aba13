"""The part of the page about the run at work: what it shows, its buttons, and what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import access
import gradio as gr
import history_page
import notice_scripts
import run_handlers
from form_parts import Settings

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "undocumented"}


@dataclass(frozen=True)
class RunPanel:
    """The run: what was answered, its progress, its log and its report."""

    message: gr.HTML
    answer: gr.JSON
    card: gr.HTML
    pause: gr.Button
    cancel: gr.Button
    confirm: gr.Row
    yes: gr.Button
    no: gr.Button
    resume: gr.Button
    notify: gr.Checkbox
    notified: gr.HTML
    curve: gr.HTML
    log_box: gr.Accordion
    log: gr.Textbox
    report: gr.HTML
    card_box: gr.Accordion
    model_card: gr.Markdown


def column() -> list:
    """What stands beside the form, in the order of `RunPanel`."""
    card = gr.HTML(elem_id="run")
    pause = gr.Button("Pause this run", size="md", visible=False, elem_id="pause")
    cancel = gr.Button("Cancel this run", variant="stop", size="md", visible=False, elem_id="cancel")
    with gr.Row(visible=False, elem_id="confirm-cancel") as confirm:
        yes = gr.Button("Yes, stop it", variant="stop", size="md", min_width=120)
        no = gr.Button("No, go on", size="md", min_width=120)
    resume = gr.Button("Continue training", size="md", visible=False, elem_id="resume")
    notify = gr.Checkbox(
        False, label="Tell me in this browser when the run has ended", container=False, elem_id="notify"
    )
    notified = gr.HTML(elem_id="notified")
    curve = gr.HTML(elem_id="curve")
    with gr.Accordion("Log", open=False, visible=False, elem_id="log-box") as log_box:
        log = gr.Textbox(show_label=False, lines=12, max_lines=12, elem_id="log", container=False)
    return [card, pause, cancel, confirm, yes, no, resume, notify, notified, curve, log_box, log]


def below() -> list:
    """What is as wide as the page: report and card."""
    report = gr.HTML(elem_id="report")
    with gr.Accordion("Model card", open=False, visible=False, elem_id="card-box") as card_box:
        model_card = gr.Markdown(elem_id="model-card")
    return [report, card_box, model_card]


def control(
    page: gr.Blocks,
    start: gr.Button,
    quick: gr.Button,
    form: list,
    settings: Settings,
    panel: RunPanel,
    history: history_page.History,
) -> None:
    """Start, cancel and resume runs, and look at the last one once a second."""
    seen = gr.State("")
    view = [seen, panel.message, panel.card, panel.curve, panel.cancel, panel.confirm, panel.resume, panel.report]
    view += [panel.log_box, history.box, history.table, history.chosen, history.other]
    view += [panel.pause, panel.card_box, panel.model_card]
    watch = access.guarded(run_handlers.watch, access.WATCH, outputs=len(view), said_at=2, once=True)
    page.load(watch, seen, view, **QUIET)
    gr.Timer(1.0).tick(watch, seen, view, concurrency_limit=None, **QUIET)
    for click, answer, inputs, api_name in (
        (start.click, run_handlers.start_training, form, "start_training"),
        (panel.yes.click, run_handlers.cancel_training, None, "cancel_training"),
        (panel.pause.click, run_handlers.pause_training, None, "pause_training"),
        (
            panel.resume.click,
            run_handlers.resume_training,
            [*settings.destination, settings.notes],
            "resume_training",
        ),
    ):
        gr.on(click, access.refused_action(answer), inputs, [panel.message, panel.answer], api_name=api_name).then(
            watch, seen, view, **QUIET
        )
    quick.click(access.refused_action(run_handlers.quick_look), form, [panel.message, panel.answer], **QUIET)
    panel.cancel.click(run_handlers.ask_cancel, None, [panel.cancel, panel.confirm], **QUIET)
    for button in (panel.yes, panel.no):
        button.click(run_handlers.asked_cancel, None, [panel.cancel, panel.confirm], **QUIET)
    panel.notify.input(None, panel.notify, [panel.notify, panel.notified], js=notice_scripts.ASK, **QUIET)
    page.load(None, None, panel.notify, js=notice_scripts.LISTEN, **QUIET)
    gr.on([panel.log_box.expand, gr.Timer(3.0).tick], access.seen(run_handlers.log, 1), panel.log, panel.log, **QUIET)
    gr.api(access.guarded(run_handlers.run_status, access.WATCH, outputs=None), api_name="run_status")
    gr.api(access.guarded(run_handlers.all_runs, access.WATCH, outputs=None), api_name="all_runs")
