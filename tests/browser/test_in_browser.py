"""The model in the visitor's browser: a digit drawn and recognised, a thousand predictions measured into the store."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboard.training.packages import label
from data.errors import DrydockError
from data.provenance import Provenance
from data.store import RunFilter, RunStore
from data.trace import Trace
from simulators.comparison.saved import load_comparison
from strategies.browsing import runtime
from strategies.browsing.fetching import fetch
from strategies.browsing.rows import browser_rows
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline
from tests.browser.visiting import Server, Visitor, overflow_px, settled, start_server, stop_server, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE_MS = 60_000
# Corners of strokes, in sides of the pad.
ZERO = [[(0.5 + 0.22 * np.sin(a), 0.5 - 0.35 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 24)]]
THREE = [[(0.3, 0.2), (0.6, 0.18), (0.65, 0.32), (0.45, 0.48), (0.67, 0.65), (0.58, 0.83), (0.3, 0.82)]]
FOUR = [[(0.5, 0.15), (0.3, 0.55), (0.75, 0.55)], [(0.6, 0.4), (0.6, 0.88)]]
FIVE = [[(0.68, 0.17), (0.38, 0.17), (0.35, 0.45), (0.6, 0.45), (0.68, 0.65), (0.55, 0.83), (0.3, 0.82)]]


@pytest.fixture(scope="module")
def _runtime_here() -> None:
    if not runtime.installed():
        try:
            fetch(runtime.lock(), runtime.folder())
        except DrydockError as error:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory,
    digits_network: ModelPackage,
    tumour_forest: ModelPackage,
    flights_linear: ModelPackage,
    _runtime_here: None,
) -> Iterator[Server]:
    """A server with a model of each task on its shelf."""
    home = tmp_path_factory.mktemp("shop")
    for package in (digits_network, tumour_forest, flights_linear):
        shutil.copytree(package.folder, home / "packages" / package.version)
    running = start_server(home)
    yield running
    stop_server(running)


def opened(visitor: Visitor, shop: Server, package: ModelPackage) -> Page:
    page = visitor.open(f"{shop.url}/browser?package={quote(label(package))}")
    expect(said(page)).to_contain_text("Ready: the model is in this browser", timeout=PATIENCE_MS)
    return page


def said(page: Page) -> Locator:
    return page.locator('[data-part="result"]')


def draw(page: Page, strokes: list[list[tuple[float, float]]]) -> None:
    """Draw as a hand with a mouse does."""
    page.get_by_role("button", name="Clear").click()
    pad = page.locator('[data-part="pad"]')
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()


def test_a_drawn_digit_is_recognised(visitor: Visitor, shop: Server, digits_network: ModelPackage) -> None:
    page = opened(visitor, shop, digits_network)
    for strokes, digit in ((ZERO, "0"), (THREE, "3"), (FOUR, "4"), (FIVE, "5")):
        draw(page, strokes)
        expect(said(page)).to_have_text(re.compile(rf"^digit: {digit}, probability .*in this browser"))
        shares = page.locator('[data-part="answers"] td').all_inner_texts()
        assert len(shares) == 10
        assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100.0, abs=0.6)


def test_the_keyboard_draws_a_one(visitor: Visitor, shop: Server, digits_network: ModelPackage) -> None:
    page = opened(visitor, shop, digits_network)
    page.locator('[data-part="pad"]').focus()
    for key in ["Space", *["ArrowDown"] * 9, "Space"]:
        page.keyboard.press(key)
    expect(said(page)).to_have_text(re.compile(r"^digit: 1, "))
    page.keyboard.press("Delete")
    expect(said(page)).to_have_text("Cleared.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.activeElement.dataset.part"
    assert page.evaluate(focused) == "row", "the keyboard goes on from the pad to the samples"


@pytest.mark.parametrize("model", ["digits_network", "tumour_forest", "flights_linear"])
def test_a_thousand_predictions_arrive_in_the_store(
    chromium: Browser, shop: Server, model: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    package: ModelPackage = request.getfixturevalue(model)
    visitor = Visitor(chromium)  # a person of its own, whose only run this is
    page = opened(visitor, shop, package)
    page.get_by_role("button", name="Predict this row").click()
    expect(said(page)).to_contain_text("The server's answer differs by")
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.get_by_role("button", name="Measure 1,000 predictions").click()
    expect(page.get_by_text("1,000 predictions are in the store as run")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    assert not [url for url in asked if "/model/" in url or "/predict" in url], "a prediction asked the server"

    monkeypatch.setenv("DRYDOCK_HOME", str(shop.home))
    cookies = {cookie["name"]: cookie["value"] for cookie in visitor.context.cookies()}
    store = RunStore(cookies["drydock_browser"])
    (run,) = store.find(RunFilter())
    assert run.status == "done", run.problems
    trace = store.trace(run.id)
    _is_whole(trace, package)
    assert load_comparison(store, run.group).results[0].summary is not None
    visitor.leave()


def _is_whole(trace: Trace, package: ModelPackage) -> None:
    given = browser_rows(package)
    provenance: Provenance = trace.provenance
    assert len(trace) == len(trace.counted()) == 1_000
    assert trace.ok.all()
    assert (trace.latency_s >= 0).all()
    assert trace.latency_s.max() > 0
    assert (np.diff(trace.scheduled_s) >= 0).all()
    assert (trace.scheduled_s[1:] >= trace.end_s[:-1]).all(), "one user asks again only when the answer is there"
    assert provenance.origin == "measured"
    assert provenance.software["onnxruntime-web"] == runtime.lock().version
    assert trace.versions == (package.version,)
    assert set(trace.row) == set(range(min(len(given.rows), 1_000)))
    expected = headline(given.answers, package.manifest.task)[trace.row]
    scale = np.maximum(np.abs(expected), 1.0)
    assert np.max(np.abs(trace.answer - expected) / scale) <= 1e-5
    clock = next(note for note in provenance.notes if "clock" in note)
    assert float(re.search(r"([\d.]+) µs", clock)[1]) <= 20.0, clock  # type: ignore[index]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_passes_axe_and_fits_every_screen(
    chromium: Browser, shop: Server, theme: str, digits_network: ModelPackage
) -> None:
    visitor = Visitor(chromium, theme=theme)
    page = opened(visitor, shop, digits_network)
    page.get_by_role("button", name="Predict this row").click()
    expect(page.locator('[data-part="answers"] td')).to_have_count(10)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert violations(page) == []
        assert overflow_px(page) == 0
    visitor.leave()


def test_files_that_are_not_for_browsers_are_not_served(shop: Server) -> None:
    paths = (
        "model/000000000000", "model/..%2f..%2fruns.db", "model/%00", "script/..%2fpart.py", "script/nothing.mjs",
        f"runtime/{runtime.lock().version}/..%2f..%2fREADME.md", f"runtime/{runtime.lock().version}/nothing.mjs",
    )  # fmt: skip
    for path in paths:
        assert httpx.get(f"{shop.url}/in-browser/{path}").status_code in {400, 404}, path


@pytest.mark.usefixtures("_runtime_here")
def test_the_runtime_is_the_one_that_was_locked() -> None:
    folder: Path = runtime.folder()
    assert sorted(path.name for path in folder.iterdir()) == sorted(Path(f).name for f in runtime.lock().files)
    assert f'"version": "{runtime.lock().version}"' in (folder / "package.json").read_text()


def test_a_small_device_is_measured_from_the_page(visitor: Visitor, shop: Server, digits_network: ModelPackage) -> None:
    page = visitor.open(f"{shop.url}/edge?package={quote(label(digits_network))}&memory_mib=512")
    page.get_by_role("button", name="Measure").click()
    # Its words are too long for a narrow screen, so that a grid draws it; what it says stands hidden in the page.
    expect(page.get_by_text("rows answered as the original does")).to_be_attached(timeout=120_000)
    settled(page)
    heads = page.get_by_role("columnheader", include_hidden=True).all_text_contents()
    assert [head.strip() for head in heads][-2:] == ["original", "int8"]
    assert any("MiB" in cell for cell in page.get_by_role("gridcell", include_hidden=True).all_text_contents())
    assert violations(page) == []
    page.get_by_role("link", name="See the runs compared").click()
    expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=PATIENCE_MS)
