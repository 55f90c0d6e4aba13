"""The trainer Space: choose data and settings, start a training run, watch it, and publish what it made.

The page holds no state of a run: it reads the run's record from disk once a second, so a reload or a second browser
shows the same. TensorFlow is loaded by the run's own process only.

Environment: ``HF_TOKEN`` and ``HF_ENDPOINT`` as `huggingface_hub` reads them, ``POLYID_MODEL_REPO`` (where models go),
``POLYID_RUNS`` (folder of runs), ``POLYID_DATA`` (folder of tables).
"""

from __future__ import annotations

import html
import os
import sys
import threading
from pathlib import Path

import gradio as gr
from huggingface_hub import get_token

HERE = Path(__file__).resolve().parent
if (HERE.parent / "polyid").is_dir():  # run from a clone that isn't installed
    sys.path.insert(0, str(HERE.parent))

import data_view
import run_view
import train_models

from polyid import runs
from polyid.config.parameters import COLUMN, DEFAULT_PRESET, DEFAULT_SPLIT, PRESETS
from polyid.data.catalogue import SOURCES, bundled_tables
from polyid.data.columns import propose_mapping
from polyid.data.described import describe_columns
from polyid.data.download import TABLE_SUFFIXES
from polyid.data.headers import RawTable
from polyid.data.preview import preview
from polyid.data.properties import PROPERTIES
from polyid.data.property import Property
from polyid.data.raw import read_raw_table
from polyid.data.roles import COLUMN_MEANINGS
from polyid.data.training_table import TrainingTable
from polyid.data.values import count_polymers
from polyid.errors import DataError, HubError, PolyIDError
from polyid.hub.destination import read_account

FEW_LABELS = 20
SPLIT_LABELS = {
    "Equal shares of each class": "stratified",
    "At random": "random",
    "Similar repeat units together": "scaffold",
}


def notice(text: str, kind: str = "") -> str:
    """A sentence in a box; `kind` is "", "good" or "error"."""
    role = "alert" if kind == "error" else "status"
    return f'<div class="notice {kind}" role="{role}">{html.escape(text)}</div>' if text else ""


def tables_on_offer() -> dict[str, Path]:
    """Name and path of the tables to choose from."""
    if folder := os.environ.get("POLYID_DATA"):
        return {path.stem: path for path in sorted(Path(folder).glob("*.csv"))}
    return bundled_tables()


def property_choices(table: TrainingTable) -> list[tuple[str, str]]:
    """Label and name of every property of a table, such as "Glass transition (Glass_Transition, °C) - 231 polymers"."""
    return [
        (
            property_title(name, PROPERTIES.get(name), train_models.polymer_count(table, [name]), table.units[name]),
            name,
        )
        for name in table.labels
    ]


def property_title(name: str, known: Property | None, polymers: int, unit: str | None = None) -> str:
    """A property with its name in tables, unit and number of polymers."""
    inside = ", ".join(filter(None, [name if known else None, unit or (known.unit if known else None)]))
    title = f"{known.label if known else name}{f' ({inside})' if inside else ''}"
    return f"{title} - {polymers} polymer{'' if polymers == 1 else 's'}"


def enough_labels(table: TrainingTable) -> list[str]:
    """The properties to tick at first."""
    return [name for name in table.labels if train_models.polymer_count(table, [name]) >= FEW_LABELS] or list(
        table.labels
    )


def show_data(data: str | None, upload: str | None = None, pasted: str | None = None, dataset: str | None = None):
    """Describe the chosen table: what is in it, the rows to look at, and what each column was taken for."""
    return describe(data, upload, pasted, dataset, None)


