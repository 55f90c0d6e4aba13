"""The parts of the trainer's form: where data comes from, what is in it, what is trained, how, and where the model goes."""

from __future__ import annotations

import os
from dataclasses import dataclass

import data_handlers
import form_handlers
import gradio as gr

from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, PRESET_CARDS, PRESETS
from polyid.data.download import TABLE_SUFFIXES


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
    notes: gr.Textbox
    afterwards: gr.Radio
    review: gr.Checkbox
    advanced: list[gr.Textbox]
    init_from: gr.Textbox
    freeze: gr.Dropdown
    advanced_notice: gr.HTML
    propose: gr.Button
    proposal: gr.HTML
    preset_notice: gr.HTML

    @property
    def destination(self) -> list:
        """Where the model goes."""
        return [self.repo_id, self.tag, self.branch, self.private]

    @property
    def chosen(self) -> list:
        """What is trained, and how."""
        return [self.properties, self.preset, self.epochs, self.folds, self.seed]


def source() -> Source:
    """Where the data comes from."""
    names = data_handlers.table_names()
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


def described() -> Described:
    """What is in the data."""
    notice = gr.HTML(elem_id="data-notice")
    kelvin = gr.Button("Read as kelvin", size="md", visible=False, elem_id="kelvin")
    recognised, columns = gr.State(None), gr.JSON(None, label="columns", visible=False)
    columns_box = gr.Accordion("Columns", open=False, visible=False, elem_id="columns")
    with gr.Accordion("Distributions", open=False, elem_id="distributions"):
        distributions = gr.HTML()
    with gr.Accordion("Rows to look at", open=False, visible=False) as problems_box:
        problems = gr.Dataframe(
            interactive=False,
            wrap=True,
            show_label=False,
            max_height=420,
            column_widths=["60px", "120px", "150px", "260px", "260px", "90px"],
        )
        download = gr.DownloadButton("Download these rows", size="md", visible=False, elem_id="bad-rows")
    return Described(notice, kelvin, recognised, columns, columns_box, distributions, problems_box, problems, download)


def settings() -> Settings:
    """What is trained, how, and where the model goes."""
    choices, ticked = data_handlers.first_choices()
    properties = gr.CheckboxGroup(choices, value=ticked, label="Properties", show_select_all=True, elem_id="properties")
    preset = gr.Radio(
        [(f"{name}: {what}", name) for name, what in PRESET_CARDS.items()],
        value=DEFAULT_PRESET,
        label="Preset",
        elem_id="preset",
    )
    preset_notice = gr.HTML(elem_id="preset-notice")
    with gr.Row():
        epochs = gr.Number(PRESETS[DEFAULT_PRESET]["epochs"], label="Epochs", min_width=90, elem_id="epochs")
        folds = gr.Number(PRESETS[DEFAULT_PRESET]["kfolds"], label="Folds", min_width=90, elem_id="folds")
    advanced_notice = gr.HTML(elem_id="advanced-notice")
    repo_id = gr.Textbox(
        os.environ.get("POLYID_MODEL_REPO", "").partition("@")[0],
        label="Model repo",
        placeholder="user/polyid-models",
        elem_id="repo",
    )
    with gr.Accordion("More settings", open=False):
        with gr.Row():
            tag = gr.Textbox("", label="Tag", info="Optional, such as v1.0.0", min_width=140, elem_id="tag")
            branch = gr.Textbox("", label="Branch", info="Optional; empty means main", min_width=140)
        propose = gr.Button("Propose a version", size="md", elem_id="propose")
        proposal = gr.HTML(elem_id="proposal")
        notes = gr.Textbox("", label="Release notes", info="Optional; for the commit and the tag", lines=2)
        private = gr.Checkbox(False, label="Make a new repo private")
        review = gr.Checkbox(
            False,
            label="Look at it before it is published",
            info="The run ends with report and card; a button then publishes them",
            elem_id="review",
        )
        split = gr.Dropdown(
            data_handlers.split_choices([]),
            value=DEFAULT_SPLIT,
            allow_custom_value=True,
            label="Division into folds",
            info="How polymers are divided; all rows of one polymer always stay together",
            elem_id="split",
        )
        seed = gr.Number(0, label="Seed", info="Of the folds and the networks' first weights")
    with gr.Accordion("Advanced", open=False, elem_id="advanced"):
        gr.Markdown("An empty field leaves the preset's value.")
        with gr.Row():
            # Gradio's boxes for numbers can't be empty: as soon as they are shown, they hold a 0 that nobody sees.
            advanced = [
                gr.Textbox(
                    "",
                    label=label,
                    placeholder=f"{PRESETS[DEFAULT_PRESET][name]:g}",
                    min_width=140,
                    elem_id=f"advanced-{name}",
                )
                for name, label in form_handlers.ADVANCED.items()
            ]
        with gr.Row():
            init_from = gr.Textbox(
                "",
                label="Start from a model",
                placeholder="user/polyid-models",
                info="Optional: training begins with its networks. A model repo, or starter",
                min_width=200,
                elem_id="init-from",
            )
            freeze = gr.Dropdown(
                list(form_handlers.FREEZE.items()), value="", label="Of that model", min_width=200, elem_id="freeze"
            )
    afterwards = gr.Radio(
        [("keep running", "keep"), ("pause this Space", "pause"), ("step down to the free CPU", "cpu")],
        value="keep" if os.environ.get("SPACE_ID") is None else "pause",
        label="When all runs have ended",
        info="Also after a failure or a cancel, and if nobody watches. Without storage of its own, a paused Space "
        "loses its runs; what was published stays, and an unfinished run is kept on the Hub.",
        visible=os.environ.get("SPACE_ID") is not None,
        elem_id="afterwards",
    )
    return Settings(
        properties=properties,
        preset=preset,
        epochs=epochs,
        folds=folds,
        repo_id=repo_id,
        tag=tag,
        branch=branch,
        private=private,
        split=split,
        seed=seed,
        notes=notes,
        afterwards=afterwards,
        review=review,
        advanced=advanced,
        init_from=init_from,
        freeze=freeze,
        advanced_notice=advanced_notice,
        propose=propose,
        proposal=proposal,
        preset_notice=preset_notice,
    )
