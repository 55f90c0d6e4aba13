"""The page of the trainer Space: what stands where, and which function answers to which button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import access
import data_handlers
import data_view
import estimate_handlers
import form_handlers
import form_parts
import gradio as gr
import history_page
import kept_page
import run_handlers
import run_panel
from form_parts import Described, Settings, Source

from polyid.data.roles import COLUMN_MEANINGS

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "undocumented"}
# Gradio's box has a title only, which not every screen reader reads.
NAME_SELECT_ALL = (
    """() => document.querySelectorAll(".select-all-checkbox").forEach(box => { box.ariaLabel = box.title })"""
)

LOADING: dict[str, Any] = {"api_visibility": "undocumented"}


@dataclass(frozen=True)
class Buttons:
    """What begins something."""

    start: gr.Button
    quick: gr.Button
    estimate: gr.Button
    estimated: gr.HTML


def build(inference: str | None = None) -> gr.Blocks:
    """The page; `inference` is the address of the page where models answer."""
    answers = f"[inference Space]({inference})" if inference else "inference Space"
    with gr.Blocks(title="PolyID Trainer", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID Trainer\n"
            "Train an ensemble of message-passing networks on polymer data, and publish it as a model repo "
            f"that the {answers} predicts with."
        )
        if access.can_log_in():
            gr.LoginButton(size="md", elem_id="login")
        with gr.Row(equal_height=False, elem_id="layout"):
            with gr.Column(scale=3, min_width=320):
                source = form_parts.source()
                described = form_parts.described()
                settings = form_parts.settings()
                account_notice = gr.HTML(elem_id="account-notice")
                estimate = gr.Button("Estimate time and price", size="md", elem_id="estimate")
                estimated = gr.HTML(elem_id="estimated")
                start = gr.Button("Start Training", variant="primary", elem_id="start")
                quick = gr.Button("Quick look", size="md", elem_id="quick")
                gr.Markdown(
                    "A quick look trains a small network for a minute, publishes nothing, and shows that all works."
                )
                message = gr.HTML(label="message", elem_id="notice")
                answer = gr.JSON(label="answer", visible=False)
            with gr.Column(scale=4, min_width=320, elem_id="run-column"):
                kept = kept_page.build()
                parts = run_panel.column()
        panel = run_panel.RunPanel(message, answer, *parts, *run_panel.below())
        buttons = Buttons(start, quick, estimate, estimated)
        history = history_page.build(settings, message, answer)
        kept_page.offer(page, kept, settings, source, message, answer)

        loaded = page.load(access.seen(form_handlers.table_of_run, 1), None, source.table, **QUIET)
        _read_data(page, source, described, settings, loaded)
        _fill_form(page, source, settings, account_notice)
        _estimate(source, described, settings, buttons)
        form = _form(source, described, settings)
        run_panel.control(page, start, quick, form, settings, panel, history)
    return page


def _read_data(page: gr.Blocks, source: Source, described: Described, settings: Settings, loaded: Any) -> None:
    """Describe the data whenever another table is chosen, and when its columns are corrected."""
    outputs = [
        settings.properties,
        described.notice,
        described.problems_box,
        described.problems,
        described.distributions,
        described.download,
        described.columns_box,
        described.recognised,
        described.columns,
        settings.split,
        described.kelvin,
        source.table,
    ]
    show_data = access.guarded(data_handlers.show_data, outputs=len(outputs), said_at=1)
    settings_of_run = access.seen(form_handlers.settings_of_run, 15 + len(settings.advanced))
    restored = [*settings.chosen, *settings.destination, settings.split, settings.notes, settings.afterwards]
    gr.on(
        [source.table.change, source.upload.change, source.read.click, source.dataset.submit],
        show_data,
        source.inputs,
        outputs,
        api_name="choose_data",
        trigger_mode="always_last",  # a table chosen while another is being read is read next
        show_progress_on=described.notice,
    )
    page.load(None, None, None, js=NAME_SELECT_ALL, **QUIET)
    page.load(
        settings_of_run,
        None,
        [*restored, *settings.advanced, settings.init_from, settings.freeze, settings.review],
        **QUIET,
    )
    # Reading the table ticks its usual properties: those of the run at work are ticked again behind it.
    loaded.then(show_data, source.inputs, outputs, show_progress_on=described.notice, **LOADING).then(
        settings_of_run,
        None,
        [*restored, *settings.advanced, settings.init_from, settings.freeze, settings.review],
        **QUIET,
    )
    described.kelvin.click(
        access.guarded(data_handlers.read_as_kelvin, outputs=len(outputs), said_at=1),
        [*source.inputs, described.recognised, described.columns],
        outputs,
        api_visibility="private",
        show_progress_on=described.notice,
    )
    # Whoever chooses a table from the list means it, whatever was brought before.
    source.table.input(lambda: (None, "", ""), None, [source.upload, source.pasted, source.dataset], **QUIET)
    with described.columns_box:

        @gr.render(inputs=described.recognised)
        def column_rows(taken_for: dict | None) -> None:
            """The table's columns to correct."""
            names, fields = _column_fields(taken_for or {})
            gr.Button("Read the columns so", size="md", elem_id="confirm").click(
                access.guarded(data_handlers.describe_corrected(taken_for, names), outputs=len(outputs), said_at=1),
                [*source.inputs, *fields],
                outputs,
                api_visibility="private",
                show_progress_on=described.notice,
            )