def describe(data=None, upload=None, pasted=None, dataset=None, columns=None):
    """What `show_data` shows, with the columns as recognised (None) or as the user says they are."""
    raw = None
    try:
        path = train_models.find_data(tables_on_offer(), data, upload, pasted, dataset)
        if path is None:
            raise DataError("Choose a table, or bring your own.")
        raw = read_raw_table(path)
        table = train_models.read_table(path, columns or None)
    except PolyIDError as problem:
        own = raw is not None and data_columns(raw, columns)
        return (
            gr.skip(),
            notice(str(problem), "error"),
            gr.update(visible=False),
            None,
            "",
            gr.update(visible=False),
            gr.update(visible=bool(own), open=bool(own)),
            own or None,
            columns,
            gr.skip(),
        )
    described = preview(table)
    about = [" ".join([described.sentences[0], *described.sentences[1 + len(described.labels) :]])]
    own = bool(upload or (pasted or "").strip() or (dataset or "").strip())
    if data in SOURCES and not own:
        about.append(SOURCES[data].notice)
    taken_for = data_columns(raw, columns)
    may_name_folds = [name for name, what in taken_for.items() if what["as"] in ("", "class", "mechanism", "tacticity")]
    return (
        gr.update(choices=property_choices(table), value=enough_labels(table)),
        notice("\n".join(about)),
        gr.update(visible=not table.problems.empty, label=f"Rows to look at ({len(table.problems)})"),
        table.problems,
        data_view.histograms(described),
        gr.update(visible=not table.problems.empty, value=data_view.problems_file(table)),
        gr.update(visible=own),
        taken_for,
        columns,
        gr.update(choices=split_choices(may_name_folds)),
    )


def data_columns(raw: RawTable, columns: dict | None) -> dict:
    """What to show of a table's columns, the user's own word first."""
    return {**describe_columns(raw), **(columns or {})}


def split_choices(columns: list[str]) -> list[tuple[str, str]]:
    """Ways to divide the polymers, and the columns that may hold the user's own folds."""
    return [*SPLIT_LABELS.items(), *((f"Folds of my own, in {name}", f"{COLUMN}{name}") for name in columns[:40])]


def first_choices() -> tuple[list[tuple[str, str]], list[str]]:
    """Properties of the first table to show and to tick, from its cells alone: the page opens before its SMILES are
    read, and programs that start a run without looking at the data first find them here."""
    path = next(iter(tables_on_offer().values()), None)
    if path is None:
        return [], []
    try:
        raw = read_raw_table(path)
        counts = count_polymers(raw, propose_mapping(raw))
    except PolyIDError:
        # The page says so when it shows the table.
        return [], []
    ticked = [name for name, count in counts.items() if count >= FEW_LABELS]
    return [(property_title(name, PROPERTIES.get(name), counts[name]), name) for name in counts], ticked or list(counts)


def describe_corrected(taken_for: dict | None, names: list[str]):
    """A function that describes the data with columns meaning what the fields of `column_rows` say."""

    def corrected(data, upload, pasted, dataset, *fields):
        said = zip(names, fields[::2], fields[1::2], strict=True)
        columns = {name: {"as": meaning, "unit": unit.strip() or None} for name, meaning, unit in said}
        return describe(data, upload, pasted, dataset, {**(taken_for or {}), **columns})

    return corrected


def preset_settings(preset: str):
    """Epochs and folds a preset comes with."""
    return PRESETS[preset]["epochs"], PRESETS[preset]["kfolds"]


def default_repo(typed: str | None):
    """Fill the repo box on arrival, and say at once when there is nobody to publish as."""
    try:
        name = read_account(get_token()).name
    except HubError as problem:
        return gr.skip(), notice(str(problem), "error")
    return gr.skip() if typed else f"{name}/polyid-models", ""


def start_training(
    data,
    properties,
    preset,
    epochs,
    folds,
    seed,
    repo_id,
    tag,
    branch,
    private,
    upload=None,
    pasted=None,
    dataset=None,
    split=DEFAULT_SPLIT,
    columns=None,
):
    """Start a run; answers a sentence for the page and the same for programs as ``{"ok", "message", "run"}``."""
    try:
        run = train_models.start_run(
            runs.default_folder(),
            train_models.find_data(tables_on_offer(), data, upload, pasted, dataset),
            properties=properties,
            preset=preset,
            epochs=epochs,
            folds=folds,
            seed=seed,
            repo_id=repo_id,
            tag=tag,
            branch=branch,
            private=private,
            split=split,
            columns=columns,
        )
    except PolyIDError as problem:
        return notice(str(problem), "error"), {"ok": False, "message": str(problem), "run": None}
    message = "Training has started. You may close this page and come back: the run goes on."
    return notice(message, "good"), {"ok": True, "message": message, "run": run.name}


