"""The part of the page for a table of polymers."""

from __future__ import annotations

from typing import Any

import gradio as gr
import table_handlers
from table_handlers import ANY_VERDICT, FILE_ORDER, TableHandlers

from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_table_part(handlers: TableHandlers, level: gr.Radio) -> None:
    """Build it into the page that is being built; `level` is that of the page."""
    gr.Markdown(
        f"A CSV, XLSX or Parquet table with a column of polymers, up to {table_handlers.MOST_ROWS:,} rows; a column pm of it counts. "
        "Your columns and their order stay as they are."
    )
    file = gr.File(
        label="Table", file_types=[".csv", ".tsv", ".txt", ".xlsx", ".parquet"], type="filepath", elem_id="table"
    )
    pasted = gr.Textbox(
        label="Or paste", lines=4, max_lines=10, placeholder="One polymer a line, or a table with its header"
    )
    with gr.Row():
        start = gr.Button("Predict table", variant="primary", elem_id="predict-table")
        stop = gr.Button("Stop", elem_id="stop-table")
    said = gr.HTML(elem_id="table-notice")
    done = gr.State(None)
    with gr.Row():
        order = gr.Dropdown([FILE_ORDER], value=FILE_ORDER, label="Order", visible=False)
        verdict = gr.Dropdown(
            [ANY_VERDICT, IN_DOMAIN, BORDERLINE, OUTSIDE], value=ANY_VERDICT, label="Domain", visible=False
        )
        number = gr.Number(1, label="Page", precision=0, minimum=1, visible=False)
    download = gr.DownloadButton("Download as CSV", visible=False, elem_id="download-table")
    rows = gr.HTML(elem_id="table-rows")
    view: dict[str, Any] = {"fn": handlers.page, "inputs": [done, order, verdict, number], "outputs": rows, **QUIET}
    # Two tables at a time: the others wait in line, single polymers don't.
    running = start.click(
        handlers.run,
        [file, pasted, level],
        [said, done, order, verdict, number, download],
        concurrency_limit=2,
        **QUIET,
    )
    running.then(**view, queue=False)
    stop.click(table_handlers.cancelled, None, said, cancels=[running], **QUIET)
    gr.on([order.input, verdict.input, number.input], **view, queue=False)
