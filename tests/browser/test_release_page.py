"""The Release page: a live release watched to its verdict, the same one simulated, and one that is cancelled."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import LONG_MS
from tests.browser.visiting import Server, Visitor, overflow_px, settled, violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def release(page: Page) -> None:
    page.get_by_role("button", name="Release it live").click()
    expect(page.get_by_text("Bad answers so far", exact=True)).to_be_visible(timeout=LONG_MS)


def test_a_release_is_watched_to_its_verdict_and_simulated_beside_it(stocked: Server, visitor: Visitor) -> None:
    page = visitor.open(f"{stocked.url}/release?rate_rps=80&duration_s_seconds=6")
    expect(page.get_by_text("Nothing yet. Release it live, or simulate it, above.")).to_be_visible()
    release(page)
    expect(page.get_by_text("users met it")).to_have_count(1, timeout=LONG_MS)
    settled(page)
    expect(page.get_by_text("measured", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Simulate it").click()
    expect(page.get_by_text("users met it")).to_have_count(2, timeout=LONG_MS)
    settled(page)
    table = page.locator('[data-testid="stTable"]').filter(has_text="answers").first
    expect(table.get_by_role("row", name="Canary (small risk, some work)")).not_to_contain_text("not yet")
    link = page.url
    page.set_viewport_size({"width": 320, "height": 900})
    settled(page)
    assert violations(page) == []
    assert overflow_px(page) == 0
    page.goto(link)
    settled(page)
    expect(page.get_by_text("users met it")).to_have_count(2)  # the address brings both back


def test_a_cancelled_release_leaves_nothing(stocked: Server, visitor: Visitor) -> None:
    page = visitor.open(f"{stocked.url}/release?rate_rps=20&duration_s_seconds=120")
    release(page)
    assert list((stocked.home / "releases").glob("*.course"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled. Nothing of it is left.")).to_be_visible(timeout=LONG_MS)
    assert not list((stocked.home / "releases").glob("*.course"))
    assert not stocked.children()
