"""A class at its lessons at the same time: one Chromium, a context for each learner, all of them real pages.

How long the page takes to answer is told twice: by the browser, from a key to the page at rest, and by the server, from
the message that it is sent to the last one that it sends back. Where both share a machine, the first counts the
browser's own work for all learners against the server.
"""

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from data.store.learning import LearningStore
from tests.browser.steps import LONG_MS
from tests.browser.visiting import CHROMIUM, FLAGS, Server

expect.set_options(timeout=LONG_MS)
_COMING = 6
"""Pauses over which a class comes in: nobody opens the page at the same moment."""
_LIGHT = ("--blink-settings=imagesEnabled=false",)
_LISTEN = """(() => {
  const found = (window.answers = { sent: 0, heard: 0 });
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!this.listening) {
      this.listening = true;
      this.addEventListener("message", () => { found.heard = performance.now(); });
    }
    found.sent = performance.now();
    return send.call(this, data);
  };
})()"""
# From the next key or click to the last change that follows from it: nothing comes or moves for a while after that.
_ARM = """() => {
  const found = Object.assign(window.answers, { began: 0, changed: 0, took: null });
  const app = document.querySelector('[data-testid="stApp"]'), quiet_ms = 250;
  const begin = () => { found.began ||= performance.now(); };
  for (const kind of ["keydown", "pointerdown"]) window.addEventListener(kind, begin, { capture: true, once: true });
  const watch = new MutationObserver(() => { found.changed = performance.now(); });
  watch.observe(app, { attributes: true, childList: true, characterData: true, subtree: true });
  const look = () => {
    const last = Math.max(found.heard, found.changed);
    const answered = found.began && found.sent >= found.began && found.heard > found.sent;
    const still = app.dataset.testScriptState === "notRunning" && performance.now() - last > quiet_ms;
    if (!answered || !still) return setTimeout(look, 20);
    watch.disconnect();
    Object.assign(found, { took: last - found.began, server: found.heard - found.sent });
  };
  look();
}"""
_ANSWERED = "() => window.answers.took !== null"
_TOOK = "() => [window.answers.took, window.answers.server]"


@dataclass(frozen=True, slots=True)
class Seat:
    """What one learner is to do."""

    number: int
    lesson: str
    slider: str
    """The label of a control to move."""
    moves: int = 2

    @property
    def predicted(self) -> float:
        """A number that nobody else predicts."""
        return 1_000.5 + 7 * self.number

    @property
    def seed(self) -> int:
        """A seed that nobody else has."""
        return 5_000 + self.number


@dataclass(slots=True)
class Attended:
    """What one learner saw."""

    seat: Seat
    responses_ms: list[float] = field(default_factory=list)
    """From a key on a control to the page at rest."""
    server_ms: list[float] = field(default_factory=list)
    """The server's own part of each."""
    text: str = ""
    """All that the lesson's page says at the end."""
    code: str = ""
    complaints: list[str] = field(default_factory=list)
    """Of the browser's console."""


def hold(
    server: Server, seats: Sequence[Seat], *, pause_s: float = 0.0, at_the_end: Callable[[], None] = lambda: None
) -> list[Attended]:
    """All of them go through their lessons at the same time, each thinking for about `pause_s` before each step.

    It runs in a thread of its own, as the synchronous Playwright keeps an event loop in the tests' thread.
    `at_the_end` is called while all pages are still open.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _class(server, seats, pause_s, at_the_end)).result()


async def _class(
    server: Server, seats: Sequence[Seat], pause_s: float, at_the_end: Callable[[], None]
) -> list[Attended]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *_LIGHT])
        learners = [_Learner(server, seat, pause_s) for seat in seats]
        try:
            found = await asyncio.gather(*(learner.attend(browser) for learner in learners))
            await asyncio.to_thread(at_the_end)
        finally:
            await browser.close()
    return list(found)


async def timed(page: Page, act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds from a key or click until the page is at rest, and the server's own part of that."""
    await page.evaluate(_ARM)
    await act()  # type: ignore[misc]
    await page.wait_for_function(_ANSWERED)
    whole, own = await page.evaluate(_TOOK)
    return float(whole), float(own)


