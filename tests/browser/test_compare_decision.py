"""The decision on the Compare page: words first, pictures, table, files, and what changes without measuring."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from data.store import RunStore
from simulators.comparison.saved import load_comparison
from simulators.comparison.simulating import simulate_candidates
from simulators.decision import cards
from simulators.decision.decide import decide
from simulators.decision.saved import keep_decision
from tests.browser.visiting import Server, Visitor, overflow_px, settled, start_server, stop_server, violations
from tests.simulators.decision.made import ENDPOINT, LAMBDA, NIGHTLY, SERVERS, evidence, profile, scenario

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

ASKED = scenario(candidates=(SERVERS, LAMBDA, ENDPOINT, NIGHTLY), budget={"max_staleness_s": 3_600.0})


class Decided:
    """A server with one decision on it, which everybody on this machine sees."""

    def __init__(self, server: Server, link: str) -> None:
        self.server, self.link = server, link


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decided]:
    folder = tmp_path_factory.mktemp("decided")
    known = evidence(profile())
    assert known.profile is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(folder))
        for name, value in (("RISK_RUNS", 2), ("RISK_REQUESTS", 300), ("MOST_REQUESTS", 5_000)):
            patch.setattr(cards, name, value)
        store = RunStore()
        simulate_candidates(ASKED, ASKED.candidates, known.profile, "abc", known.rows, store, "group-1")
        keep_decision(decide(load_comparison(store, "group-1"), known))
    server = start_server(folder)
    yield Decided(server, f"{server.url}/compare?{urlencode({**ASKED.to_query(), 'run': 'group-1'})}")
    stop_server(server)


def opened(browser: Browser, decided: Decided, **how: object) -> tuple[Visitor, Page]:
    visitor = Visitor(browser, **how)  # type: ignore[arg-type]
    page = visitor.open(decided.link)
    expect(page.get_by_text("Take the decision with you")).to_be_visible()
    return visitor, page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_decision_passes_axe_and_fits_every_screen(chromium: Browser, decided: Decided, theme: str) -> None:
    visitor, page = opened(chromium, decided, theme=theme)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert violations(page) == []
        assert overflow_px(page) == 0
    visitor.leave()


def test_words_come_first_and_every_picture_has_a_text_alternative(chromium: Browser, decided: Decided) -> None:
    visitor, page = opened(chromium, decided)
    expect(page.get_by_text("lambda is the cheapest that keeps every limit")).to_be_visible()
    for name in ("Front", "Break-even", "Tornado", "Two inputs"):
        page.get_by_role("radio", name=name).click(force=True)
        settled(page)
        expect(page.get_by_role("figure", name=re.compile("lambda", re.DOTALL)).first).to_be_visible()
    assert "picture=Two" in page.url
    visitor.leave()


def test_the_report_opens_without_a_network(chromium: Browser, decided: Decided, tmp_path: Path) -> None:
    visitor, page = opened(chromium, decided)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    download.value.save_as(tmp_path / "report.html")
    visitor.context.set_offline(True)
    asked: list[str] = []
    report = visitor.context.new_page()
    report.on("request", lambda request: asked.append(request.url))
    report.goto((tmp_path / "report.html").as_uri())
    expect(report.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(report.get_by_role("heading", name="Bills")).to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    report.locator(".js-plotly-plot").first.hover()
    with report.expect_download() as picture:
        report.locator('[data-title^="Download plot"]').first.click()
    assert picture.value.suggested_filename.endswith(".png")
    printed = report.pdf(prefer_css_page_size=True, outline=True, tagged=True)
    assert printed.startswith(b"%PDF-")
    titles = {title.decode() for title in re.findall(rb"/Title \(((?:[^()\\\\]|\\\\.)*)\)", printed)}
    assert {"Candidates", "Latency", "Bills", "Risks", "Every figure", "How to check it again"} <= titles
    visitor.leave()


def test_other_weights_are_decided_on_without_measuring(chromium: Browser, decided: Decided) -> None:
    visitor, page = opened(chromium, decided)
    page.get_by_text("Set-up", exact=True).click()
    page.get_by_role("tab", name="Weights").click()
    cost = page.get_by_label("Cost", exact=True)
    cost.fill("2")
    cost.press("Enter")
    expect(page).to_have_url(re.compile("weights.cost=2"))
    expect(page.get_by_text("The decision below is for the set-up as it was")).to_be_visible()
    expect(page.get_by_role("button", name="Decide for this set-up")).to_be_visible()
    expect(page.get_by_text("The set-up has changed since")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Decide", exact=True)).to_be_visible()
    page.get_by_text("Set-up", exact=True).click()
    page.get_by_role("tab", name="Weights").click()
    page.get_by_label("Cost", exact=True).fill("0")
    page.get_by_label("Cost", exact=True).press("Enter")
    expect(page.get_by_text("lambda is the cheapest that keeps every limit")).to_be_visible()
    visitor.leave()


def test_candidates_are_copied_up_to_twenty_four(chromium: Browser, decided: Decided) -> None:
    visitor = Visitor(chromium)
    page = visitor.open(f"{decided.server.url}/compare?candidates=23&" + "&".join(
        f"candidates.{n}.name=c{n}&candidates.{n}.strategy=api&candidates.{n}.source=simulated" for n in range(3, 24)
    ))  # fmt: skip
    expect(page.get_by_label("Name", exact=True)).to_have_count(23)
    page.get_by_role("button", name="Copy c23").click()
    expect(page.get_by_label("Name", exact=True)).to_have_count(24)
    settled(page)
    assert "candidates=24" in page.url
    expect(page.get_by_role("button", name="Copy c23", exact=True)).to_be_disabled()
    visitor.leave()
