"""HTML of the pages: templates that escape whatever they are given, notices and units."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from polyid.common.text import formula, plain_unit


def templates(folder: Path) -> Environment:
    """Templates of a Space's folder; what goes into them is text unless it is `Markup`."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unit"] = unit
    environment.filters["plain_unit"] = plain_unit
    environment.filters["formula"] = formula
    return environment


def notice(text: str | None, kind: str = "") -> Markup:
    """A sentence in a box, nothing without one; `kind` is "", "good" or "error"."""
    role = "alert" if kind == "error" else "status"
    return Markup('<div class="notice {}" role="{}">{}</div>').format(kind, role, text) if text else Markup()


def unit(text: str | None) -> Markup:
    """A unit, free to break before a bracket where the page is narrow."""
    return escape(plain_unit(text)).replace("(", Markup("<wbr>("))


def labelled_svg(svg: str, label: str) -> Markup:
    """A drawing with a name for those who can't see it."""
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))