def cancel_training():
    """Ask the run at work to stop; answers as `start_training` does."""
    run = runs.latest(runs.default_folder())
    if run is None or not run.active:
        message = "No training run is at work."
        return notice(message), {"ok": False, "message": message, "run": None}
    runs.cancel(run.folder)
    message = "The run will stop at the end of this epoch."
    return notice(message), {"ok": True, "message": message, "run": run.name}


def resume_training(repo_id, tag, branch, private):
    """Continue the last run, or publish its model again, to the repo named in the form; answers as `start_training`."""
    try:
        run = train_models.resume_run(runs.default_folder(), repo_id=repo_id, tag=tag, branch=branch, private=private)
    except PolyIDError as problem:
        return notice(str(problem), "error"), {"ok": False, "message": str(problem), "run": None}
    message = "The run goes on."
    return notice(message, "good"), {"ok": True, "message": message, "run": run.name}


def run_status() -> dict:
    """The last run: state, line of progress, error, commit; ``{"state": "none"}`` before the first one."""
    run = runs.latest(runs.default_folder())
    return run.summary() if run is not None else {"state": "none", "active": False}


def watch(seen: str):
    """What changed since the page last looked; nothing is redrawn otherwise."""
    run = runs.latest(runs.default_folder())
    now = "none" if run is None else f"{run.name} {run.record.state} {run.record.updated} {run.cancelling}"
    if now == seen:
        return [gr.skip()] * 7
    # What was said about the run at work is no longer true once it has ended.
    ended = run is not None and not run.active and seen.split()[:1] == [run.name] and seen.split()[1] in runs.ACTIVE
    return [
        now,
        "" if ended else gr.skip(),
        run_view.card(run),
        run_view.curve(run),
        gr.update(visible=run is not None and run.active, interactive=run is not None and not run.cancelling),
        gr.update(
            visible=run is not None and run.record.state in ("failed", "cancelled") and (run.trained or run.resumable),
            value="Publish again" if run is not None and run.trained else "Continue training",
        ),
        run_view.report(run),
    ]


