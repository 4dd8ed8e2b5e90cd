"""A run while people do what people do: reload, cancel, close the tab, come from elsewhere."""

import re
import time

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import LONG_MS, QUICK, press_run, progress, wait_for_results
from tests.browser.visiting import Server, Visitor, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LONG_RUN = f"{QUICK}&workload.duration_s=60"


def begin_long_run(visitor: Visitor, server: Server) -> Page:
    """A page whose run has a server up and measures."""
    page = visitor.open(f"{server.url}/compare?{LONG_RUN.replace('workload.duration_s=2&', '')}")
    press_run(page)
    expect(page.get_by_text(re.compile("measuring"))).to_be_visible(timeout=LONG_MS)
    return page


def listening(processes: list[psutil.Process]) -> list[int]:
    return [c.laddr.port for p in processes for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN]


def gone_after_s(processes: list[psutil.Process], most_s: float) -> float:
    began_s = time.monotonic()
    _gone, alive = psutil.wait_procs(processes, timeout=most_s)
    assert not alive, f"still there after {most_s:g} s: {alive}"
    return time.monotonic() - began_s


def test_cancel_ends_every_process_and_leaves_the_page_usable(fresh_server: Server, visitor: Visitor) -> None:
    page = begin_long_run(visitor, fresh_server)
    started = fresh_server.children()
    assert started
    page.get_by_role("button", name="Cancel").click()
    gone_after_s(started, 5.0)
    assert not fresh_server.children()
    expect(page.get_by_text("was cancelled. Nothing of it is left.")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_a_reload_keeps_progress_and_controls(fresh_server: Server, visitor: Visitor) -> None:
    page = begin_long_run(visitor, fresh_server)
    started = {process.pid for process in fresh_server.children()}
    page.reload()
    settled(page)
    expect(progress(page)).to_be_visible()
    time.sleep(6)  # longer than a job is kept alive after everybody has left
    assert started & {process.pid for process in fresh_server.children()}, "the reload ended the run"
    page.get_by_role("tab", name="Traffic").click()
    expect(page.get_by_label("Duration (s)")).to_have_value("60")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()


def test_closing_the_tab_leaves_no_orphan(chromium: Browser, fresh_server: Server) -> None:
    visitor = Visitor(chromium)
    page = begin_long_run(visitor, fresh_server)
    started = fresh_server.children()
    assert started
    page.close()
    gone_after_s(started, 12.0)
    assert not fresh_server.children()
    visitor.leave()


def test_two_people_never_see_each_others_results(chromium: Browser, fresh_server: Server) -> None:
    ada, bob = Visitor(chromium), Visitor(chromium)
    hers = ada.open(f"{fresh_server.url}/compare?{QUICK}")
    his = bob.open(f"{fresh_server.url}/compare?{QUICK}")
    press_run(hers)
    wait_for_results(hers)
    his.reload()
    settled(his)
    expect(his.get_by_text("No comparison has been made yet")).to_be_visible()
    expect(his.get_by_role("heading", name="Results")).to_have_count(0)
    link = hers.url
    his.goto(link)
    settled(his)
    expect(his.get_by_text("results that are not yours or were deleted")).to_be_visible()
    expect(his.get_by_role("heading", name="Results")).to_have_count(0)
    again = ada.open(link)
    expect(again.get_by_role("heading", name="Results")).to_be_visible()
    ada.leave()
    bob.leave()


def test_a_second_run_waits_for_its_turn(chromium: Browser, fresh_server: Server) -> None:
    ada, bob = Visitor(chromium), Visitor(chromium)
    hers = begin_long_run(ada, fresh_server)
    his = bob.open(f"{fresh_server.url}/compare?{QUICK}")
    press_run(his)
    expect(his.get_by_text("one job is before it in the queue")).to_be_visible()
    his.get_by_role("button", name="Cancel").click()
    expect(his.get_by_text("was cancelled")).to_be_visible()
    expect(progress(hers)).to_be_visible()
    ada.leave()
    bob.leave()
