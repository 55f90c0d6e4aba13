#!/usr/bin/env python3
"""Take the README's pictures: both pages as a visitor sees them, with a finished run and a prediction.

    bash scripts/demo.sh                                   # in one terminal; prints the two addresses
    python scripts/demo/screenshots.py --trainer http://127.0.0.1:7860 --inference http://127.0.0.1:7861

The trainer's run is started if there is none, and waited for; that takes minutes.
Needs Playwright (`pip install playwright`) and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

WIDTH, TALLEST = 1180, 1740
"""Pixels; the figures of a whole report would be longer than the README."""
RUN_MILLISECONDS = 900_000
"""The most that the trainer's run may take."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def take(trainer: str | None, inference: str | None, output: Path, smiles: str) -> list[Path]:
    """Photograph the pages that have an address; answers the files written.

    Parameters
    ----------
    trainer, inference : str or None
        Addresses of the two Spaces.
    output : Path
        Folder for ``trainer.png`` and ``inference.png``, made when absent.
    smiles : str
        What to predict in the picture of the inference Space.
    """
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium: install it, on Debian with apt-get install chromium.")
    output.mkdir(parents=True, exist_ok=True)
    written = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme="light")
        if trainer:
            page.goto(trainer)
            page.locator("#data-notice .notice").wait_for()
            page.locator("#run .run").wait_for()
            if not page.locator("#run [data-run]").count():
                page.locator("#start").click()
            page.locator("#run [data-run]:not([data-active])").wait_for(timeout=RUN_MILLISECONDS)
            written.append(photograph(page, output / "trainer.png"))
        if inference:
            page.goto(inference)
            page.locator("[data-phase=ready]").wait_for(timeout=120_000)
            page.get_by_role("textbox", name="SMILES").fill(smiles)
            page.locator("#predict").click()
            page.locator(".polymer").last.wait_for()
            written.append(photograph(page, output / "inference.png"))
        browser.close()
    return written


def photograph(page: Any, path: Path) -> Path:
    """The page down to `TALLEST`, once its animations are over and nothing has the focus."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)
    height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    page.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", metavar="URL", help="address of the trainer Space")
    parser.add_argument("--inference", metavar="URL", help="address of the inference Space")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "pictures", help="folder for the pictures"
    )
    parser.add_argument("--smiles", default="*CC(*)c1ccccc1", help="what to predict in the picture")
    given = parser.parse_args()
    if not (given.trainer or given.inference):
        parser.error("name at least one page: --trainer URL, --inference URL")
    for path in take(given.trainer, given.inference, given.output, given.smiles):
        print(path)


if __name__ == "__main__":
    main()
