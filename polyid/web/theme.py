"""How the pages of both Spaces look, and how they are served."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
from fastapi.staticfiles import StaticFiles
from starlette.routing import Mount

STYLE = Path(__file__).with_name("style.css")
EDITOR = Path(__file__).with_name("editor")
"""The structure editor: a dialog, the page inside it, and JSME with its licence."""
THEME = gr.themes.Default(
    primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
).set(
    # Gradio's own greys and its bright buttons are too pale to read in daylight (WCAG asks for 4.5:1).
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
    button_cancel_background_fill="#b91c1c",
    button_cancel_background_fill_hover="#991b1b",
)


def serve(
    page: gr.Blocks,
    style: Path,
    *,
    mcp_server: bool = False,
    editor: bool = False,
    then: Callable[[], object] | None = None,
) -> None:
    """Serve a page until it is stopped, with a Space's own style sheet after the common one.

    Parameters
    ----------
    page : gradio.Blocks
    style : Path
    mcp_server : bool
        Offer its endpoints to language models as tools, where the packages for that are installed (``gradio[mcp]``).
    editor : bool
        Serve the structure editor below ``structure-editor/`` and load its dialog into the page.
    then : callable, optional
        What to begin once the page is served, so that a slow machine shows it before it loads TensorFlow.
    """
    page.launch(
        theme=THEME,
        css_paths=[STYLE, style],
        head='<script src="structure-editor/dialog.js" defer></script>' if editor else None,
        app_kwargs={"routes": [Mount("/structure-editor", StaticFiles(directory=EDITOR))]} if editor else None,
        footer_links=["api"],
        ssr_mode=False,
        mcp_server=mcp_server and find_spec("mcp") is not None,
        prevent_thread_lock=True,
        # Else Gradio ends the program where its own page doesn't answer it in three seconds: on a busy machine, or behind a proxy.
        _frontend=False,
    )
    if then is not None:
        then()
    page.block_thread()
