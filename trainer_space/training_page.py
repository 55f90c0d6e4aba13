"""The page of the trainer Space: what stands where, and which function answers to which button."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import data_handlers
import data_view
import gradio as gr
import run_handlers

from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, PRESETS
from polyid.data.catalogue import SOURCES
from polyid.data.download import TABLE_SUFFIXES
from polyid.data.roles import COLUMN_MEANINGS

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "undocumented"}


@dataclass(frozen=True)
class Source:
    """Where data comes from: a table on offer, a file, pasted rows or a Hub dataset."""

    table: gr.Dropdown
    upload: gr.File
    pasted: gr.Textbox
    dataset: gr.Textbox
    read: gr.Button

    @property
    def inputs(self) -> list:
        """What `data_handlers.describe` reads."""
        return [self.table, self.upload, self.pasted, self.dataset]


@dataclass(frozen=True)
class Described:
    """What the page says of the data."""

    notice: gr.HTML
    kelvin: gr.Button
    recognised: gr.State
    columns: gr.JSON
    columns_box: gr.Accordion
    distributions: gr.HTML
    problems_box: gr.Accordion
    problems: gr.Dataframe
    download: gr.DownloadButton


@dataclass(frozen=True)
class Settings:
    """What is trained, how, and where the model goes."""

    properties: gr.CheckboxGroup
    preset: gr.Dropdown
    epochs: gr.Number
    folds: gr.Number
    repo_id: gr.Textbox
    tag: gr.Textbox
    branch: gr.Textbox
    private: gr.Checkbox
    split: gr.Dropdown
    seed: gr.Number

    @property
    def destination(self) -> list:
        """Where the model goes."""
        return [self.repo_id, self.tag, self.branch, self.private]


@dataclass(frozen=True)
class RunPanel:
    """The run: what was answered, its progress and its report."""

    message: gr.HTML
    answer: gr.JSON
    card: gr.HTML
    cancel: gr.Button
    resume: gr.Button
    curve: gr.HTML
    report: gr.HTML


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="PolyID Trainer", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID Trainer\n"
            "Train an ensemble of message-passing networks on polymer data, and publish it as a model repo "
            "that the inference Space predicts with."
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=320):
                source = _source()
                described = _described()
                settings = _settings()
                account_notice = gr.HTML(elem_id="account-notice")
                start = gr.Button("Start Training", variant="primary", elem_id="start")
                message = gr.HTML(label="message", elem_id="notice")
                answer = gr.JSON(label="answer", visible=False)
            with gr.Column(scale=4, min_width=320):
                card = gr.HTML(elem_id="run")
                cancel = gr.Button("Cancel", size="md", visible=False, elem_id="cancel")
                resume = gr.Button("Continue training", size="md", visible=False, elem_id="resume")
                curve = gr.HTML(elem_id="curve")
        report = gr.HTML(elem_id="report")
        panel = RunPanel(message, answer, card, cancel, resume, curve, report)

        _read_data(page, source, described, settings)
        settings.preset.input(run_handlers.preset_settings, settings.preset, [settings.epochs, settings.folds], **QUIET)
        page.load(run_handlers.default_repo, settings.repo_id, [settings.repo_id, account_notice], **QUIET)
        _control_runs(page, start, source, described, settings, panel)
    return page


def _source() -> Source:
    """Where the data comes from."""
    on_offer = data_handlers.tables_on_offer()
    names = [*on_offer, *(name for name in SOURCES if name not in on_offer)]
    table = gr.Dropdown(names, value=names[0], label="Data", elem_id="data")
    with gr.Accordion("Use your own table", open=False, elem_id="own-table"):
        upload = gr.File(
            label="CSV, Excel or Parquet: SMILES, and a column a property",
            file_types=[*TABLE_SUFFIXES, ".txt"],
            type="filepath",
            height=140,
            elem_id="upload",
        )
        pasted = gr.Textbox("", label="Or paste rows, with their header", lines=3, max_lines=8, elem_id="pasted")
        dataset = gr.Textbox("", label="Or name a dataset on the Hub", placeholder="user/dataset", elem_id="dataset")
        read = gr.Button("Read it", size="md", elem_id="read")
    return Source(table, upload, pasted, dataset, read)


def _described() -> Described:
    """What is in the data."""
    notice = gr.HTML(elem_id="data-notice")
    kelvin = gr.Button("Read as kelvin", size="md", visible=False, elem_id="kelvin")
    recognised, columns = gr.State(None), gr.JSON(None, label="columns", visible=False)
    columns_box = gr.Accordion("Columns", open=False, visible=False, elem_id="columns")
    with gr.Accordion("Distributions", open=False, elem_id="distributions"):
        distributions = gr.HTML()
    with gr.Accordion("Rows to look at", open=False, visible=False) as problems_box:
        problems = gr.Dataframe(interactive=False, wrap=True, show_label=False, max_height=300)
        download = gr.DownloadButton("Download these rows", size="md", visible=False, elem_id="bad-rows")
    return Described(notice, kelvin, recognised, columns, columns_box, distributions, problems_box, problems, download)


def _settings() -> Settings:
    """What is trained, how, and where the model goes."""
    choices, ticked = data_handlers.first_choices()
    properties = gr.CheckboxGroup(choices, value=ticked, label="Properties", show_select_all=True, elem_id="properties")
    with gr.Row():
        preset = gr.Dropdown(list(PRESETS), value=DEFAULT_PRESET, label="Preset", min_width=130)
        epochs = gr.Number(PRESETS[DEFAULT_PRESET]["epochs"], label="Epochs", min_width=90, elem_id="epochs")
        folds = gr.Number(PRESETS[DEFAULT_PRESET]["kfolds"], label="Folds", min_width=90, elem_id="folds")
    repo_id = gr.Textbox(
        os.environ.get("POLYID_MODEL_REPO", "").partition("@")[0],
        label="Model repo",
        placeholder="user/polyid-models",
        elem_id="repo",
    )
    with gr.Accordion("More settings", open=False):
        with gr.Row():
            tag = gr.Textbox("", label="Tag", info="Optional, such as v1.0.0", min_width=140)
            branch = gr.Textbox("", label="Branch", info="Optional; empty means main", min_width=140)
        private = gr.Checkbox(False, label="Make a new repo private")
        split = gr.Dropdown(
            data_handlers.split_choices([]),
            value=DEFAULT_SPLIT,
            allow_custom_value=True,
            label="Division into folds",
            info="How polymers are divided; all rows of one polymer always stay together",
            elem_id="split",
        )
        seed = gr.Number(0, label="Seed", info="Of the folds and the networks' first weights")
    return Settings(properties, preset, epochs, folds, repo_id, tag, branch, private, split, seed)


def _read_data(page: gr.Blocks, source: Source, described: Described, settings: Settings) -> None:
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
    ]
    gr.on(
        [page.load, source.table.change, source.upload.change, source.read.click, source.dataset.submit],
        data_handlers.show_data,
        source.inputs,
        outputs,
        api_name="choose_data",
        trigger_mode="always_last",  # a table chosen while another is being read is read next
        show_progress_on=described.notice,
    )
    described.kelvin.click(
        data_handlers.read_as_kelvin,
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
                data_handlers.describe_corrected(taken_for, names),
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


def _control_runs(
    page: gr.Blocks, start: gr.Button, source: Source, described: Described, settings: Settings, panel: RunPanel
) -> None:
    """Start, cancel and resume runs, and look at the last one once a second."""
    seen = gr.State("")
    view = [seen, panel.message, panel.card, panel.curve, panel.cancel, panel.resume, panel.report]
    chosen = [settings.properties, settings.preset, settings.epochs, settings.folds, settings.seed]
    form = [source.table, *chosen, *settings.destination]
    form += [source.upload, source.pasted, source.dataset, settings.split, described.columns]
    page.load(run_handlers.watch, seen, view, **QUIET)
    gr.Timer(1.0).tick(run_handlers.watch, seen, view, concurrency_limit=None, **QUIET)
    for click, answer, inputs, api_name in (
        (start.click, run_handlers.start_training, form, "start_training"),
        (panel.cancel.click, run_handlers.cancel_training, None, "cancel_training"),
        (panel.resume.click, run_handlers.resume_training, settings.destination, "resume_training"),
    ):
        gr.on(click, answer, inputs, [panel.message, panel.answer], api_name=api_name).then(
            run_handlers.watch, seen, view, **QUIET
        )
    gr.api(run_handlers.run_status, api_name="run_status")
