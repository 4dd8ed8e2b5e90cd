"""The Simulate page in a browser: sliders that answer, charts with their text, presets, long runs, downloads."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import LONG_MS, choose
from tests.browser.visiting import Server, Visitor, overflow_px, settled, violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(500)]

SMALL = "duration_s=20&architecture=monolith&strategy=embedded"
COMPILED_MS = 400_000
"""The engine is compiled once on a machine."""


def opened(visitor: Visitor, address: str) -> Page:
    """The page with its first answer."""
    page = visitor.open(address)
    expect(page.get_by_text("How far to trust these figures")).to_be_visible(timeout=COMPILED_MS)
    settled(page)
    return page


def figure(page: Page, name: str) -> str:
    table = page.locator('[data-testid="stTable"]').filter(has_text="throughput")
    return str(table.locator("tr").filter(has_text=name).first.locator("td").first.inner_text())


def test_sliders_answer_charts_are_told_and_the_run_goes_home(server: Server, visitor: Visitor) -> None:
    page = opened(visitor, f"{server.url}/simulate?{SMALL}")
    traffic = page.get_by_role("slider", name="Traffic (requests per second)", exact=True)
    before = figure(page, "p99")
    traffic.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"rate_rps=1\d{3}"))
    expect(page.get_by_role("spinbutton", name="Traffic (requests per second), exactly")).not_to_have_value("1000")
    settled(page)
    assert figure(page, "p99") != before
    copies = page.get_by_role("spinbutton", name="Replicas, exactly")
    copies.fill("3")
    copies.press("Enter")
    expect(page).to_have_url(re.compile("set.replicas=3"))
    for name in ("Against load", "Stations", "One request"):
        page.get_by_role("radio", name=name).click(force=True)
        expect(page).to_have_url(re.compile(f"look={name.replace(' ', '.')}"))
        settled(page)
        expect(page.get_by_role("figure", name=re.compile("simulated", re.IGNORECASE)).first).to_be_visible()
    address, now = page.url, figure(page, "p99")
    page.reload()
    expect(page.get_by_text("How far to trust these figures")).to_be_visible(timeout=LONG_MS)
    settled(page)
    assert page.url == address
    assert figure(page, "p99") == now
    expect(page.get_by_role("radio", name="One request")).to_be_checked()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Trace (CSV)").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    n = int(re.search(r"n=([\d,]+)", figure(page, "failed"))[1].replace(",", ""))  # type: ignore[index]
    assert lines[0].startswith("scheduled_s,")
    assert len(lines) - 1 >= n
    page.get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile(r"/simulate$"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_situation_is_staged_moves_and_fits_every_screen(server: Server, chromium: Browser, theme: str) -> None:
    visitor = Visitor(chromium, theme=theme)
    page = opened(visitor, f"{server.url}/simulate?{SMALL}")
    choose(page, "Situation", "Replica killed")
    expect(page).to_have_url(re.compile("preset=replica_killed"))
    expect(page.get_by_role("radio", name="Over time")).to_be_checked()
    expect(page.get_by_role("img", name=re.compile("One replica of application die"))).to_be_visible()
    settled(page)
    page.get_by_role("radio", name="In motion").click(force=True)
    now = page.get_by_text(re.compile(r"At [\d.]+ s: waiting"))
    expect(now).to_be_visible()
    expect(page.get_by_text("nothing moves by itself")).to_be_visible()
    said = now.inner_text()
    page.get_by_role("button", name="Next step").click()
    expect(now).not_to_have_text(said)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert violations(page) == []
        assert overflow_px(page) == 0
    visitor.leave()


def test_a_long_run_is_a_job_that_can_be_cancelled_and_finished(server: Server, visitor: Visitor) -> None:
    page = visitor.open(f"{server.url}/simulate?{SMALL}&rate_rps=20000&duration_s=600")
    expect(page.get_by_text("12,000,000 requests are too many")).to_be_visible()
    page.get_by_role("button", name="Simulate", exact=True).click()
    page.get_by_role("button", name="Cancel").click(timeout=LONG_MS)
    expect(page.get_by_text("was cancelled. Nothing of it is left.")).to_be_visible(timeout=LONG_MS)
    rate = page.get_by_role("spinbutton", name="Traffic (requests per second), exactly")
    rate.fill("5500")
    rate.press("Enter")
    expect(page.get_by_text("3,300,000 requests are too many")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Simulate", exact=True).click()
    expect(page.get_by_text("How far to trust these figures")).to_be_visible(timeout=COMPILED_MS)
    assert re.search(r"n=3,[23]\d\d,\d{3}", figure(page, "failed"))
    expect(page.get_by_text("times what it can do").first).to_be_visible()
