"""The Compare page: its address, its controls, its results and its history."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import QUICK, asked, cells, draw_everything, press_run, wait_for_results
from tests.browser.visiting import Server, Visitor, overflow_px, settled, start_server, stop_server, violations
from tests.shelving import shelve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Measured:
    """A server with one comparison on it, and who made it."""

    def __init__(self, server: Server, cookies: list[dict], link: str) -> None:
        self.server, self.cookies, self.link = server, cookies, link

    def visit(self, browser: Browser, **how: object) -> tuple[Visitor, Page]:
        visitor = Visitor(browser, **how)
        visitor.context.add_cookies(self.cookies)
        return visitor, visitor.open(self.link)


@pytest.fixture(scope="module")
def measured(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    home = tmp_path_factory.mktemp("measured")
    shelve(asked(QUICK), home)
    server = start_server(home)
    visitor = Visitor(chromium)
    page = visitor.open(f"{server.url}/compare?{QUICK}")
    press_run(page)
    wait_for_results(page)
    cookies, link = visitor.context.cookies(), page.url
    visitor.leave()
    yield Measured(server, cookies, link)
    stop_server(server)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_results_pass_axe_and_fit_every_screen(chromium: Browser, measured: Measured, theme: str) -> None:
    visitor, page = measured.visit(chromium, theme=theme)
    draw_everything(page)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert violations(page) == []
        assert overflow_px(page) == 0
    visitor.leave()


def test_every_chart_has_a_text_alternative_and_its_table(chromium: Browser, measured: Measured) -> None:
    visitor, page = measured.visit(chromium)
    draw_everything(page)
    for name in ("Every request", "Fifty requests", "The slowest", "Over time", "Throughput"):
        page.get_by_role("radio", name=name).click(force=True)
        settled(page)
        chart = page.locator('[class*="st-key-results-"]').get_by_role(
            "figure", name=re.compile("embedded.*api", re.DOTALL)
        )
        expect(chart).to_have_count(1)
        numbers = page.locator('[data-testid="stExpander"]').filter(has_text="Show the numbers").last
        numbers.get_by_text("Show the numbers").click()
        expect(numbers.get_by_text("embedded", exact=False).first).to_be_visible()
    assert "chart=Throughput" in page.url
    visitor.leave()


def test_nobody_else_sees_them_even_with_the_link(chromium: Browser, measured: Measured) -> None:
    stranger = Visitor(chromium)
    page = stranger.open(measured.link)
    expect(page.get_by_text("results that are not yours or were deleted")).to_be_visible()
    expect(page.get_by_text("No comparison has been made yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Results")).to_have_count(0)
    page.goto(measured.server.url)
    settled(page)
    expect(page.get_by_role("heading", name="Recent comparisons")).to_have_count(0)
    stranger.leave()


def test_changed_controls_label_the_results_as_stale_and_can_go_back(chromium: Browser, measured: Measured) -> None:
    visitor, page = measured.visit(chromium)
    stale = page.get_by_text("The set-up has changed since")
    expect(stale).to_have_count(0)
    page.get_by_text("Set-up", exact=True).click()
    page.get_by_role("tab", name="Measurement").click()
    seed = page.get_by_label("Seed", exact=True)
    seed.fill("77")
    seed.press("Enter")
    expect(stale).to_be_visible()
    assert "seed=77" in page.url
    page.get_by_role("button", name="Go back to the set-up of these results").click()
    expect(stale).to_have_count(0)
    assert "seed=" not in page.url
    visitor.leave()


def test_a_deep_link_restores_every_control(visitor: Visitor, server: Server) -> None:
    page = visitor.open(
        f"{server.url}/compare?seed=42&data.name=tumour&model.algorithm=logistic&workload.kind=spike&slo.latency_ms=7.5"
        "&measurement.repetitions=5&candidates=3&candidates.3.name=big&candidates.3.strategy=api&candidates.3.workers=4"
    )
    assert page.get_by_label("Name", exact=True).evaluate_all("all => all.map(e => e.value)") == [
        "embedded",
        "api",
        "big",
    ]
    assert page.get_by_label("Workers").evaluate_all("all => all.map(e => e.value)") == ["1", "1", "4"]
    expected = {
        "Traffic": {},
        "Goals": {"Latency (ms)": "7.5"},
        "Measurement": {"Seed": "42", "Repetitions": "5"},
    }
    for tab, fields in expected.items():
        page.get_by_role("tab", name=tab).click()
        for label, value in fields.items():
            expect(page.get_by_label(label, exact=True).first).to_have_value(value)
    page.get_by_role("tab", name="Traffic").click()
    expect(page.get_by_role("combobox", name=re.compile("Kind of traffic"))).to_have_value("Spike")
    page.get_by_role("tab", name="Model").click()
    expect(page.get_by_role("combobox", name=re.compile("Dataset"))).to_have_value("tumour")
    before = page.url
    page.reload()
    settled(page)
    assert page.url == before


def test_switching_pages_keeps_the_controls(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/compare?seed=9")
    page.get_by_role("link", name="Train", exact=True).click()
    settled(page)
    page.get_by_role("link", name="Compare", exact=True).click()
    settled(page)
    page.get_by_role("tab", name="Measurement").click()
    expect(page.get_by_label("Seed", exact=True)).to_have_value("9")
    assert "seed=9" in page.url


def test_candidates_are_added_changed_and_removed(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/compare")
    page.get_by_role("button", name="Add candidate").click()
    names = page.get_by_label("Name", exact=True)
    expect(names).to_have_count(3)
    assert "candidates=3" in page.url
    page.get_by_role("button", name="Remove embedded").click()
    expect(names).to_have_count(2)
    names.first.fill("Not A Name")
    names.first.press("Enter")
    expect(page.get_by_text("The scenario stays as it was")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_label("Name", exact=True).first).to_have_value("embedded")
    settled(page)
    assert "?" not in page.url


def test_a_scenario_file_is_opened_and_a_bad_one_is_explained(visitor: Visitor, server: Server, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(
        'name = "from_file"\nseed = 5\n[workload]\nkind = "poisson"\n[[candidates]]\nname = "only"\nstrategy = "api"\n'
    )
    bad.write_text('name = "from_file"\nseed = "five"\n[workload]\n[[candidates]]\nname = "only"\nstrategy = "api"\n')
    page = visitor.open(f"{server.url}/compare")
    page.get_by_role("button", name="Open a scenario file").click()
    page.locator('input[type="file"]').set_input_files(bad)
    expect(page.get_by_text("line 2")).to_be_visible()
    page.locator('input[type="file"]').set_input_files(good)
    expect(page.get_by_label("Name", exact=True)).to_have_count(1)
    assert "seed=5" in page.url


def test_history_is_renamed_deleted_and_brought_back(chromium: Browser, measured: Measured) -> None:
    visitor, page = measured.visit(chromium)
    before = cells(page)
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("My first *one*")
    page.get_by_label("New name").press("Enter")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_text("My first *one*").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("was deleted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Results")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    wait_for_results(page)
    assert cells(page) == before
    visitor.leave()