def build() -> gr.Blocks:
    """The page."""
    offer = [*tables_on_offer(), *(name for name in SOURCES if name not in tables_on_offer())]
    first, ticked = first_choices()
    with gr.Blocks(title="PolyID Trainer", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID Trainer\n"
            "Train an ensemble of message-passing networks on polymer data, and publish it as a model repo "
            "that the inference Space predicts with."
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=320):
                data = gr.Dropdown(offer, value=offer[0], label="Data", elem_id="data")
                with gr.Accordion("Use your own table", open=False, elem_id="own-table"):
                    upload = gr.File(
                        label="CSV, Excel or Parquet: SMILES, and a column a property",
                        file_types=[*TABLE_SUFFIXES, ".txt"],
                        type="filepath",
                        height=140,
                        elem_id="upload",
                    )
                    pasted = gr.Textbox(
                        "", label="Or paste rows, with their header", lines=3, max_lines=8, elem_id="pasted"
                    )
                    dataset = gr.Textbox(
                        "", label="Or name a dataset on the Hub", placeholder="user/dataset", elem_id="dataset"
                    )
                    read = gr.Button("Read it", size="md", elem_id="read")
                data_notice = gr.HTML(elem_id="data-notice")
                recognised, columns = gr.State(None), gr.JSON(None, label="columns", visible=False)
                with gr.Accordion("Columns", open=False, visible=False, elem_id="columns") as columns_box:

                    @gr.render(inputs=recognised)
                    def column_rows(taken_for: dict | None):
                        """A row a column of the table: what it is and its unit, to correct."""
                        names, fields = [], []
                        for name, what in list((taken_for or {}).items())[:40]:
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
                        confirm = gr.Button("Read the columns so", size="md", elem_id="confirm")
                        confirm.click(
                            describe_corrected(taken_for, names),
                            [*source, *fields],
                            described,
                            api_visibility="private",
                            show_progress_on=data_notice,
                        )

                with gr.Accordion("Distributions", open=False, elem_id="distributions"):
                    distributions = gr.HTML()
                with gr.Accordion("Rows to look at", open=False, visible=False) as problems_box:
                    problems = gr.Dataframe(interactive=False, wrap=True, show_label=False, max_height=300)
                    download = gr.DownloadButton("Download these rows", size="md", visible=False, elem_id="bad-rows")
                properties = gr.CheckboxGroup(
                    first,
                    value=ticked,
                    label="Properties",
                    show_select_all=True,
                    elem_id="properties",
                )
                with gr.Row():
                    preset = gr.Dropdown(list(PRESETS), value=DEFAULT_PRESET, label="Preset", min_width=130)
                    epochs = gr.Number(
                        PRESETS[DEFAULT_PRESET]["epochs"], label="Epochs", min_width=90, elem_id="epochs"
                    )
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
                        split_choices([]),
                        value=DEFAULT_SPLIT,
                        allow_custom_value=True,
                        label="Division into folds",
                        info="How polymers are divided; all rows of one polymer always stay together",
                        elem_id="split",
                    )
                    seed = gr.Number(0, label="Seed", info="Of the folds and the networks' first weights")
                account_notice = gr.HTML(elem_id="account-notice")
                start = gr.Button("Start Training", variant="primary", elem_id="start")
                said = gr.HTML(label="message", elem_id="notice")
                answer = gr.JSON(label="answer", visible=False)
            with gr.Column(scale=4, min_width=320):
                card = gr.HTML(elem_id="run")
                cancel = gr.Button("Cancel", size="md", visible=False, elem_id="cancel")
                resume = gr.Button("Continue training", size="md", visible=False, elem_id="resume")
                curve = gr.HTML(elem_id="curve")
        report = gr.HTML(elem_id="report")

        seen = gr.State("")
        view = [seen, said, card, curve, cancel, resume, report]
        described = [
            properties,
            data_notice,
            problems_box,
            problems,
            distributions,
            download,
            columns_box,
            recognised,
            columns,
            split,
        ]
        source = [data, upload, pasted, dataset]
        quiet = {"show_progress": "hidden", "api_visibility": "undocumented"}
        form = [data, properties, preset, epochs, folds, seed, repo_id, tag, branch, private]
        form += [upload, pasted, dataset, split, columns]

        gr.on(
            [page.load, data.change, upload.change, read.click, dataset.submit],
            show_data,
            source,
            described,
            api_name="choose_data",
            trigger_mode="always_last",  # a table chosen while another is being read is read next
            show_progress_on=data_notice,
        )
        # Whoever chooses a table from the list means it, whatever was brought before.
        data.input(lambda: (None, "", ""), None, [upload, pasted, dataset], **quiet)
        page.load(default_repo, repo_id, [repo_id, account_notice], **quiet)
        page.load(watch, seen, view, **quiet)
        gr.Timer(1.0).tick(watch, seen, view, concurrency_limit=None, **quiet)
        preset.input(preset_settings, preset, [epochs, folds], **quiet)
        gr.on(start.click, start_training, form, [said, answer], api_name="start_training").then(
            watch, seen, view, **quiet
        )
        cancel.click(cancel_training, None, [said, answer], api_name="cancel_training").then(watch, seen, view, **quiet)
        resume.click(resume_training, [repo_id, tag, branch, private], [said, answer], api_name="resume_training").then(
            watch, seen, view, **quiet
        )
        gr.api(run_status, api_name="run_status")
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
    # Read while the page opens: whoever looks at it first then needn't wait for that.
    for table_path in list(tables_on_offer().values())[:1]:
        threading.Thread(target=train_models.read_table, args=(table_path,), daemon=True).start()
    build().launch(theme=THEME, css_paths=HERE / "style.css", footer_links=["api"], ssr_mode=False)
