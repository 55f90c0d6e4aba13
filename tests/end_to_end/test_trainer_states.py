"""The trainer's page with a run in each of its states: axe-core finds nothing serious, the keyboard does it all, the browser tells the end.

Skipped, with the reason, where there is no Chromium, no Playwright or no axe-core.
"""

from __future__ import annotations

import re

import pytest
from helpers.browsing import BY_AXE, LEAVES_QUIETLY, PATIENCE, playwright, serious
from helpers.paths import TOP
from helpers.space_process import space
from helpers.staged_runs import StagedRun

from polyid import runs
from polyid.runs.backup import Backup

pytestmark = BY_AXE
VIEWS = [(1280, "light"), (390, "dark")]
KEPT = {"repo_id": "ada/polyid-models", "branch": "polyid-working/20260102-030405-abcd", "at": 1767323045.0}
STATES = {
    "training": ("Folds 1-2 of 2 · epoch 3/60 · loss 0.400", {"kept": KEPT}),
    "paused": ("Paused", {"resumable": True}),
    "failed": (
        "Failed",
        {"resumable": True, "error": "The disk is full.", "kept": {**KEPT, "error": "The Hub is away."}},
    ),
    "cancelled": ("Cancelled", {"told": "A notice was sent."}),
    "ready": ("Ready to publish", {"trained": True}),
    "done": (
        "Published to ada/polyid-models",
        {
            "trained": True,
            "commit": "c" * 40,
            "commit_url": "http://127.0.0.1/c",
            "afterwards": "This Space is paused.",
        },
    ),
}
HEADINGS = ("Training", "Paused", "Failed", "Cancelled", "Ready to publish", "Training complete")
SPY = """
    window.told = [];
    const Real = window.Notification;
    window.Notification = class extends Real {
        constructor(title, options) { super(title, options); window.told.push([title, options.body]); }
    };
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("space")


@pytest.fixture(scope="module")
def run(place):
    return StagedRun(place / "runs")


@pytest.fixture(scope="module")
def trainer(local_hub, place, run):
    hub = {"HF_ENDPOINT": local_hub.endpoint, "HF_TOKEN": local_hub.token}
    run.becomes("paused", "Paused")
    with space("trainer_space", place, **hub, POLYID_RUNS=str(place / "runs")) as url:
        yield url


@pytest.fixture
def opened(browser, tmp_path):
    """Opens pages on which nothing may go wrong, and which ask no other host; on a Space, Gradio asks for the fonts of the Hub's header."""
    contexts, wrong = [], []

    def another(url: str, width: int = 1280, scheme: str = "light", on_a_space: bool = False, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(LEAVES_QUIETLY + SPY)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if on_a_space:
            page.goto(url)
            page.locator("#properties label").first.wait_for()
            return page
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                None if re.match(r"(http://127\.0\.0\.1[:/]|data:|blob:)", asked.url) else wrong.append(asked.url)
            ),
        )
        page.goto(url)
        page.locator("#properties label").first.wait_for()
        return page

    yield another
    for context in contexts:
        context.close()
    assert wrong == []


def shown(page, run: StagedRun, state: str) -> None:
    """Bring the run into a state, and wait until the page shows it."""
    line, more = STATES[state]
    run.becomes(state, line, **more)
    heading = HEADINGS[list(STATES).index(state)]
    page.locator("#run h3").get_by_text(heading, exact=True).wait_for()
    # Gradio lets what it changes appear little by little: paler than it is.
    page.wait_for_timeout(1500)


