"""All four strategies on the page: drawn, deployed, given a new model, looked up; the pattern table and the formats."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import LONG_MS
from tests.browser.visiting import Server, Visitor, overflow_px, settled, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

STRATEGIES = ("Embedded", "API", "Streaming", "Batch")


def looks_right(page: Page) -> None:
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert violations(page) == []
        assert overflow_px(page) == 0
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_new_model_reaches_all_that_run_and_answers_are_looked_up(stocked: Server, visitor: Visitor) -> None:
    page = visitor.open(f"{stocked.url}/deploy")
    for words in ("Embedded: the visitor", "API: the request", "Streaming: requests go", "Batch: requests are"):
        expect(page.get_by_role("img", name=re.compile(words))).to_be_visible()
    for place, name in enumerate(STRATEGIES):
        page.get_by_role("button", name=f"Start {name}").click()
        expect(page.get_by_role("button", name="Predict", exact=True)).to_have_count(place + 1, timeout=LONG_MS)
    chosen = page.get_by_role("combobox", name=re.compile("Version to publish"))
    before = chosen.input_value()
    page.get_by_role("button", name="Make a new version of the same model").click()
    expect(chosen).not_to_have_value(before)
    settled(page)
    page.get_by_role("button", name="Publish it to all that run").click()
    expect(page.get_by_text("was taken up")).to_be_visible(timeout=LONG_MS)
    table = page.locator('[data-testid="stTable"]').filter(has_text="what came of it")
    expect(table.locator("tr")).to_have_count(5)
    said = dict(row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()[1:])
    assert len(said) == 4
    for title, outcome in said.items():
        if title.startswith("Embedded"):
            assert outcome == "needs a deployment"
        else:
            assert re.match(r"first answer by the new version after [\d.]+ m?s", outcome), outcome
            assert re.search(r"; 0 of \d+ requests dropped", outcome), outcome
    page.get_by_role("button", name=re.compile("Release Embedded")).click()
    expect(page.get_by_role("heading", name=re.compile("Embedded, released with"))).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("button", name=re.compile("Release Embedded"))).to_have_count(0)
    _look_up(page)
    looks_right(page)


def _look_up(page: Page) -> None:
    ahead = page.get_by_role("button", name="Predict every row now")
    expect(ahead).to_have_count(1)  # while the page is drawn anew, what stood there before stands beside it
    settled(page)
    ahead.click()
    expect(page.get_by_text("569 answers by version")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text(re.compile(r"computed [\d.,]+ s ago"))).to_be_visible()
    row = page.get_by_label("Row number")
    row.fill("999999")
    row.press("Enter")
    expect(page.get_by_text("No prediction has row")).to_be_visible()
    row.fill("569")
    row.press("Enter")
    expect(page.get_by_text(re.compile(r"computed [\d.,]+ s ago"))).to_be_visible()
    settled(page)  # a redraw takes a download's link back, and this one was asked for a line above
    with page.expect_download() as waiting:
        page.get_by_role("button", name="All answers (CSV)").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert len(lines) == 570
    assert lines[0].startswith("row,prediction") and lines[0].endswith("age_s")  # noqa: PT018


def test_the_four_patterns_are_counted(stocked: Server, visitor: Visitor, chromium: Browser) -> None:
    page = visitor.open(f"{stocked.url}/compare")
    expect(page.get_by_text("not run yet: Press Count the parts.")).to_have_count(12)
    page.get_by_role("button", name="Count the parts").click()
    expect(page.get_by_text("not run yet: Press Count the parts.")).to_have_count(0, timeout=LONG_MS)
    expect(page.get_by_text(re.compile(r"counted: \d+ in all"))).to_have_count(4)
    expect(page.get_by_text("Yes: needs a deployment of the application")).to_be_visible()
    page.get_by_role("button", name="Take the set-up with all four").click()
    names = page.get_by_label("Name", exact=True)
    expect(names).to_have_count(4)
    assert names.evaluate_all("all => all.map(e => e.value)") == ["embedded", "api", "streaming", "batch"]
    looks_right(page)
    dark = Visitor(chromium, theme="dark")
    looks_right(dark.open(f"{stocked.url}/compare"))
    dark.leave()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_formats_are_compared_and_a_comparison_can_be_cancelled(stocked: Server, chromium: Browser, theme: str) -> None:
    visitor = Visitor(chromium, theme=theme)
    page = visitor.open(f"{stocked.url}/train")
    page.get_by_role("button", name=re.compile("Compare the formats")).click()
    if theme == "dark":
        page.get_by_role("button", name="Cancel").click(timeout=LONG_MS)
        expect(page.get_by_text("was cancelled. Nothing of it is left.")).to_be_visible(timeout=LONG_MS)
        visitor.leave()
        return
    expect(page.get_by_role("figure", name=re.compile("Size of the model's file.*ONNX"))).to_be_visible(timeout=LONG_MS)
    unavailable = page.get_by_text("PFA: not available here")
    unavailable.click()
    expect(page.get_by_text("no maintained library writes or reads PFA", exact=False).first).to_be_visible()
    looks_right(page)
    page.reload()
    settled(page)
    expect(page.get_by_role("figure", name=re.compile("Size of the model's file"))).to_be_visible()
    visitor.leave()
