"""Predictions in a real Chromium, by the scripts and from the server that visitors get."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from dashboard.browsing.serving import RUNTIME, model_path
from strategies.browsing.rows import BrowserRows
from strategies.packaging.package import ModelPackage
from tests.browser.visiting import CHROMIUM, FLAGS, start_server, stop_server

_LOAD = """async (given) => {
  const { Model } = await import(new URL("/in-browser/script/model.mjs", location.origin));
  window.benched = new Model(given, () => {});
  await window.benched.ready;
}"""
_MEASURE = """async ([rows, count, width]) => {
  const report = await window.benched.measure(rows, count, 50, width);
  return (report.end_ms[count - 1] - report.start_ms[0]) / count;
}"""


@contextmanager
def predictions_ms(package: ModelPackage, given: BrowserRows, count: int) -> Iterator[Callable[[], float]]:
    """A function that predicts `count` rows in a browser, and returns the mean milliseconds of one."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(package.folder, Path(folder) / "packages" / package.version)
        server = start_server(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = browser.new_page()
            page.goto(f"{server.url}/browser")
            asked = {"runtime": RUNTIME, "model": model_path(package.version), "output": given.output}
            page.evaluate(_LOAD, asked)
            arguments = [given.rows.tolist(), count, given.answers.shape[1]]
            yield lambda: float(page.evaluate(_MEASURE, arguments))
            browser.close()
        finally:
            stop_server(server)
