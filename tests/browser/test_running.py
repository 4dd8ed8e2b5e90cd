"""A run while people do what people do: reload, cancel, close the tab, come from elsewhere."""

import re
import time
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.work import LEFT_S
from tests.browser.steps import LONG_MS, QUICK, asked, press_run, progress
from tests.browser.visiting import Server, Visitor, settled, start_server, stop_server
from tests.shelving import shelve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LONG_RUN = f"{QUICK}&workload.duration_s=60"
_TRANSITIONS = """() => [...document.querySelectorAll('[data-testid="stProgress"] *')]
    .map(one => getComputedStyle(one).transitionDuration)"""
"""How long each part of a progress bar takes to change, as CSS has it."""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of these tests' own, which has the model already."""
    home = tmp_path_factory.mktemp("ready")
    shelve(asked(QUICK), home)
    running = start_server(home)
    yield running
    stop_server(running)


def begin_long_run(visitor: Visitor, server: Server) -> Page:
    """A page whose run has a server up and measures."""
    page = visitor.open(f"{server.url}/compare?{LONG_RUN.replace('workload.duration_s=2&', '')}")
    press_run(page)
    expect(page.get_by_text(re.compile("measuring"))).to_be_visible(timeout=LONG_MS)
    return page


def gone(processes: list[psutil.Process], within_s: float) -> None:
    """A process that is gone holds no port; the queue promises two seconds, a busy machine gets a little more."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    assert not alive, f"still there after {within_s:g} s: {alive}"


def test_a_run_outlives_a_reload_holds_back_the_next_and_ends_at_a_press(
    chromium: Browser, ready: Server, visitor: Visitor
) -> None:
    page = begin_long_run(visitor, ready)
    started = ready.children()
    assert started
    assert set(page.evaluate(_TRANSITIONS)) == {"0s"}, "the progress bar glides, at the measurement's expense"

    other = Visitor(chromium)
    his = other.open(f"{ready.url}/compare?{QUICK}")
    expect(his.get_by_text("No comparison has been made yet")).to_be_visible()
    press_run(his)
    expect(his.get_by_text("one job is before it in the queue")).to_be_visible()
    his.get_by_role("button", name="Cancel").click()
    expect(his.get_by_text("was cancelled")).to_be_visible()
    other.leave()

    page.reload()
    settled(page)
    expect(progress(page)).to_be_visible()
    time.sleep(LEFT_S + 1)  # longer than a job is kept alive after everybody has left
    assert all(process.is_running() for process in started), "the reload ended the run"
    page.get_by_role("tab", name="Traffic").click()
    expect(page.get_by_role("spinbutton", name="Duration (s)")).to_have_value("60")

    page.get_by_role("button", name="Cancel").click()
    gone(started, 5.0)
    assert not ready.children()
    expect(page.get_by_text("was cancelled. Nothing of it is left.")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_closing_the_tab_leaves_no_orphan(chromium: Browser, ready: Server) -> None:
    visitor = Visitor(chromium)
    page = begin_long_run(visitor, ready)
    started = ready.children()
    assert started
    page.close()
    gone(started, LEFT_S + 8)
    assert not ready.children()
    visitor.leave()
