"""A model's card as a part of a page: without its head, its figures inside."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from polyid.bundle.layout import CARD_FILE, REPORT_FOLDER

MOST_BYTES = 4_000_000
"""Of the figures of a card together."""
_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_HEADING = re.compile(r"^(#{1,5}) ", re.MULTILINE)
_FIGURE = re.compile(rf"!\[([^\]]*)\]\(({REPORT_FOLDER}/[\w.-]+\.png)\)")


def shown_card(folder: Path) -> str | None:
    """The Markdown of a model folder's card; None where it has none.

    Headings are one level lower, below those of the page. A figure that is missing, or that would make the page heavy, leaves
    its title.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        return None
    text = _HEADING.sub(r"#\1 ", _HEAD.sub("", path.read_text("utf-8")))
    room = MOST_BYTES

    def inside(figure: re.Match[str]) -> str:
        nonlocal room
        picture = folder / figure[2]
        size = picture.stat().st_size if picture.is_file() else room + 1
        if size > room:
            return f"*{figure[1]}*"
        room -= size
        return f"![{figure[1]}](data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()})"

    return _FIGURE.sub(inside, text)
