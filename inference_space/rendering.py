"""The templates of the page, and how numbers are written in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from answers import in_words

from polyid.web.html import templates

TEMPLATES = templates(Path(__file__).with_name("templates"))
TEMPLATES.filters["in_words"] = in_words
TEMPLATES.filters["words"] = lambda reading, key: in_words(reading[key], reading["decimals"])


def rendered(template: str, **content: Any) -> str:
    """A template of this Space; whatever it is given is text, unless it is `Markup`."""
    return TEMPLATES.get_template(template).render(content).strip()
