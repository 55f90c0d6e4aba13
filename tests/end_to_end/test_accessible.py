"""Both Spaces in a browser: axe-core finds nothing serious in any state, the console is quiet, and nothing is asked of another host.

Skipped, with the reason, where there is no Chromium, no Playwright or no axe-core.
"""

from __future__ import annotations

import re

import pytest
from helpers.browsing import BY_AXE, LEAVES_QUIETLY, PATIENCE, playwright, serious
from helpers.paths import TOP
from helpers.space_process import space

pytestmark = BY_AXE
VIEWS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
POLYMERS = "polystyrene\n*CC(*)(C)C(=O)OC\nC1CC\nOCCO.O=C(O)c1ccc(C(=O)O)cc1"


@pytest.fixture(scope="module")
def inference(tmp_path_factory):
    place = tmp_path_factory.mktemp("space")
    with space("inference_space", place, POLYID_MODEL_REPO=str(TOP / "polyid" / "starter")) as url:
        yield url


@pytest.fixture(scope="module")
def trainer(tmp_path_factory):
    place = tmp_path_factory.mktemp("space")
    with space("trainer_space", place, POLYID_RUNS=str(place / "runs")) as url:
        yield url


@pytest.fixture
def view(browser, request, tmp_path):
    """A page, and what must not have happened on it."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.add_init_script(LEAVES_QUIETLY)
    page.set_default_timeout(PATIENCE)
    console, hosts = [], set()
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    page.on("request", lambda asked: hosts.add(re.sub(r"^(\w+://[^/:]+).*$", r"\1", asked.url[:200])))
    yield page
    page.screenshot(path=tmp_path / f"{width}_{scheme}.png", full_page=True)
    context.close()
    assert console == []
    assert {host for host in hosts if not host.startswith(("data:", "blob:"))} == {"http://127.0.0.1"}


def answered(page, url: str) -> None:
    """The page with several polymers answered, and everything open."""
    page.goto(url)
    page.locator("[data-phase=ready]").wait_for()
    page.locator("#smiles textarea").fill(POLYMERS)
    page.locator("#predict").click()
    page.locator(".polymer .distributions svg").first.wait_for()
    page.get_by_role("button", name="Why this value?").click()
    page.locator("#why-drawing svg").wait_for()


@pytest.mark.parametrize("view", VIEWS, indirect=True, ids=lambda view: "-".join(map(str, view)))
def test_an_answer_can_be_read_by_anybody(view, inference):
    answered(view, inference)
    assert serious(view) == []
    assert view.evaluate("document.documentElement.scrollWidth") <= view.viewport_size["width"]


@pytest.mark.parametrize("view", VIEWS, indirect=True, ids=lambda view: "-".join(map(str, view)))
def test_a_table_its_plot_and_the_model_can_be_read_by_anybody(view, inference):
    view.goto(inference)
    view.locator("[data-phase=ready]").wait_for()
    view.get_by_role("button", name="Many polymers").click()
    view.get_by_label("Or paste").fill("\n".join(f"*{'C' * size}O*" for size in range(1, 31)) + "\nC1CC\n")
    view.locator("#predict-table").click()
    view.locator("#table-rows tbody tr").first.wait_for()
    view.get_by_role("button", name="Plot one property against another").click()
    view.locator("#trade-off-plot svg").wait_for()
    view.get_by_role("button", name="The model").click()
    view.locator("#card").get_by_text("Out-of-fold figures").wait_for()
    assert serious(view) == []
    assert view.evaluate("document.documentElement.scrollWidth") <= view.viewport_size["width"]


@pytest.mark.parametrize("view", VIEWS, indirect=True, ids=lambda view: "-".join(map(str, view)))
def test_what_is_drawn_is_read_as_if_typed(view, inference):
    """The last line is loaded, Escape leaves it as it is, and a drawing takes its place."""
    view.goto(inference)
    view.locator("[data-phase=ready]").wait_for()
    box, dialog, draw = view.locator("#smiles textarea"), view.get_by_role("dialog"), view.locator("#draw")
    drawn, use = dialog.locator("output"), dialog.get_by_role("button", name="Use this structure")
    area = dialog.frame_locator("iframe").get_by_role("application")

    box.fill("*CC*\npolystyrene")
    draw.click()
    playwright.expect(drawn).to_have_text("*CC(*)c1ccccc1")
    assert serious(view, "dialog") == []
    assert serious(view.frame(url=re.compile("structure-editor/index"))) == []
    assert view.evaluate("document.documentElement.scrollWidth") <= view.viewport_size["width"]
    for place in (dialog, area):
        place.press("Escape")
        playwright.expect(dialog).to_have_count(0)
        assert view.evaluate("document.activeElement.id") == "draw"
        view.keyboard.press("Enter")
        playwright.expect(drawn).to_have_text("*CC(*)c1ccccc1")
    dialog.get_by_role("button", name="Cancel").click()
    assert box.input_value() == "*CC*\npolystyrene"

    box.fill("*CC*\nC=C : C=CC = 0.5 : 0.5")
    draw.click()
    dialog.get_by_role("status").get_by_text("fractions are written").wait_for()
    playwright.expect(use).to_be_disabled()
    area.click(position={"x": 180, "y": 200})
    playwright.expect(drawn).to_have_text("CC")
    dialog.get_by_role("button", name="Attachment point").click()
    area.click(position={"x": 180, "y": 200})
    playwright.expect(drawn).to_have_text("*CC")
    area.click(position={"x": 202, "y": 212})
    playwright.expect(drawn).to_have_text("*CC*")
    use.click()
    playwright.expect(box).to_have_value("*CC*\n*CC*")
    playwright.expect(box).to_be_focused()
    view.locator("#reading").get_by_text("repeat unit").wait_for()


@pytest.mark.parametrize("view", VIEWS, indirect=True, ids=lambda view: "-".join(map(str, view)))
def test_the_trainers_form_can_be_read_by_anybody(view, trainer):
    view.goto(trainer)
    view.get_by_role("button", name="Start Training").wait_for()
    view.locator("#properties label").first.wait_for()
    assert serious(view) == []


@pytest.mark.parametrize("view", VIEWS[:1], indirect=True, ids=["keyboard"])
def test_a_header_sorts_the_whole_table(view, inference):
    view.goto(inference)
    view.locator("[data-phase=ready]").wait_for()
    view.get_by_role("button", name="Many polymers").click()
    view.get_by_label("Or paste").fill("C1CC\n" + "\n".join(f"*{'C' * size}O*" for size in range(1, 31)))
    view.locator("#predict-table").click()
    rows, headers = view.locator("#table-rows tbody tr"), view.locator("#table-rows thead th")
    playwright.expect(headers.first).to_have_attribute("aria-sort", "ascending")
    in_the_file = rows.first.locator("td").first.inner_text()
    property_header = view.locator("#table-rows th.number").first
    view.get_by_label("Page", exact=True).fill("2")
    view.get_by_text("Page 2 of 2").wait_for()
    shown = []
    for way in ("ascending", "descending"):
        property_header.get_by_role("button").press("Enter")
        playwright.expect(property_header).to_have_attribute("aria-sort", way)
        playwright.expect(property_header.get_by_role("button")).to_be_focused()
        view.get_by_text("Page 1 of 2").wait_for()
        texts = view.locator("#table-rows tbody th ~ td.number:nth-child(4) .value").all_inner_texts()
        shown.append([float(text.replace("−", "-")) for text in texts])
        assert len(texts) == 25 and shown[-1] == sorted(shown[-1], reverse=way == "descending")
    assert shown[0][-1] < shown[1][0], "the highest is on another page where the lowest come first"
    playwright.expect(headers.first).not_to_have_attribute("aria-sort", re.compile("."))
    headers.first.get_by_role("button").click()
    playwright.expect(rows.first.locator("td").first).to_have_text(in_the_file)


@pytest.mark.parametrize("view", VIEWS[:1], indirect=True, ids=["keyboard"])
def test_the_keyboard_alone_asks_completes_a_name_and_copies_a_link(view, inference):
    view.goto(inference)
    view.locator("[data-phase=ready]").wait_for()
    for _ in range(30):
        view.keyboard.press("Tab")
        if view.evaluate("document.activeElement.matches('#smiles textarea')"):
            break
    view.keyboard.type("methyl methacr")
    view.locator("[data-fill]").first.wait_for()
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.dataset.fill")
    view.keyboard.press("Enter")
    assert "methacrylate" in view.locator("#smiles textarea").input_value().lower()
    view.keyboard.press("Enter")
    view.locator(".polymer .numbers").wait_for()
    assert "polymer=" in view.url
    view.locator("[data-link]").focus()
    view.keyboard.press("Enter")
    view.locator("#exports [role=status]").get_by_text("Copied").wait_for()


def test_a_link_asks_again_at_its_level(browser, inference):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(LEAVES_QUIETLY)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{inference}/?polymer=polystyrene&level=0.8")
    page.locator(".polymer").get_by_text("80 % between").wait_for()
    context.close()