def tab_to(page, name: str) -> None:
    """Go on with the keyboard alone until a button has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"the Tab key never comes to {name}")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_state_of_a_run_can_be_read_by_anybody(opened, trainer, run, width, scheme, tmp_path):
    page = opened(trainer, width, scheme)
    for state in STATES:
        shown(page, run, state)
        assert serious(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
        page.screenshot(path=tmp_path / f"{state}.png", full_page=True)


def test_the_keyboard_alone_pauses_cancels_and_asks_to_be_told(opened, trainer, run):
    page = opened(trainer, permissions=["notifications"])
    shown(page, run, "training")
    tab_to(page, "Pause this run")
    page.keyboard.press("Enter")
    page.locator("#notice").get_by_text("The run pauses at its next checkpoint").wait_for()
    page.locator("#run h3").get_by_text("Pausing", exact=True).wait_for()
    assert runs.read(run.folder).pausing
    page.locator("#pause").wait_for(state="hidden")
    tab_to(page, "Cancel this run")
    page.keyboard.press("Enter")
    tab_to(page, "Yes, stop it")
    page.keyboard.press("Enter")
    page.locator("#run h3").get_by_text("Stopping", exact=True).wait_for()
    assert runs.read(run.folder).cancelling
    page.locator("#notify input").focus()
    page.keyboard.press("Space")
    page.locator("#notified").get_by_text("tells you when the run has ended").wait_for()


def test_the_browser_tells_the_end_to_whom_asked_for_it(opened, trainer, run):
    asked, silent = opened(trainer, permissions=["notifications"]), opened(trainer, permissions=["notifications"])
    refused = opened(trainer)
    refused.locator("#notify input").click()
    refused.locator("#notified").get_by_text("The browser doesn't allow notices of this page").wait_for()
    playwright.expect(refused.locator("#notify input")).not_to_be_checked()

    assert asked.evaluate("Notification.permission") == "granted", "and yet nobody is told who did not click"
    asked.locator("#notify input").click()
    asked.locator("#notified").get_by_text("tells you when the run has ended").wait_for()
    told = []
    for state, said in (
        ("done", ["Training complete", "Published to ada/polyid-models, commit cccccccc."]),
        ("failed", ["Failed", "The disk is full."]),
        ("cancelled", ["Cancelled", "Nothing was published."]),
    ):
        shown(asked, run, "training")
        shown(asked, run, state)
        told.append([f"PolyID Trainer: {said[0]}", said[1]])
        asked.wait_for_function("most => window.told.length >= most", arg=len(told))
        assert asked.evaluate("window.told") == told
        asked.reload()  # it is remembered, and what ended before is not told again
        asked.locator("#run h3").wait_for()
        playwright.expect(asked.locator("#notify input")).to_be_checked()
        assert asked.evaluate("window.told") == []
        told.clear()
    assert silent.evaluate("window.told") == refused.evaluate("window.told") == []


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_runs_that_were_kept_on_the_hub_can_be_read_by_anybody(
    opened, trainer, place, width, scheme, local_hub, monkeypatch
):
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", local_hub.token)
    lost = StagedRun(place / "elsewhere", f"20260101-000000-{width:04d}", backup=True)
    lost.becomes("failed", "Failed", resumable=True)
    noted = []
    Backup(runs.read(lost.folder), None, noted.append).last()
    assert noted[0]["error"] is None
    page = opened(trainer, width, scheme)
    page.locator("#kept-notice").get_by_text("kept on the Hub: this machine lost it").wait_for()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tab_to(page, "Delete it on the Hub")
    page.keyboard.press("Enter")
    page.locator("#notice").get_by_text("is deleted on the Hub").wait_for()


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_what_a_visitor_may_not_do_is_said_readably(opened, local_hub, place, run, width, scheme):
    """A visitor of a Space who has not logged in may watch, where the owner allows it, and no more."""
    space_of_ada = {
        "SYSTEM": "spaces",
        "SPACE_ID": "ada/trainer",
        "SPACE_AUTHOR_NAME": "ada",
        "OAUTH_CLIENT_ID": "client",
        "OAUTH_CLIENT_SECRET": "secret",
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": local_hub.endpoint,
        "POLYID_MAY_WATCH": "everyone",
        "HF_ENDPOINT": local_hub.endpoint,
        "HF_TOKEN": local_hub.token,
        "POLYID_RUNS": str(place / "runs"),
        # Gradio imports a package called spaces on a Space: a folder of tests has that name.
        "PYTHONPATH": str(TOP),
    }
    with space("trainer_space", place, **space_of_ada) as url:
        page = opened(url, width, scheme, on_a_space=True)
        shown(page, run, "training")
        page.locator("#pause").click()
        page.locator("#notice [role=alert]").wait_for()
        assert not runs.read(run.folder).pausing
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
