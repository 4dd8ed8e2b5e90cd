"""What people do on the pages, for several tests."""

import re

from playwright.sync_api import Locator, Page, expect

from data.scenario import Scenario

LONG_MS = 180_000
QUICK = (
    "data.name=tumour&model.algorithm=logistic&workload.rate_rps=60&workload.duration_s=2&measurement.repetitions=2"
    "&measurement.warm_up_s=0.3&slo.latency_ms=100"
)
"""The smallest comparison that still has curves to see: a small model, a few hundred requests."""


def asked(query: str) -> Scenario:
    """The scenario that an address asks for."""
    return Scenario.from_query(dict(pair.split("=") for pair in query.split("&")))[0]


def press_run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()


def wait_for_results(page: Page) -> None:
    """Until the results of a comparison are there."""
    expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("Take it with you")).to_be_visible()


def progress(page: Page) -> Locator:
    return page.get_by_role("progressbar")


def cells(page: Page) -> dict[str, dict[str, str]]:
    """The table of figures as it stands on the screen: figure, candidate, text."""
    table = page.locator('[data-testid="stTable"]').filter(has_text="throughput")
    expect(table.locator("tr").first).to_be_visible()
    rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()]
    header, *body = rows
    return {line[0].strip(): dict(zip(header[1:], map(str.strip, line[1:]), strict=True)) for line in body}


def draw_everything(page: Page) -> None:
    """On a busy machine runs may not be valid, and are then drawn only on request."""
    insist = page.get_by_text("Draw them all the same")
    if insist.count():
        insist.click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def curves(page: Page) -> Locator:
    """The lines in the chart of every request's latency."""
    chart = page.get_by_role("figure", name=re.compile("Share of requests")).first
    return chart.locator(".scatterlayer .trace.scatter path.js-line")


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a drop-down, as the keyboard would."""
    box = page.get_by_role("combobox", name=re.compile(label))
    box.click()
    page.get_by_role("option", name=option, exact=True).click()
