"""Browsers that share the server's machine, each as if it had one of its own.

Thirty browsers that draw on the server's two processors are what no class has. So a browser whose learner does not wait
takes what the others leave, and one whose learner does has as much as the server has. Linux shares processors among
sessions, and every browser here is one (sched(7), autogroup); where it does not, they all compete.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
from playwright.async_api import Browser, Playwright

from tests.browser.visiting import CHROMIUM, FLAGS

_LIGHT = ("--blink-settings=imagesEnabled=false",)
_LEAST = 19
"""Niceness: what is left over."""


class Machine:
    """One learner's browser."""

    def __init__(self, browser: Browser, seat: str) -> None:
        self.browser = browser
        self._leader = _leader_of(seat)

    @contextlib.contextmanager
    def awaited(self) -> Iterator[None]:
        """Its learner waits for it meanwhile."""
        self._share(0)
        try:
            yield
        finally:
            self._share(_LEAST)

    def _share(self, niceness: int) -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._leader}/autogroup").write_text(str(niceness))


async def machine(playwright: Playwright, seat: str) -> Machine:
    """Start one that nobody waits for yet; `seat` is a name of its own."""
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *_LIGHT, _mark(seat)])
    found = Machine(browser, seat)
    with found.awaited():
        pass
    return found


def _mark(seat: str) -> str:
    return f"--drydock-seat={seat}"  # Chromium ignores what it does not know


def _leader_of(seat: str) -> int:
    """The process that the browser's others come from."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if _mark(seat) in process.cmdline():
                return process.pid
    raise AssertionError(f"the browser of {seat} does not run")
