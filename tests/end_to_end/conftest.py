"""What the tests in a browser share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    from helpers.browsing import CHROMIUM, FLAGS, PATIENCE, playwright

    with playwright.sync_playwright() as driver:
        playwright.expect.set_options(timeout=PATIENCE)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
