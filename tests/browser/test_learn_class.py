"""A small class in real browsers, all at once; the bench `classroom` seats thirty."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.classroom import Attended, Seat, crossed, hold
from tests.browser.learning import fill, rest
from tests.browser.visiting import Server, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SEATS = (
    Seat(0, "08_load_and_tails", "Arrivals"),
    Seat(1, "08_load_and_tails", "Arrivals"),
    Seat(2, "10_monolith_or_microservices", "Crashes"),
    Seat(3, "11_serverless_and_managed", "Your statement: requests"),
    Seat(4, "01_life_cycle", "Call back"),
    Seat(5, "01_life_cycle", "Call back"),
)
"""The last two measure, so one of them waits for the other."""


def test_nothing_crosses_between_learners_and_nothing_is_left(visitor: Visitor, server: Server) -> None:
    found = hold(server, SEATS)
    assert crossed(server, found) == []
    leaves_nothing(server)
    goes_on_elsewhere(visitor, server, found[0])


def leaves_nothing(server: Server) -> None:
    until_s = time.monotonic() + 30
    while server.children() and time.monotonic() < until_s:
        time.sleep(0.1)
    assert server.children() == []


def goes_on_elsewhere(visitor: Visitor, server: Server, one: Attended) -> None:
    """In another browser, with the code alone."""
    page = visitor.open(f"{server.url}/learn")
    page.get_by_text("Your progress", exact=True).click()
    fill(page.get_by_label("Go on with a code from another browser"), one.code.lower().replace("-", ""))
    expect(page.get_by_text(f"Your progress: code {one.code}")).to_be_visible()
    page.goto(f"{server.url}/learn?lesson={one.seat.lesson}")
    rest(page)
    expect(page.get_by_text("The prediction is locked")).to_be_visible()
    expect(page.get_by_text(f"{one.seat.predicted:g} ms").first).to_be_visible()
