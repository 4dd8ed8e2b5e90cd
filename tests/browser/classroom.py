"""A class at its lessons at the same time, each learner in a real Chromium of their own.

How long the page takes to answer is told twice: on the screen, from a key to the page at rest, and at the server's
door, from the question to the last word of the answer.
"""

import asyncio
import contextlib
import os
import random
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from playwright.async_api import Locator, async_playwright, expect

from data.store.learning import LearningStore
from tests.browser.answers import open_page, rest, timed
from tests.browser.machines import Machine, machine
from tests.browser.steps import LONG_MS
from tests.browser.visiting import Server
from tests.browser.wire import Wire

expect.set_options(timeout=LONG_MS)
_COMING = 9
"""Pauses over which a class comes in: nobody opens the page at the same moment."""


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


@dataclass(frozen=True, slots=True)
class Took:
    """One move of a control. Milliseconds."""

    screen: float
    """From the key to the page at rest."""
    door: float
    """From the question that reaches the server to the last of the answer that leaves it."""


@dataclass(slots=True)
class Attended:
    """What one learner saw."""

    seat: Seat
    took: list[Took] = field(default_factory=list)
    """Each move of the control."""
    text: str = ""
    """All that the lesson's page says at the end."""
    code: str = ""
    complaints: list[str] = field(default_factory=list)
    """Of the browser's console."""


def hold(
    server: Server, seats: Sequence[Seat], *, pause_s: float = 0.0, at_the_end: Callable[[], None] = lambda: None
) -> list[Attended]:
    """All of them go through their lessons at the same time, each thinking for about `pause_s` before each step.

    It runs in a thread of its own, as the synchronous Playwright keeps an event loop in the tests' thread. `at_the_end`
    is called while all pages are still open.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _class(server, seats, pause_s, at_the_end)).result()


async def _class(
    server: Server, seats: Sequence[Seat], pause_s: float, at_the_end: Callable[[], None]
) -> list[Attended]:
    async with async_playwright() as playwright, contextlib.AsyncExitStack() as open_ones:
        learners = []
        for seat in seats:
            own = await machine(playwright, f"{os.getpid()}-{seat.number}")
            open_ones.push_async_callback(own.browser.close)
            wire = await open_ones.enter_async_context(Wire(server.url))
            learners.append(_Learner(own, wire, seat, pause_s))
        found = await asyncio.gather(*(learner.attend() for learner in learners))
        await asyncio.to_thread(at_the_end)
    return list(found)


class _Learner:
    def __init__(self, own: Machine, wire: Wire, seat: Seat, pause_s: float) -> None:
        self._own, self._wire, self._seat, self._pause_s = own, wire, seat, pause_s
        self._random = random.Random(seat.number)
        self._saw = Attended(seat)

    async def attend(self) -> Attended:
        seat = self._seat
        address = f"{self._wire.url}/learn?lesson={seat.lesson}&seed={seat.seed}"
        await asyncio.sleep(self._pause_s * self._random.uniform(0, _COMING))
        self._page = await open_page(self._own.browser, address, self._saw.complaints)
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
        # One that stands at its upper end does not move up, and then nothing is asked of the server.
        back = await slider.evaluate("one => one.value === one.max")
        for _ in range(self._seat.moves):
            await self._think()
            await rest(self._page)
            await slider.focus()
            self._wire.listen()
            press = partial(self._page.keyboard.press, "ArrowLeft" if back else "ArrowRight")
            with self._own.awaited():
                screen = await timed(self._page, press)
            self._saw.took.append(Took(screen, self._wire.answer_ms()))
            back = not back

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
