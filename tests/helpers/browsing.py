"""What the browser tests share: when they run, Chromium, its flags, and what axe-core finds.

A test file that imports this is skipped, with the reason, where there is no Playwright.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install playwright)")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (on Debian: apt-get install chromium)"),
]
"""Marks of a file whose tests open pages."""
BY_AXE = [
    *IN_A_BROWSER,
    pytest.mark.exhaustive,
    pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="pip install axe-playwright-python"),
]
"""Marks of a file whose tests look at pages with axe-core, too."""
# Nothing here takes ten seconds on a quiet machine; a test only has to end where what it waits for never comes.
PATIENCE = 300_000  # ms

LEAVES_QUIETLY = """
    addEventListener("beforeunload", () => addEventListener("unhandledrejection", said => said.preventDefault()));
"""
"""Script of every page: as a page is left, Gradio gives up what it still asks for, and calls that an error nobody sees."""

# Gradio's own footer is not ours to mend.
NOT_OURS = ["footer"]


def serious(page, part: str | None = None) -> list[str]:
    """What axe-core finds that keeps somebody from using the page, a frame, or a part of it."""
    from axe_playwright_python.sync_playwright import Axe

    context = {"include": [[part]]} if part else {"exclude": [[part] for part in NOT_OURS]}
    found = Axe().run(page, context=context).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
