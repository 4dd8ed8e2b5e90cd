"""What every page satisfies, whichever it is: a new page is tested by itself."""

import pytest
from playwright.sync_api import Browser, expect

from dashboard.views.contract import View
from data.discovery import kinds
from tests.browser.visiting import Server, Visitor, overflow_px, settled, violations

PAGES = {name: view.title for name, view in kinds("dashboard.views", View).items()}
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_passes_axe_and_fits_every_screen(chromium: Browser, server: Server, page: str, theme: str) -> None:
    visitor = Visitor(chromium, theme=theme)
    opened = visitor.open(f"{server.url}/{page}")
    expect(opened.get_by_role("heading", level=1)).to_have_count(1)
    expect(opened).to_have_title(f"{PAGES[page]} · Drydock")
    for width in (1280, 320):
        opened.set_viewport_size({"width": width, "height": 900})
        settled(opened)
        assert violations(opened) == []
        assert overflow_px(opened) == 0
    visitor.leave()


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_the_address_raises_nothing(visitor: Visitor, server: Server, page: str) -> None:
    nonsense = (
        "seed=%F0%9F%90%99&candidates=-1&workload.kind=tsunami&slo.latency_ms=NaN&dataset=../../etc&run=%00x&a=b&a=c"
    )
    opened = visitor.open(f"{server.url}/{page}?{nonsense}")
    expect(opened.get_by_role("heading", level=1)).to_have_count(1)
    expect(opened.locator('[data-testid="stException"]')).to_have_count(0)


def test_the_keyboard_reaches_every_page(visitor: Visitor, server: Server) -> None:
    opened = visitor.open(server.url)
    for title in list(PAGES.values())[1:]:
        link = opened.get_by_role("link", name=title, exact=True)
        link.focus()
        opened.keyboard.press("Enter")
        expect(opened).to_have_title(f"{title} · Drydock")
        settled(opened)


def test_an_unknown_page_says_so_and_shows_the_first(chromium: Browser, server: Server) -> None:
    visitor = Visitor(chromium)  # its console complains, as it should
    opened = visitor.open(f"{server.url}/nowhere")
    expect(opened.get_by_text("Page not found")).to_be_visible()
    visitor.context.close()
