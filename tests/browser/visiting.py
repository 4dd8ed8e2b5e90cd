"""A real server and a real Chromium: what the browser tests stand on.

The server is `python -m dashboard` on a free port with a state folder of its own. Chromium is Debian's; Playwright only
drives it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What is in order is neither told apart nor named, which takes most of the time on a large page.
AXE_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"], "selectors": False,
}  # fmt: skip

expect.set_options(timeout=20_000)


@dataclass
class Server:
    """A running page."""

    url: str
    process: subprocess.Popen[str]
    home: Path

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def start_server(home: Path, *arguments: str, root: Path = ROOT) -> Server:
    """Start `python -m dashboard` of the project in `root` on a free port and wait until it says where it is."""
    environment = {**os.environ, "DRYDOCK_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "--port", "0", "--no-browser", *arguments],
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if not found:
        process.kill()
        raise AssertionError(f"the server did not start: {line}{(home / 'server.log').read_text()}")
    return Server(found[0], process, home)


def stop_server(server: Server) -> None:
    """End it as Ctrl-C would; whatever it started must be gone when it is."""
    started = server.children()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=60)
    assert server.process.stdout is not None
    server.process.stdout.close()
    _gone, alive = psutil.wait_procs(started, timeout=20)
    for process in alive:
        process.kill()
    assert not alive, f"the server left processes behind: {alive}"


_left: dict[tuple[Browser, str], list[BrowserContext]] = defaultdict(list)
"""Browsers whose person has left, wiped clean: only the files that never change are still in their caches."""


class Visitor:
    """One person with a browser of their own, who notices every complaint and every request that leaves the machine."""

    def __init__(self, browser: Browser, *, theme: str = "light", width: int = 1280, height: int = 900) -> None:
        self._of, self._size = (browser, theme), ViewportSize(width=width, height=height)
        self.context: BrowserContext = _left[self._of].pop() if _left[self._of] else self._new()
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []

    def _new(self) -> BrowserContext:
        browser, theme = self._of
        return browser.new_context(
            color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce", accept_downloads=True
        )

    def open(self, address: str) -> Page:
        """A new tab on the address, ready when the page's script has run."""
        page = self.context.new_page()
        page.set_viewport_size(self._size)
        page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        own = re.match(r"\w+://[^/]+", address)
        assert own is not None
        page.on("request", lambda request: self._note(request.url, own[0]))
        page.goto(address)
        settled(page)
        return page

    def _hear(self, text: str) -> None:
        # Chromium drops what is under way whenever an interface comes or goes, as with each container that starts.
        if "ERR_NETWORK_CHANGED" not in text:
            self.complaints.append(text)

    def _note(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:", "blob:", "about:")):
            self.elsewhere.append(url)

    def leave(self) -> None:
        """Close every tab and forget the person; nothing may have gone wrong unseen."""
        self.context.set_offline(False)
        for page in self.context.pages:
            own = page.url.split("/")
            if own[0].startswith("http"):
                told = self.context.new_cdp_session(page)
                told.send("Storage.clearDataForOrigin", {"origin": "/".join(own[:3]), "storageTypes": "all"})
            page.close()
        self.context.clear_cookies()
        _left[self._of].append(self.context)
        assert not self.complaints, f"the console complains: {self.complaints}"
        assert not self.elsewhere, f"requests left the machine: {self.elsewhere}"


def settled(page: Page) -> None:
    """Wait until the page's script has run and nothing is being drawn."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=30_000)
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA, one line each; what a page shows while it is drawn anew does not count.

    Streamlit pales whatever it is about to replace, and a live page does so every few seconds. What is still found when
    nothing is stale, several times in a row, is the page's own.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    for _ in range(5):
        settled(page)
        expect(page.locator('[data-stale="true"]')).to_have_count(0)
        page.wait_for_timeout(300)  # colours come back by a transition
        found = page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)
        if not found["violations"]:
            break
    return [
        f"{v['id']} ({v['impact']}): {node['html'][:160]} — {node['failureSummary'][:400]}"
        for v in found["violations"]
        for node in v["nodes"]
    ]


def overflow_px(page: Page) -> int:
    """How far the page is wider than its window."""
    return int(
        page.evaluate(
            """() => Math.max(...[document.documentElement, ...document.querySelectorAll('[data-testid="stMain"]')]
                 .map(e => e.scrollWidth - e.clientWidth))"""
        )
    )
