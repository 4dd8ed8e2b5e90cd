"""The Simulate page without a browser: its drawing, its address, its answers and what it refuses."""

import re
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.simulating.drawing import svg
from dashboard.simulating.layout import USER, lay_out
from dashboard.simulating.scales import after, sliders_of
from dashboard.simulating.warming import Warmth, warmth
from dashboard.simulating.words import as_table, in_words
from data.discovery import kinds
from simulators.architectures.contract import Architecture
from simulators.plan import Choice, Exponential, Guard, Parallel, Plan, Retry, Sequence, Station, Unit, Visit
from simulators.presets.reference import reference_profile
from simulators.whatif import Question

ARCHITECTURES = kinds("simulators.architectures", Architecture)  # type: ignore[type-abstract]
PAIRS = [(name, strategy) for name, kind in ARCHITECTURES.items() for strategy in kind.strategies]
SVG = "{http://www.w3.org/2000/svg}"
Open = Callable[..., AppTest]


@pytest.fixture
def open_page(home: Path) -> Open:  # noqa: ARG001 - the page looks into a state folder of its own
    def opened(**parameters: str) -> AppTest:
        def page() -> None:
            from dashboard.views.simulate import Simulate

            Simulate().show()

        until_s = time.monotonic() + 280
        while warmth() is not Warmth.READY and time.monotonic() < until_s:
            time.sleep(0.2)  # the engine is compiled, once
        test = AppTest.from_function(page, default_timeout=60)
        for key, value in {"duration_s": "20", **parameters}.items():
            test.query_params[key] = value
        return test.run()

    return opened


def texts(page: AppTest) -> str:
    found = (str(e.value) for kind in (page.markdown, page.info, page.warning, page.error) for e in kind)
    return "\n".join(found).replace("\\", "")


@pytest.mark.parametrize("theme", ["light", "dark", "none"])
@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_every_plan_is_drawn_whole_and_within_its_frame(name: str, strategy: str, theme: str) -> None:
    plan = ARCHITECTURES[name]().plan(reference_profile(), strategy=strategy)
    drawing = lay_out(plan)
    assert set(drawing.boxes) == {station.name for station in plan.stations}
    assert {call.end for call in drawing.calls} == set(drawing.boxes), "every station is called by somebody"
    root = ElementTree.fromstring(svg(drawing, theme, bottleneck=plan.stations[0].name))
    width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
    for box in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
    labels = [text.text for text in root.iter(f"{SVG}text")]
    assert "busiest" in labels
    assert "Users" in labels
    said = in_words(plan, drawing, plan.stations[0].name)
    for station in plan.stations:
        assert station.name in said
    assert list(as_table(plan).index) == [station.name for station in plan.stations]


def test_calls_of_every_kind_are_told() -> None:
    stations = tuple(Station(name, Exponential(0.01), workers=i + 1) for i, name in enumerate("abcd"))
    inner = Choice(((0.25, Visit("d")),))
    guarded = Guard(Parallel((Visit("b", hop=Exponential(0.002)), inner)), timeout_s=0.1, retry=Retry(2))
    plan = Plan("p", tuple(Unit(s.name, (s,)) for s in stations), Sequence((Visit("a"), guarded, Visit("c"))))
    calls = {(call.start, call.end): call.said for call in lay_out(plan).calls}
    assert set(calls) == {(USER, "a"), ("a", "b"), ("a", "d"), ("a", "c")}
    assert calls["a", "b"] == "within 100 ms, 2 retries, 2.00 ms each way"
    assert calls["a", "d"] == "25% of requests"


def test_sliders_begin_where_the_question_is_and_move_it() -> None:
    question = Question(architecture="monolith", strategy="embedded")
    by_name = {slider.name: slider for slider in sliders_of(question)}
    assert list(by_name) == ["rate_rps", "replicas", "workers"]
    assert by_name["rate_rps"].value == question.rate_rps
    changed = after(question, {"rate_rps": 250.0, "replicas": 3, "workers": 1, "nonsense": 2})
    assert changed.rate_rps == 250
    assert changed.settings == (("replicas", 3),), "a default is not worth a place in the address"
    assert after(question, {"replicas": 0, "rate_rps": -1.0}) == question


