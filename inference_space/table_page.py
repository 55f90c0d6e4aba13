"""The part of the page for a table of polymers."""

from __future__ import annotations

from typing import Any

import gradio as gr
import table_handlers
from page_scripts import FOCUS_HEADER, ORDER_BY_HEADER
from table_handlers import ANY_PROPERTY, ANY_VERDICT, UNREADABLE, TableHandlers
from table_orders import FILE_ORDER
from trade_off_plot import HIGHER, LOWER

from polyid.chemistry.chain import MAX_HEAVY_ATOMS
from polyid.chemistry.notations import MAX_CHARACTERS
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_table_part(handlers: TableHandlers, level: gr.Radio, version: gr.Dropdown) -> None:
    """Build it into the page that is being built; `level` and `version` are those of the page."""
    gr.Markdown(
        f"A CSV, XLSX or Parquet table with a column of polymers; a column pm of it counts. Your columns and their order stay as they are. "
        f"Limits: {table_handlers.MOST_ROWS:,} rows and {table_handlers.MOST_SECONDS / 60:g} minutes a table, two tables at a time; "
        f"{MAX_CHARACTERS:,} characters and {MAX_HEAVY_ATOMS:,} atoms a polymer."
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
    done = gr.State(None, time_to_live=table_handlers.KEPT_SECONDS)
    with gr.Column(visible=False) as answered:
        view, changed = _view()
        download = gr.DownloadButton("Download as CSV", visible=False, elem_id="download-table")
        rows = gr.HTML(elem_id="table-rows")
        with gr.Accordion("Plot one property against another", open=False, elem_id="trade-off"):
            x, y, ways = _axes()
            picture = gr.HTML(elem_id="trade-off-plot")
    shown: dict[str, Any] = {"fn": handlers.page, "inputs": [done, *view], "outputs": rows, **QUIET}
    plotted: dict[str, Any] = {"fn": handlers.plot, "inputs": [done, x, y, *ways], "outputs": picture, **QUIET}
    # Two tables at a time: the others wait in line, single polymers don't.
    running = start.click(
        handlers.run,
        [file, pasted, level, version],
        [said, done, *view, answered, x, y, download],
        concurrency_limit=2,
        **QUIET,
    )
    running.then(**shown, queue=False).then(**plotted, queue=False)
    stop.click(table_handlers.cancelled, None, said, cancels=[running], **QUIET)
    gr.on(changed, **shown, queue=False)
    # Headers are written by a handler; a click on one presses this button.
    by_header = gr.Button("Order by a header", visible="hidden", elem_id="order-by-header")
    by_header.click(None, None, view[:2], js=ORDER_BY_HEADER, queue=False, **QUIET).then(**shown, queue=False).then(
        None, None, None, js=FOCUS_HEADER, queue=False, **QUIET
    )
    y.input(handlers.fitting_x, [done, y], x, queue=False, **QUIET).then(**plotted, queue=False)
    gr.on([x.input, *(way.input for way in ways)], **plotted, queue=False)


def _view() -> tuple[list, list]:
    """What a table is looked at by, and the events that change it."""
    with gr.Row():
        order = gr.Dropdown([FILE_ORDER], value=FILE_ORDER, label="Order", elem_id="order")
        number = gr.Number(1, label="Page", precision=0, minimum=1, elem_id="page-number")
    with gr.Row():
        verdict = gr.Dropdown(
            [ANY_VERDICT, IN_DOMAIN, BORDERLINE, OUTSIDE, UNREADABLE],
            value=ANY_VERDICT,
            label="Domain",
            elem_id="verdict",
        )
        name = gr.Dropdown([(ANY_PROPERTY, "")], value="", label="Only with", elem_id="filtered")
        low, high = gr.Number(None, label="From", elem_id="from"), gr.Number(None, label="To", elem_id="to")
    view = [order, number, verdict, name, low, high]
    return view, [order.input, number.input, verdict.input, name.input, low.input, high.input]


def _axes() -> tuple[gr.Dropdown, gr.Dropdown, list[gr.Radio]]:
    """What is plotted against what, and which way is better."""
    with gr.Row():
        y = gr.Dropdown([], label="Up", elem_id="up")
        y_way = gr.Radio([HIGHER, LOWER], value=HIGHER, label="Up: what is better")
    with gr.Row():
        x = gr.Dropdown([], label="Across", elem_id="across")
        x_way = gr.Radio([HIGHER, LOWER], value=HIGHER, label="Across: what is better")
    return x, y, [x_way, y_way]
