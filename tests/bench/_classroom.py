"""A server full of learners: its memory, a learner alone at it, and one who measures."""

import asyncio
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psutil
from playwright.async_api import Page, async_playwright, expect

from data.store.learning import LearningStore
from tests.browser.answers import open_page, rest, timed
from tests.browser.visiting import CHROMIUM, FLAGS, Server, start_server, stop_server

_T = TypeVar("_T")
_EVERY_S = 1.0
_LESSON, _SLIDER = "08_load_and_tails", "Arrivals"
MEASURED = "04_embedded_or_api"
"""A lesson with a badge that says measured."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server with a state folder of its own; leaving it checks that all its processes are gone."""
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder))
        try:
            yield server
        finally:
            stop_server(server)


class Memory:
    """The most that a server and its processes have used at once so far, shared pages counted by their share."""

    def __init__(self, server: Server) -> None:
        self.most_bytes = 0
        self._process = psutil.Process(server.process.pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S):
            self.most_bytes = max(self.most_bytes, self._now())

    def _now(self) -> int:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += int(process.memory_full_info().pss)
            except psutil.Error:
                continue  # it ended meanwhile
        return total


class Alone:
    """One learner at a quiet server. Milliseconds."""

    def __init__(self) -> None:
        self.opened: list[float] = []
        """From the address to the lesson's first words on the screen."""
        self.control: list[float] = []
        """From a key on a control, which redraws a part of the page, to the page at rest."""
        self.whole: list[float] = []
        """From an answer, which redraws all of it, to the page at rest."""


def alone(server: Server, times: int) -> Alone:
    """One learner opens a lesson, moves a control and answers a question, so many times."""
    return _in_a_thread(_alone(server, times))


async def _alone(server: Server, times: int) -> Alone:
    found = Alone()
    address = f"{server.url}/learn?lesson={_LESSON}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = await open_page(browser, address, [])
        for _ in range(max(5, times // 3)):
            began_s = asyncio.get_running_loop().time()
            await page.goto(address)
            await page.get_by_role("heading", level=1).wait_for()
            found.opened.append((asyncio.get_running_loop().time() - began_s) * 1e3)
            await rest(page)
        await predicted(page, _LESSON)
        await _press_run(page)  # with results on the page there is more to draw
        await expect(page.get_by_role("heading", name="Observe")).to_be_visible()
        await rest(page)
        slider = page.get_by_role("slider", name=_SLIDER)
        for turn in range(times):
            await slider.focus()
            key = "ArrowLeft" if turn % 2 else "ArrowRight"
            found.control.append(await timed(page, partial(page.keyboard.press, key)))
            await asyncio.sleep(0.3)
        for turn in range(times):
            found.whole.append(await _answer(page, turn))
        await browser.close()
    return found


async def _answer(page: Page, turn: int) -> float:
    worked = f".st-key-learn-{_LESSON}-worked"
    field = page.locator(worked).get_by_role("spinbutton")
    await field.fill(f"{10 + turn % 9}")
    await field.press("Enter")
    await rest(page)
    button = page.locator(f"{worked}-answer").get_by_role("button")
    await expect(button).to_be_enabled()
    took_ms = await timed(page, button.click)
    await rest(page)
    await asyncio.sleep(0.3)
    return took_ms


def cancelling_ms(server: Server, times: int) -> list[float]:
    """From pressing Cancel of a measured lesson until nothing of it listens on a port any more."""
    return _in_a_thread(_cancelling_ms(server, times))


async def _cancelling_ms(server: Server, times: int) -> list[float]:
    found: list[float] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = await open_page(browser, f"{server.url}/learn?lesson={MEASURED}", [])
        await predicted(page, MEASURED)
        for _ in range(times):
            await _press_run(page)
            while not _listening(server):
                await asyncio.sleep(0.02)
            cancel = page.get_by_role("button", name="Cancel", exact=True)
            began_s = asyncio.get_running_loop().time()
            await cancel.click()
            while _listening(server):
                await asyncio.sleep(0.02)
            found.append((asyncio.get_running_loop().time() - began_s) * 1e3)
        await browser.close()
    return found


def _listening(server: Server) -> bool:
    """Whether a process that the server started listens on a port."""
    for process in server.children():
        try:
            if any(one.status == psutil.CONN_LISTEN for one in process.net_connections("tcp")):
                return True
        except psutil.Error:
            continue  # it ended meanwhile
    return False


async def predicted(page: Page, lesson: str) -> None:
    """The learner has committed to a prediction, so that Run can be pressed."""
    prefix = f".st-key-learn-{lesson}"
    await page.locator(f"{prefix}-direction").get_by_role("radio").first.check(force=True)
    await rest(page)
    number = page.locator(f"{prefix}-number").get_by_role("spinbutton")
    await number.fill("50")
    await number.press("Enter")
    await rest(page)
    await page.get_by_role("button", name="Predict", exact=True).click()
    await rest(page)


async def measured_ms(server: Server, page: Page) -> float:
    """Run the lesson; what it then says of the median over the API."""
    store = LearningStore(f"sqlite:///{server.home}/runs.db")
    before = len(_runs(store))
    await _press_run(page)
    while len(_runs(store)) == before:
        await asyncio.sleep(0.2)
    await rest(page)
    return float(_runs(store)[-1]["record"]["figures"]["api"]["value"])


async def _press_run(page: Page) -> None:
    run = page.get_by_role("button", name="Run", exact=True)
    await expect(run).to_be_enabled()
    await rest(page)
    await run.click()


def _runs(store: LearningStore) -> list[Any]:
    learners = store.learners("")
    return [event.data for event in store.events_of([one.code for one in learners]) if event.kind == "ran"]


def _in_a_thread(what: Coroutine[Any, Any, _T]) -> _T:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, what).result()
