"""Makes the pictures of the README by a real run: ``python docs/make_pictures.py``, or with ``lessons`` only theirs.

It starts the page on a free port with a state folder of its own, presses the buttons that a visitor would, and keeps
what the browser shows in docs/pictures/. It needs what the browser tests need: Playwright, and Debian's Chromium.
"""

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.visiting import CHROMIUM, FLAGS, Server, Visitor, settled, start_server, stop_server  # noqa: E402
from tests.browser.walks import LIVE, WALKS, walk  # noqa: E402

PICTURES = Path(__file__).parent / "pictures"
WIDTH_PX, HEIGHT_PX = 1280, 860
MOST_BYTES = 300_000
TRIES = 5
_RUN_MS = 240_000
SITUATIONS = {
    "steady": "rate_rps=2000&look=Against+load",
    "ordinary_day": "architecture=container_orchestrated&rate_rps=2500&look=Replicas",
    "flash_sale": "architecture=monolith&strategy=embedded&rate_rps=2100",
    "real_traces": "architecture=traditional&rate_rps=1200",
    "slow_dependency": "rate_rps=1500&look=Stations",
    "replica_killed": "architecture=monolith&strategy=embedded&rate_rps=4500&set.replicas=2",
    "cold_morning": "architecture=serverless&rate_rps=300",
    "retry_storm": "architecture=monolith&strategy=embedded&rate_rps=3000",
}
"""Preset of the Simulate page to the rest of its address."""
MOMENTS = {"start": "", "prediction": "Predict", "result": "Observe", "done": "Challenge"}
"""Of a lesson, each with the heading that its picture begins at; none is the top."""


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="drydock-pictures-"))
    server = start_server(home)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            if sys.argv[1:] != ["lessons"]:
                _take_all(browser, server)
            _take_lessons(browser, server)
            browser.close()
    finally:
        stop_server(server)
        shutil.rmtree(home, ignore_errors=True)


def _take_all(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, width=WIDTH_PX, height=HEIGHT_PX)
    page = visitor.open(server.url)
    _run_until_valid(page)
    _keep(page, "start")
    page.get_by_text("See all of it").click()
    expect(page.get_by_text("Take it with you")).to_be_visible()
    page.wait_for_timeout(1_500)
    link = page.url
    _keep(page, "compare", from_heading="Results")
    page.goto(f"{server.url}/train?dataset=car_choice")
    settled(page)
    _keep(page, "train", from_heading="3. The packages")
    page.goto(f"{server.url}/deploy")
    settled(page)
    page.get_by_role("button", name="Start API").click()
    page.get_by_role("button", name="Predict", exact=True).click(timeout=_RUN_MS)
    expect(page.get_by_text("chosen:")).to_be_visible()
    _keep(page, "deploy", from_heading="What runs")
    page.get_by_role("button", name="Stop").click()
    _take_situations(page, server)
    _take_release(page, server)
    dark = Visitor(browser, theme="dark", width=WIDTH_PX, height=HEIGHT_PX)
    dark.context.add_cookies(visitor.context.cookies())
    _keep(dark.open(link), "compare-dark", from_heading="Results")


def _take_situations(page: Page, server: Server) -> None:
    """The Simulate page in every situation, from its sliders on."""
    for preset, rest in SITUATIONS.items():
        page.goto(f"{server.url}/simulate?preset={preset}&{rest}")
        expect(page.get_by_text("How far to trust these figures")).to_be_visible(timeout=_RUN_MS)
        settled(page)
        page.get_by_text("More settings").evaluate("button => button.scrollIntoView()")
        page.mouse.wheel(0, -140)
        _keep(page, f"simulate-{preset.replace('_', '-')}")


def _take_release(page: Page, server: Server) -> None:
    """A canary with an erring version, simulated."""
    page.goto(f"{server.url}/release?policy=Canary")
    settled(page)
    page.get_by_role("button", name="Simulate it").click()
    page.wait_for_timeout(20_000)
    settled(page)
    _keep(page, "release", from_heading="What happened")


def _take_lessons(browser: Browser, server: Server) -> None:
    """Lessons on the way from start to end, and the map afterwards; one learner does them all."""
    visitor = Visitor(browser, width=WIDTH_PX, height=HEIGHT_PX)
    for about in (*WALKS, LIVE):
        page = visitor.open(f"{server.url}/learn?lesson={about.lesson}")
        walk(page, about, partial(_keep_moment, page, about.lesson[:2]))
        page.close()
    _keep(visitor.open(f"{server.url}/learn"), "learn")
    visitor.leave()


def _keep_moment(page: Page, number: str, moment: str) -> None:
    _keep(page, f"lesson-{number}-{moment}", from_heading=MOMENTS[moment])


def _run_until_valid(page: Page) -> None:
    """Press the button until a run is to be trusted: on a machine that is busy with other things some are not."""
    for _ in range(TRIES):
        page.get_by_role("button", name="Run the comparison").click()
        expect(page.get_by_text("See all of it")).to_be_hidden()
        expect(page.get_by_text("See all of it")).to_be_visible(timeout=_RUN_MS)
        settled(page)
        if not page.get_by_text("not to be trusted").count():
            return
    raise SystemExit("No run was valid: something else keeps this machine busy. Try again when it is quiet.")


def _keep(page: Page, name: str, from_heading: str = "") -> None:
    """Keep what the window shows, from that heading on or from the top."""
    page.wait_for_timeout(1_200)  # charts draw themselves after the page has settled
    page.mouse.move(0, 0)  # no control looks pressed
    if from_heading:
        page.get_by_role("heading", name=from_heading).first.evaluate("heading => heading.scrollIntoView()")
        page.mouse.wheel(0, -70)  # the navigation covers the top
        page.wait_for_timeout(400)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {size:,} bytes; at most {MOST_BYTES:,} are allowed: show less of the page")
    print(f"{path.relative_to(ROOT)}  {size // 1_000} kB")


if __name__ == "__main__":
    main()
