"""Moving the Simulate page's slider in a real Chromium, and waiting for the new curve to be painted."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.visiting import CHROMIUM, FLAGS, settled, start_server, stop_server

_READY_MS = 400_000
# From the slider's event to the frame after the one in which the drawn line is another.
_MOVE = """([name, steps]) => new Promise((resolve, reject) => {
  const find = (root) => root.querySelector("[id=drydock-slider-" + name + "]");
  const host = [...document.querySelectorAll("*")].find((e) => e.shadowRoot && find(e.shadowRoot));
  const slider = find(host?.shadowRoot ?? document);
  const line = () => document.querySelector(".js-plotly-plot .js-line")?.getAttribute("d");
  const before = line(), begun = performance.now();
  const look = () => {
    const now = performance.now();
    if (now - begun > 20000) return reject(new Error("no new curve came"));
    if (!line() || line() === before) return requestAnimationFrame(look);
    requestAnimationFrame(() => resolve(performance.now() - begun));
  };
  slider.value = Number(slider.value) + steps;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(look);
})"""


@contextmanager
def slider_ms(query: str, name: str = "rate_rps") -> Iterator[Callable[[int], float]]:
    """A function that moves the slider by so many steps, and returns the milliseconds until the new curve is seen."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_server(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{server.url}/simulate?{query}")
            expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=_READY_MS)
            settled(page)
            page.wait_for_timeout(1_000)
            yield lambda steps: move(page, name, steps)
            browser.close()
        finally:
            stop_server(server)


def move(page: Page, name: str, steps: int) -> float:
    """Move it, and wait until everything that answers it is drawn."""
    took_ms = float(page.evaluate(_MOVE, [name, steps]))
    settled(page)
    page.wait_for_timeout(100)
    return took_ms