def _column_fields(taken_for: dict[str, dict]) -> tuple[list[str], list]:
    """A row a column of the table: what it is and its unit, to correct; the columns' names, and two fields each."""
    names: list[str] = []
    fields: list = []
    for name, what in list(taken_for.items())[: data_handlers.MOST_COLUMNS]:
        if (what["as"] or "").startswith("fact_"):
            continue
        names.append(name)
        with gr.Row():
            fields += [
                gr.Dropdown(
                    data_view.meanings(name, what["as"]),
                    value=what["as"] or "",
                    label=name,
                    interactive=True,
                    min_width=160,
                ),
                gr.Textbox(
                    what["unit"] or "",
                    label=f"Unit of {name}",
                    interactive=True,
                    visible=what["as"] not in COLUMN_MEANINGS,
                    min_width=90,
                ),
            ]
    return names, fields


def _fill_form(page: gr.Blocks, source: Source, settings: Settings, account_notice: gr.HTML) -> None:
    """What fields say of each other, and checks of what is typed."""
    settings.preset.input(
        form_handlers.preset_settings,
        settings.preset,
        [settings.epochs, settings.folds, settings.preset_notice, *settings.advanced],
        **QUIET,
    )
    page.load(
        access.guarded(run_handlers.default_repo, said_at=1),
        settings.repo_id,
        [settings.repo_id, account_notice],
        **QUIET,
    )
    numbers = [settings.epochs, settings.folds, settings.seed, *settings.advanced]
    gr.on(
        [number.change for number in numbers], form_handlers.check_numbers, numbers, settings.advanced_notice, **QUIET
    )
    settings.propose.click(
        access.guarded(form_handlers.propose, said_at=1),
        [*source.inputs, settings.properties, settings.preset, settings.repo_id, settings.branch],
        [settings.tag, settings.proposal],
        api_visibility="undocumented",
    )


def _form(source: Source, described: Described, settings: Settings) -> list:
    """All fields that a run is made of, in the order of `run_handlers.start_training`."""
    form = [source.table, *settings.chosen, *settings.destination]
    form += [source.upload, source.pasted, source.dataset, settings.split, described.columns]
    form += [settings.notes, settings.afterwards, *settings.advanced, settings.init_from, settings.freeze]
    return [*form, settings.review]


def _estimate(source: Source, described: Described, settings: Settings, buttons: Buttons) -> None:
    """Say what a run will take: at once what is known, and what is measured by the button."""
    asked = [*source.inputs, *settings.chosen, settings.split, described.columns, *settings.advanced]
    asked += [settings.init_from]
    buttons.estimate.click(
        access.guarded(estimate_handlers.measure, outputs=1),
        asked,
        buttons.estimated,
        api_visibility="undocumented",
        concurrency_limit=1,
        show_progress_on=buttons.estimated,
    )
    fields = [settings.properties, settings.preset, settings.epochs, settings.folds, settings.split]
    gr.on(
        [field.change for field in fields],
        access.guarded(estimate_handlers.known, outputs=1, said_at=None),
        asked,
        buttons.estimated,
        trigger_mode="always_last",
        **QUIET,
    )