async def open_page(browser: Browser, address: str, complaints: list[str]) -> Page:
    """A page of its own context, that listens to how long the server takes."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(LONG_MS)
    await context.add_init_script(_LISTEN)
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    await rest(page)
    return page


async def rest(page: Page) -> None:
    """Until the page's script has run."""
    await page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    await expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)


class _Learner:
    def __init__(self, server: Server, seat: Seat, pause_s: float) -> None:
        self._server, self._seat, self._pause_s = server, seat, pause_s
        self._random = random.Random(seat.number)
        self._saw = Attended(seat)

    async def attend(self, browser: Browser) -> Attended:
        seat = self._seat
        address = f"{self._server.url}/learn?lesson={seat.lesson}&seed={seat.seed}"
        await asyncio.sleep(self._pause_s * self._random.uniform(0, _COMING))
        self._page = await open_page(browser, address, self._saw.complaints)
        await self._predict()
        await self._press(self._button("Run"))
        await expect(self._page.get_by_role("heading", name="Observe")).to_be_visible()
        await self._move()
        await self._explain()
        self._saw.text = await self._page.locator('[data-testid="stMain"]').inner_text()
        await self._press(self._button("All lessons"))
        known = await self._page.get_by_text(re.compile("Your progress: code")).inner_text()
        self._saw.code = known.split("code")[-1].strip()
        return self._saw

    async def _predict(self) -> None:
        await self._check(self._part("direction").get_by_role("radio").first)
        await self._think()
        field = self._part("number").get_by_role("spinbutton")
        await field.fill(f"{self._seat.predicted:g}")
        await field.press("Enter")
        await self._press(self._button("Predict"))
        await expect(self._button("Run")).to_be_enabled()

    async def _move(self) -> None:
        slider = self._page.get_by_role("slider", name=self._seat.slider)
        for turn in range(self._seat.moves):
            await self._think()
            await rest(self._page)
            await slider.focus()
            key = "ArrowLeft" if turn % 2 else "ArrowRight"
            whole, own = await timed(self._page, lambda key=key: self._page.keyboard.press(key))  # type: ignore[misc]
            self._saw.responses_ms.append(whole)
            self._saw.server_ms.append(own)

    async def _explain(self) -> None:
        await self._check(self._part("mechanism").get_by_role("radio").first)
        await self._press(self._part("mechanism.answer").get_by_role("button"))
        await rest(self._page)

    async def _press(self, target: Locator) -> None:
        await self._think()
        await rest(self._page)
        await expect(target).to_be_enabled()
        await target.click()
        await rest(self._page)

    async def _check(self, option: Locator) -> None:
        await self._think()
        await rest(self._page)
        await option.check(force=True)
        await rest(self._page)

    async def _think(self) -> None:
        await asyncio.sleep(self._pause_s * self._random.uniform(0.5, 1.5))

    def _button(self, name: str) -> Locator:
        return self._page.get_by_role("button", name=name, exact=True)

    def _part(self, name: str) -> Locator:
        key = re.sub(r"[^a-zA-Z0-9_-]", "-", f"learn.{self._seat.lesson}.{name}")
        return self._page.locator(f".st-key-{key}")


def crossed(server: Server, found: Sequence[Attended]) -> list[str]:
    """Whatever one learner saw, or has in their progress, that is another's; nothing else is in either."""
    store = LearningStore(f"sqlite:///{server.home}/runs.db")
    problems = [f"{one.seat.number}: {complaint}" for one in found for complaint in one.complaints]
    if len({one.code for one in found}) < len(found):
        problems.append(f"learners share a code: {[one.code for one in found]}")
    for one in found:
        seat, who = one.seat, f"learner {one.seat.number} in {one.seat.lesson}"
        if f"{seat.predicted:g}" not in one.text:
            problems.append(f"{who} does not see their own prediction")
        others = [other.seat for other in found if other is not one]
        problems += [f"{who} sees {other.number}'s" for other in others if f"{other.predicted:g}" in one.text]
        events = store.events(one.code)
        kept = {event.kind: event.data for event in events}
        said = [event.data["number"] for event in events if event.kind == "predicted"]
        ran = [event.data["record"]["seed"] for event in events if event.kind == "ran"]
        if {event.lesson for event in events} != {seat.lesson} or said != [seat.predicted] or ran != [seat.seed]:
            problems.append(f"{who} has in their progress: {said}, {ran}, {sorted(kept)}")
    return problems
