"""A learner who measures at two servers in turns, one of which has idle visitors: what these cost a measurement."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from playwright.async_api import Browser, Page, Playwright, async_playwright

from tests.bench._classroom import MEASURED, measured_ms, predicted
from tests.browser.answers import open_page
from tests.browser.visiting import CHROMIUM, FLAGS, Server

_IDLE_LESSON = "08_load_and_tails"
_SETTLE_S = 1.0
_IDLE_SHARE, _LOOK_S, _LOOKS = 0.01, 15.0, 20
"""Of a processor, over so long: Chromium is idle that uses less. Behind twenty pages that were opened it tidies up for
100 s: 15% of a processor after 20 s, 8% after 40, 3% after 60, and .5% from then on."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of a measured lesson's API, in ms, one right after the other."""

    with_them: float
    without: float


@dataclass(frozen=True, slots=True)
class _Side:
    """A server, the learner's page of it, and all processes that stand still while the other side measures."""

    server: Server
    page: Page
    roots: tuple[psutil.Process, ...]

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Its processes take no part (SIGSTOP); connections stay."""
        found = [one for root in self.roots for one in (root, *root.children(recursive=True))]
        for process in found:
            with suppress(psutil.Error):
                process.suspend()
        try:
            yield
        finally:
            for process in found:
                with suppress(psutil.Error):
                    process.resume()


async def pairs(crowded: Server, empty: Server, idle: int, count: int) -> AsyncGenerator[Pair]:
    """So many, after `idle` pages of the one server were opened in a Chromium of theirs and have come to rest."""
    async with async_playwright() as playwright:
        learners = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        others, theirs = await _launched(playwright)
        here = _Side(crowded, await _ready(learners, crowded), (psutil.Process(crowded.process.pid), *theirs))
        there = _Side(empty, await _ready(learners, empty), (psutil.Process(empty.process.pid),))
        for _ in range(idle):
            await open_page(others, f"{crowded.url}/learn?lesson={_IDLE_LESSON}", [])
        await _until_idle()
        for number in range(count):
            first = await _measured(here, there) if number % 2 else await _measured(there, here)
            then = await _measured(there, here) if number % 2 else await _measured(here, there)
            yield Pair(first, then) if number % 2 else Pair(then, first)
        await learners.close()
        await others.close()


async def _launched(playwright: Playwright) -> tuple[Browser, list[psutil.Process]]:
    """A Chromium, and its processes that none of its others began."""
    before = set(psutil.Process().children(recursive=True))
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    new = set(psutil.Process().children(recursive=True)) - before
    return browser, [process for process in new if process.parent() not in new]


async def _ready(browser: Browser, server: Server) -> Page:
    """A learner's page where Run can be pressed; it was once, which trained the model."""
    page = await open_page(browser, f"{server.url}/learn?lesson={MEASURED}", [])
    await predicted(page, MEASURED)
    await measured_ms(server, page)
    return page


async def _measured(one: _Side, other: _Side) -> float:
    while other.server.children():  # a job that has just ended holds the machine's turn to measure until it is gone
        await asyncio.sleep(0.1)
    with other.stopped():
        await asyncio.sleep(_SETTLE_S)
        return await measured_ms(one.server, one.page)


async def _until_idle() -> None:
    """Wait until Chromium has tidied up behind pages that were opened."""
    for _ in range(_LOOKS):
        before = _chromium_s()
        await asyncio.sleep(_LOOK_S)
        used_s = sum(s - before.get(pid, 0.0) for pid, s in _chromium_s().items())
        if used_s < _IDLE_SHARE * _LOOK_S:
            return
    raise RuntimeError(f"Chromium used {used_s / _LOOK_S:.1%} of a processor {_LOOKS * _LOOK_S:g} s later")


def _chromium_s() -> dict[int, float]:
    """Processor time that each process under this one has used which is Chromium's."""
    found: dict[int, float] = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.name().startswith("chrom"):
                found[process.pid] = sum(process.cpu_times()[:2])
    return found
