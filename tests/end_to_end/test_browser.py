"""In a headless browser, with everything real: Start Training to finished run to reloaded inference page.

Skipped, with the reason, where there is no Chromium or no Playwright.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.browsing import IN_A_BROWSER, LEAVES_QUIETLY, PATIENCE, playwright
from helpers.space_process import space

from polyid import runs

pytestmark = IN_A_BROWSER

# Thirty polymers with made-up but orderly values: enough to train on in seconds.
TABLE = "repeat_unit,Tg (°C),density (g/cm3)\n" + "".join(
    f"*{'C' * size}{tail}*,{20 * size + shift},{1.0 + size / 50:.2f}\n"
    for size in range(1, 11)
    for shift, tail in ((0, "O"), (30, "C(=O)O"), (60, "C(=O)N"))
)
NUMBER = r"−?[\d,.]+"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def trainer(local_hub, place):
    runs = place / "runs"
    with space(
        "trainer_space", place, HF_ENDPOINT=local_hub.endpoint, HF_TOKEN=local_hub.token, POLYID_RUNS=str(runs)
    ) as url:
        yield url


@pytest.fixture(scope="module")
def inference(local_hub, place):
    with space("inference_space", place, HF_ENDPOINT=local_hub.endpoint, POLYID_MODEL_REPO="ada/polyid-models") as url:
        yield url


@contextmanager
def page(browser, url: str, **options) -> Iterator:
    """A page in a profile of its own; whatever goes wrong in its JavaScript fails the test."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}, **options})
    page = context.new_page()
    page.add_init_script(LEAVES_QUIETLY)
    page.set_default_timeout(PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    assert errors == []


def test_from_start_training_to_a_reloaded_prediction(browser, trainer, inference, place):
    """The whole way of a user, with screenshots of what they see."""
    with page(browser, inference) as waiting:
        waiting.get_by_text("No model yet in ada/polyid-models").wait_for()
        # Gradio takes stars in a hint for emphasis, whatever is written around them.
        waiting.get_by_text("C=Cc1ccccc1 : C=CC(=O)OC = 0.7 : 0.3 random").wait_for()
        waiting.screenshot(path=place / "1_no_model.png", full_page=True)

    with page(browser, trainer) as form, page(browser, trainer) as second:
        playwright.expect(form.get_by_label("Model repo", exact=True)).to_have_value("ada/polyid-models")
        upload(form, place)
        assert form.locator("#properties label").all_inner_texts()[-2:] == [
            "Glass transition temperature (Glass_Transition, °C) - 30 polymers",
            "Density (Density, g/cm³) - 30 polymers",
        ]

        form.get_by_label("Epochs", exact=True).fill("0")
        form.locator("#start").click()
        for place_of_it in ("#advanced-notice", "#notice"):  # as it is typed, and as it is asked for
            form.locator(place_of_it).get_by_text("The number of epochs is 0; it must be a whole number").wait_for()
        assert form.get_by_label("Epochs", exact=True).input_value() == "0", "what was typed stays"
        form.get_by_label("Epochs", exact=True).fill("2")
        form.get_by_label("Folds", exact=True).fill("31")
        form.locator("#start").click()
        form.get_by_text("31 folds need at least 31 polymers").wait_for()
        assert second.get_by_text("No run yet").is_visible()

        form.get_by_label("Folds", exact=True).fill("2")
        form.locator("#start").click()
        form.get_by_text("Training has started").wait_for()
        form.get_by_text("Training complete").wait_for()
        second.get_by_text("Training complete").wait_for()
        form.locator("#curve polyline").first.wait_for()
        link = form.locator("#run a").get_attribute("href")
        commit = form.locator("#run a").inner_text()
        assert f"/ada/polyid-models/commit/{commit}" in link
        assert urllib.request.urlopen(link).status == 200
        form.screenshot(path=place / "2_published.png", full_page=True)

    with page(browser, inference) as answers:
        answers.get_by_text(f"commit {commit}").wait_for()
        answers.get_by_text("Polystyrene", exact=True).click()
        playwright.expect(answers.get_by_role("textbox", name="SMILES")).to_have_value("*CC(*)c1ccccc1")
        answers.locator("#predict").click()
        card = answers.locator(".polymer")
        card.wait_for()
        rows = card.locator(".numbers tbody tr").all_inner_texts()
        assert len(rows) == 2
        assert re.match(rf"Glass transition temperature °C\s+{NUMBER}\s+{NUMBER} to {NUMBER}\s+± {NUMBER}$", rows[0])
        assert card.locator("figure").first.locator("svg[role=img]").is_visible()
        assert "repeat unit" in card.inner_text()
        assert card.locator(".verdict").inner_text() in ("In domain", "Borderline", "Outside")
        assert card.locator(".nearest thead th").count() == 2 + 3
        answers.screenshot(path=place / "3_predicted.png", full_page=True)

        answers.get_by_role("textbox", name="SMILES").fill("*CC(*)c1ccc")
        answers.locator("#predict").click()
        answers.locator("#notice [role=alert]").wait_for()
        assert card.locator(".numbers tbody tr").all_inner_texts() == rows, "the former result stays"
        another_level_and_the_reasons(answers, rows)
        several_polymers(answers)
        assert answers.locator("#notice [role=alert]").inner_text().startswith("Line 2: ")
    for scheme in ("light", "dark"):
        answers_fit_a_phone(browser, inference, scheme, place)
    assert len(list(place.glob("*.png"))) == 5


def upload(form, place: Path) -> None:
    """Thirty polymers and a small network instead of the bundled table, on which an epoch takes a slow machine minutes."""
    table = place / "polymers.csv"
    table.write_text(TABLE, encoding="utf-8")
    form.get_by_text("Use your own table").click()
    form.locator("#upload input[type=file]").set_input_files(table)
    form.get_by_text("polymers.csv: 30 rows of 30 polymers").wait_for()
    form.get_by_text("Advanced", exact=True).click()
    form.get_by_label("Rounds of messages").fill("1")  # more take longer to compile than all the rest


def bounds(row: str) -> tuple[float, float]:
    """The interval that a row of the page names."""
    low, high = re.search(f"({NUMBER}) to ({NUMBER})", row).groups()
    return number(low), number(high)


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def another_level_and_the_reasons(answers, rows: list[str]) -> None:
    """The card of polystyrene at 95 %, and what each part adds to both properties."""
    card, drawing = answers.locator(".polymer"), answers.locator("#why-drawing")
    assert drawing.is_hidden()
    answers.locator("#level").get_by_text("95 %").click()
    card.get_by_text("95 % between").wait_for()
    wider = card.locator(".numbers tbody tr").all_inner_texts()
    for before, after in zip(rows, wider, strict=True):
        assert bounds(after)[0] < bounds(before)[0] and bounds(before)[1] < bounds(after)[1]

    answers.get_by_role("button", name="Why this value?").click()
    for place, label in enumerate(("Glass transition temperature", "Density")):
        answers.get_by_label("Property", exact=True).click()
        answers.get_by_role("option", name=label).click()
        drawing.get_by_text(f"Sum: {label}").wait_for()
        assert drawing.locator("figure svg").is_visible()
        *terms, total = map(number, drawing.locator(".number").all_inner_texts())
        assert sum(terms) == pytest.approx(total, rel=0.01)
        assert total == pytest.approx(number(card.locator(".numbers td.value").nth(place).inner_text()), rel=0.01)
    answers.locator("#level").get_by_text("80 %").click()
    card.get_by_text("80 % between").wait_for()
    drawing.get_by_text("Sum: Density").wait_for()


def several_polymers(answers) -> None:
    """A table of those that can be read, a card of one of them, and all of them in a file."""
    card, batch = answers.locator(".polymer"), answers.locator(".batch")
    answers.get_by_role("textbox", name="SMILES").fill("*CC*\nxyz(\n*CCO*\nOCCO.O=C(O)c1ccc(C(=O)O)cc1")
    answers.locator("#predict").click()
    playwright.expect(batch.locator("tbody tr")).to_have_count(3)
    assert batch.locator("tbody th").nth(1).inner_text() == "3 *CCO*"
    answers.get_by_text("Below each value its 80 % interval").wait_for()
    playwright.expect(card).to_have_count(1)
    answers.get_by_label("Polymer", exact=True).click()
    answers.get_by_role("option", name="*CCO*").click()
    playwright.expect(card.locator("h2")).to_have_text("*CCO*")
    answers.locator("#why-drawing svg[aria-label*='*CCO*']").wait_for()
    with answers.expect_download() as download:
        answers.get_by_text("Download as CSV").click()
    assert download.value.suggested_filename == "polyid_intervals_80.csv"
    table = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(table) == 1 + 4
    assert table[2].startswith("xyz(,")


def answers_fit_a_phone(browser, inference: str, scheme: str, place: Path) -> None:
    """Everything the page can show, without a page wider than the screen."""
    with page(browser, inference, viewport={"width": 360, "height": 740}, color_scheme=scheme) as phone:
        phone.get_by_role("textbox", name="SMILES").fill("*CC(*)c1ccccc1\n*CC(*)C(=O)O" + "C" * 60)
        phone.locator("#predict").click()
        phone.locator(".batch").wait_for()
        phone.get_by_role("button", name="Why this value?").click()
        phone.locator("#why-drawing svg").wait_for()
        phone.screenshot(path=place / f"4_phone_{scheme}.png", full_page=True)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, "nothing sticks out to the side"
        cut_off = phone.evaluate(
            """() => [...document.querySelectorAll('.polymer .numbers *, .why *, .notice *')]
                .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 100))"""
        )
        assert cut_off == []


@pytest.mark.exhaustive
def test_a_second_run_waits_and_cancel_stops_the_first_on_every_page(browser, trainer, place):
    with page(browser, trainer) as form, page(browser, trainer) as second:
        playwright.expect(form.get_by_label("Model repo", exact=True)).not_to_be_empty()
        upload(form, place)
        form.get_by_label("Epochs", exact=True).fill("5000")
        form.get_by_label("Folds", exact=True).fill("2")
        form.locator("#start").click()
        form.get_by_text("Training has started").wait_for()
        form.locator("#start").click()
        form.get_by_text("A training run is at work already: this one waits its turn").wait_for()
        (waiting,) = runs.queue(place / "runs")
        runs.cancel(waiting.folder)
        form.locator("#run").get_by_text(re.compile("Reading|Compiling|Training")).first.wait_for()
        form.screenshot(path=place / "training.png", full_page=True)

        second.get_by_role("button", name="Cancel").wait_for()
        form.reload()
        form.get_by_role("button", name="Cancel").wait_for()
        playwright.expect(form.get_by_label("Epochs", exact=True)).to_have_value("5000")
        second.locator("#run").get_by_text(re.compile("epoch [1-9]")).wait_for()
        second.get_by_role("button", name="Cancel this run").click()
        second.get_by_role("button", name="Yes, stop it").click()
        form.locator("#run").get_by_text("Cancelled").wait_for()
        second.locator("#run").get_by_text("Cancelled").wait_for()
        assert form.get_by_role("button", name="Cancel").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("space_name", ["trainer", "inference"])
def test_pages_fit_a_phone_in_light_and_dark(browser, space_name, scheme, place, request):
    url = request.getfixturevalue(space_name)
    with page(browser, url, viewport={"width": 360, "height": 740}, color_scheme=scheme) as phone:
        phone.get_by_role("button", name=re.compile("Start Training|Predict")).wait_for()
        phone.screenshot(path=place / f"phone_{space_name}_{scheme}.png", full_page=True)
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, "nothing sticks out to the side"


@pytest.mark.parametrize("space_name", ["trainer", "inference"])
def test_every_field_has_a_name_for_screen_readers(browser, space_name, request):
    with page(browser, request.getfixturevalue(space_name)) as form:
        form.get_by_role("button", name=re.compile("Start Training|Predict")).wait_for()
        nameless = form.evaluate(
            """() => [...document.querySelectorAll('input, textarea, button, progress')]
                .filter(e => e.offsetParent && e.type != 'file')
                .filter(e => !(e.labels?.length || e.ariaLabel || e.title || e.textContent.trim()
                               || e.getAttribute('aria-labelledby')))
                .map(e => e.outerHTML.slice(0, 200))"""
        )
        assert nameless == []
