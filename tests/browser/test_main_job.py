"""The main job from nothing: train, deploy both ways, measure both, see both curves, take the traces home."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from data.estimates import as_text, summarise
from data.scenario import Scenario
from data.trace import Trace
from tests.browser.steps import LONG_MS, asked, cells, curves, draw_everything, press_run, wait_for_results
from tests.browser.visiting import Server, Visitor, settled, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

SMALL = (
    "model.algorithm=logistic&workload.rate_rps=60&workload.duration_s=2&measurement.repetitions=2"
    "&measurement.warm_up_s=0.3&slo.latency_ms=100"
)


def test_from_nothing_to_a_decision(fresh_server: Server, visitor: Visitor) -> None:
    page = visitor.open(f"{fresh_server.url}/train?algorithm_binary=logistic")
    expect(page.get_by_text("No model is packaged yet")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("is done: package")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("Guessing puts it first for 16.7%")).to_be_visible()
    expect(page.get_by_text("held-out rows it answers as the trained pipeline does")).to_be_visible()

    assert violations(page) == []

    page.get_by_role("link", name="Deploy", exact=True).click()
    answers = []
    for strategy in ("API", "Embedded"):
        page.get_by_role("button", name=f"Start {strategy}").click()
        panel = page.locator('[data-testid="stVerticalBlock"]').filter(
            has=page.get_by_role("heading", name=f"{strategy} with car_choice")
        )
        panel.last.get_by_role("button", name="Predict").click(timeout=LONG_MS)
        expect(panel.last.get_by_text("chosen:")).to_be_visible()
        answers.append(panel.last.locator('[data-testid="stTable"]').inner_text())
    assert answers[0] == answers[1], "the two deployments answer the same row differently"
    assert len(fresh_server.children()) >= 3
    assert violations(page) == []
    for _ in answers:
        page.get_by_role("button", name="Stop").last.click()
        expect(page.get_by_text("It was stopped")).not_to_have_count(0)
        settled(page)

    page.goto(f"{fresh_server.url}/compare?{SMALL}")
    settled(page)
    press_run(page)
    wait_for_results(page)
    draw_everything(page)
    expect(curves(page)).to_have_count(2)
    expect(page.get_by_role("figure", name=re.compile("Share of requests.*embedded.*api", re.DOTALL))).to_be_visible()

    shown = cells(page)
    traces = _downloaded_traces(page)
    assert set(traces) == {"embedded", "api"} == set(shown["p50"])
    scenario = asked(SMALL)
    for name, found in traces.items():
        assert len(found) == 2
        assert all(trace.provenance.origin == "measured" for trace in found)
        summary = summarise(found, scenario.slo)
        assert shown["source"][name] == "measured"
        assert shown["p50"][name] == as_text(summary.p50_ms)
        assert shown["p95"][name] == as_text(summary.p95_ms)
        assert shown["p99"][name] == as_text(summary.p99_ms)
        assert shown["throughput"][name] == as_text(summary.throughput_rps)
        assert shown["CPU per 1,000"][name] == as_text(summary.cpu_s_per_1000)

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Figures (JSON)").click()
    figures = json.loads(Path(waiting.value.path()).read_text())
    assert [c["name"] for c in figures["candidates"]] == ["embedded", "api"]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Scenario (TOML)").click()
    assert Scenario.load(Path(waiting.value.path())) == scenario


def _downloaded_traces(page) -> dict[str, list[Trace]]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Traces (Parquet)").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    folder = Path(waiting.value.path()).with_suffix(".unpacked")
    archive.extractall(folder)
    found: dict[str, list[Trace]] = {}
    for name in sorted(archive.namelist()):
        found.setdefault(name.rpartition("-")[0], []).append(Trace.load(folder / name))
    return found