def test_it_answers_with_figures_evidence_and_provenance(open_page: Open) -> None:
    page = open_page(rate_rps="800")
    assert not page.exception
    assert not page.error
    said = texts(page)
    assert re.search(r"busiest station is model: its workers were occupied \d+% of the time", said)
    figures = next(table.value for table in page.table if "throughput" in table.value.index)
    assert list(figures.index) == ["p50", "p95", "p99", "mean", "within the SLO", "throughput", "failed", "cold starts"]
    assert re.fullmatch(
        r"[\d.]+ ms \([\d.]+–[\d.]+, n=1[56],\d{3}\)", figures.loc["p99", "simulated"].replace("\\", "")
    )
    captions = " ".join(str(caption.value) for caption in page.caption)
    assert "seed 1, 20 s" in captions
    assert "A reference, not your machine" in captions
    assert "has not been measured on this machine yet" in captions


@pytest.mark.parametrize("look", ["Against load", "Over time", "Stations", "Replicas", "One request", "In motion"])
def test_every_chart_can_be_looked_at(open_page: Open, look: str) -> None:
    page = open_page(look=look, preset="replica_killed", **{"set.replicas": "2"})
    assert not page.exception
    assert not page.error
    assert page.radio(key="look").value == look
    assert page.query_params.get("look", "Over time") == look, "the usual one is not worth a place in the address"


def test_reasons_stand_in_the_place_of_failures(open_page: Open) -> None:
    page = open_page(architecture="monolith", strategy="streaming")
    assert not page.exception
    assert not page.error
    assert next(s for s in page.selectbox if s.label == "Strategy").value == "embedded"
    assert "Not Streaming: " in " ".join(str(caption.value) for caption in page.caption)
    functions = open_page(preset="replica_killed", architecture="serverless")
    assert "Nothing is killed here" in texts(functions)


def test_an_overload_is_a_warning_and_never_a_hang(open_page: Open) -> None:
    page = open_page(architecture="monolith", strategy="embedded", rate_rps="20000", duration_s="5")
    assert not page.exception
    assert any("times what it can do" in warning.value for warning in page.warning)
    assert "refused" in texts(page)


def test_a_run_that_is_too_short_says_so(open_page: Open) -> None:
    page = open_page(rate_rps="20", precision="0.001", duration_s="30")
    assert any("short for" in warning.value for warning in page.warning)


@pytest.mark.parametrize(
    "look", ["Latency", "Against load", "Over time", "Stations", "Replicas", "One request", "In motion"]
)
def test_hardly_any_request_or_none_at_all_is_no_failure(open_page: Open, look: str) -> None:
    for rate_rps in ("0.0001", "0.1"):
        page = open_page(rate_rps=rate_rps, duration_s="10", look=look)
        assert not page.exception
        assert "not estimable" in str(next(t.value for t in page.table if "throughput" in t.value.index))


def test_a_day_of_traffic_waits_for_a_press(open_page: Open) -> None:
    page = open_page(duration_s="86400", rate_rps="100")
    assert not page.exception
    assert "8,640,000 requests are too many" in texts(page)
    assert "Simulate" in [button.label for button in page.button]


def test_what_a_link_has_wrong_is_told_and_the_rest_used(open_page: Open) -> None:
    page = open_page(preset="tsunami", rate_rps="lots", seed="7", **{"set.wings": "2"})
    assert not page.exception
    told = "\n".join(warning.value for warning in page.warning).replace("\\", "")
    for name in ("preset", "rate_rps", "set.wings"):
        assert name in told
    assert page.query_params["seed"] == "7"
    assert "preset" not in page.query_params


def test_another_situation_sets_the_scene_and_reset_undoes_it(open_page: Open) -> None:
    page = open_page(seed="5")
    next(s for s in page.selectbox if s.label == "Situation").set_value("cold_morning").run()
    assert not page.exception
    assert page.query_params["preset"] == "cold_morning"
    assert page.query_params["architecture"] == "serverless"
    assert page.radio(key="look").value == "Over time"
    next(b for b in page.button if b.label == "Reset").click().run()
    assert not page.exception
    assert "preset" not in page.query_params
    assert "seed" not in page.query_params


def test_settings_that_contradict_each_other_are_explained(open_page: Open) -> None:
    page = open_page(architecture="container_orchestrated", **{"set.minimum": "20"})
    assert not page.exception
    assert any("minimum" in error.value for error in page.error)
