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
from pathlib import Path

import gradio as gr
from huggingface_hub import get_token

HERE = Path(__file__).resolve().parent
if (HERE.parent / "polyid").is_dir():  # run from a clone that isn't installed
    sys.path.insert(0, str(HERE.parent))

import run_view  # noqa: E402
import train_models  # noqa: E402

from polyid import runs  # noqa: E402
from polyid.errors import HubError, PolyIDError  # noqa: E402
from polyid.parameters import PRESETS  # noqa: E402
from polyid.properties import PROPERTIES  # noqa: E402
from polyid.tables import TrainingTable, bundled_tables, preview  # noqa: E402

DEFAULT_PRESET = "small"
FEW_LABELS = 20


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
    choices = []
    for name in table.labels:
        known = PROPERTIES.get(name)
        inside = ", ".join(filter(None, [name if known else None, table.units.get(name)]))
        polymers = train_models.polymer_count(table, [name])
        title = f"{known.label if known else name}{f' ({inside})' if inside else ''}"
        choices.append((f"{title} - {polymers} polymer{'' if polymers == 1 else 's'}", name))
    return choices


def enough_labels(table: TrainingTable) -> list[str]:
    """The properties to tick at first."""
    return [name for name in table.labels if train_models.polymer_count(table, [name]) >= FEW_LABELS] or list(
        table.labels
    )


def show_data(data: str | None, upload: str | None = None):
    """Describe the chosen table: properties to tick, a sentence or two, and the rows to look at."""
    path = chosen_path(data, upload)
    if path is None:
        return gr.skip(), notice("Choose a table, or upload your own.", "error"), gr.update(visible=False), None
    try:
        table = train_models.read_table(path)
    except PolyIDError as problem:
        return gr.skip(), notice(str(problem), "error"), gr.update(visible=False), None
    described = preview(table)
    about = [described.sentences[0], *described.sentences[1 + len(described.labels) :]]
    return (
        gr.update(choices=property_choices(table), value=enough_labels(table)),
        notice(" ".join(about)),
        gr.update(visible=not table.problems.empty, label=f"Rows to look at ({len(table.problems)})"),
        table.problems,
    )


def chosen_path(name: str | None, upload: str | None) -> Path | None:
    """The uploaded file, else the chosen table."""
    if upload:
        return Path(upload)
    return tables_on_offer().get(name) if name else None


def preset_settings(preset: str):
    """Epochs and folds a preset comes with."""
    return PRESETS[preset]["epochs"], PRESETS[preset]["kfolds"]


def default_repo(typed: str | None):
    """Fill the repo box on arrival, and say at once when there is nobody to publish as."""
    try:
        name, _ = train_models.account(get_token())
    except HubError as problem:
        return gr.skip(), notice(str(problem), "error")
    return gr.skip() if typed else f"{name}/polyid-models", ""


def start_training(data, properties, preset, epochs, folds, seed, repo_id, tag, branch, private, upload=None):
    """Start a run; answers a sentence for the page and the same for programs as ``{"ok", "message", "run"}``."""
    try:
        run = train_models.start_run(
            runs.default_folder(),
            chosen_path(data, upload),
            properties=properties,
            preset=preset,
            epochs=epochs,
            folds=folds,
            seed=seed,
            repo_id=repo_id,
            tag=tag,
            branch=branch,
            private=private,
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
        return [gr.skip()] * 6
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
    ]


def build() -> gr.Blocks:
    """The page."""
    offer = list(tables_on_offer())
    # Programs that start a run without looking at the data first find its properties here.
    first = train_models.read_table(tables_on_offer()[offer[0]]) if offer else None
    with gr.Blocks(title="PolyID Trainer", analytics_enabled=False) as page:
        gr.Markdown(
            "# PolyID Trainer\n"
            "Train an ensemble of message-passing networks on polymer data, and publish it as a model repo "
            "that the inference Space predicts with."
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=320):
                data = gr.Dropdown(offer, value=offer[0] if offer else None, label="Data", elem_id="data")
                with gr.Accordion("Use your own table", open=False, elem_id="own-table"):
                    upload = gr.File(
                        label="CSV: SMILES, and a column a property",
                        file_types=[".csv", ".tsv", ".txt"],
                        type="filepath",
                        height=140,
                        elem_id="upload",
                    )
                data_notice = gr.HTML(elem_id="data-notice")
                with gr.Accordion("Rows to look at", open=False, visible=False) as problems_box:
                    problems = gr.Dataframe(interactive=False, wrap=True, show_label=False, max_height=300)
                properties = gr.CheckboxGroup(
                    property_choices(first) if first else [],
                    value=enough_labels(first) if first else [],
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

        seen = gr.State("")
        view = [seen, said, card, curve, cancel, resume]
        described = [properties, data_notice, problems_box, problems]
        quiet = {"show_progress": "hidden", "api_visibility": "undocumented"}
        form = [data, properties, preset, epochs, folds, seed, repo_id, tag, branch, private, upload]

        gr.on([page.load, data.change, upload.change], show_data, [data, upload], described, api_name="choose_data")
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
    build().launch(theme=THEME, css_paths=HERE / "style.css", footer_links=["api"], ssr_mode=False)
