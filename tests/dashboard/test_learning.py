"""The pages Learn and Teach without a browser: what is locked, what is stale, who may teach, what is broken."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts.lesson import lesson_chart
from dashboard.simulating.warming import Warmth
from dashboard.teaching import passcode
from dashboard.teaching.handing_out import link_address, qr_svg
from data.store.learning import LearningStore
from lessons import catalogue as finding
from lessons.contract import Control, Experiment, Record, Settings, Verdict
from lessons.controls import Number
from lessons.record import Guide, Outcome, Plot, Series, exact
from tests.dashboard.test_pages import texts

Open = Callable[..., AppTest]
SLUG = "08_load_and_tails"


class Quick(Experiment):
    """Stands in for the lesson's own, so that pages are tested without waiting for a simulation."""

    origin = "simulated"
    controls: ClassVar[tuple[Control, ...]] = (Number("rate_rps", "Arrivals", 10, 96, 2, 80, "per s"),)
    fails: ClassVar[bool] = False

    def run(self, settings: Settings, *, seed: int, progress: Any, cancelled: Any) -> Record:  # noqa: ARG002
        if self.fails:
            raise ZeroDivisionError("the experiment is broken")
        progress("computing", 0.5)
        value = float(settings["rate_rps"]) * 2
        plot = Plot("x", "y", (Series("one", [1.0, 2.0], [1.0, value]),), "A line, for a test of the page around it.")
        figures = {name: exact(value, "ms") for name in ("p99", "p99_half", "p50")}
        facts = dict.fromkeys(("busy", "busy_half", "service", "throughput", "beyond", "requests"), "some")
        return Record(
            dict(settings),
            seed,
            "simulated",
            figures,
            {"p99": "p99"},
            plot,
            Outcome(3, "p99"),
            "Simulated",
            facts=facts,
        )

    def check(self, record: Record) -> Verdict:
        passed = float(record.settings["rate_rps"]) <= 50
        return Verdict(passed, f"{record.settings['rate_rps']} per s", "50 per s", "As far as the rate goes.")

    def solve(self, seed: int) -> Settings:  # noqa: ARG002
        return {"rate_rps": 50}


@pytest.fixture
def open_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:  # noqa: ARG001
    import dashboard.views.learn as page

    monkeypatch.setattr(page, "experiment", lambda _slug: Quick())
    monkeypatch.setattr(
        "dashboard.learning.bench.run_experiment", lambda _slug, settings, **more: Quick().run(settings, **more)
    )
    for module in ("dashboard.learning.desk", "dashboard.learning.learner", "dashboard.views.learn"):
        monkeypatch.setattr(f"{module}.owner", lambda: "a browser")

    def opened(name: str, **parameters: str) -> AppTest:
        def page(name):
            from dashboard.views.contract import View
            from data.discovery import kinds

            kinds("dashboard.views", View)[name]().show()

        test = AppTest.from_function(page, args=(name,), default_timeout=60)
        for key, value in parameters.items():
            test.query_params[key] = value
        return test.run()

    yield opened
    Quick.fails = Quick.compiled = False


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [button for button in page.button if button.label == label]
    assert not button.disabled, f"{label} is disabled"
    button.click()
    return page.run()


def predicted(page: AppTest, direction: int = 2, number: float = 150) -> AppTest:
    next(r for r in page.radio if r.label == "Direction").set_value(direction)
    next(n for n in page.number_input if n.label.startswith("Your number")).set_value(number)
    return press(page.run(), "Predict")


def disabled(page: AppTest, label: str) -> bool:
    return next(button.disabled for button in page.button if button.label == label)


def test_run_opens_with_the_prediction_and_locks_it(open_page: Open) -> None:
    page = open_page("learn", lesson=SLUG)
    assert disabled(page, "Run")
    assert disabled(page, "Check my last run")
    page = predicted(page)
    assert not page.exception
    assert not disabled(page, "Run")
    page = press(page, "Run")
    assert not page.exception
    assert [button.label for button in page.button].count("Predict") == 0
    assert "You predicted: **about doubles, as the load does**, 150 ms, 70% sure." in texts(page)


def test_stale_results_are_labelled_and_cannot_be_checked(open_page: Open) -> None:
    page = press(predicted(open_page("learn", lesson=SLUG)), "Run")
    page = press(page, "Check my last run")
    assert "Not yet." in texts(page)
    next(s for s in page.slider if s.label.startswith("Arrivals")).set_value(48)
    page = page.run()
    assert "Not of the present set-up: these results are for Arrivals 80 per s, seed 1" in texts(page).replace("\\", "")
    assert disabled(page, "Check my last run")
    assert page.query_params["rate_rps"] == ["48"] or page.query_params["rate_rps"] == "48"
    page = press(press(page, "Run"), "Check my last run")
    assert any("Met." in one.value for one in page.success)


def test_the_first_run_of_a_new_machine_waits_for_the_compiler_and_says_so(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = [Warmth.COMPILING]
    monkeypatch.setattr("dashboard.learning.readying.warmth", lambda: far[0])
    Quick.compiled = True
    page = press(predicted(open_page("learn", lesson=SLUG)), "Run")
    assert any("compiles the simulator" in info.value for info in page.info)
    assert "Observe" not in [header.value for header in page.header]
    page = press(page, "Cancel")
    assert not any("compiles the simulator" in info.value for info in page.info)
    page = press(page, "Run")
    far[0] = Warmth.READY
    page = page.run()
    assert "Observe" in [header.value for header in page.header], "it ran without another press"
    assert not any("compiles the simulator" in info.value for info in page.info)
    assert not disabled(page, "Run")


def test_going_back_restores_the_set_up_of_the_results(open_page: Open) -> None:
    page = press(predicted(open_page("learn", lesson=SLUG)), "Run")
    next(s for s in page.slider if s.label.startswith("Arrivals")).set_value(20)
    page = press(page.run(), "Back to the set-up of these results")
    assert next(s for s in page.slider if s.label.startswith("Arrivals")).value == 80
    assert "Not of the present" not in texts(page)


def test_reset_restores_the_defaults(open_page: Open) -> None:
    page = open_page("learn", lesson=SLUG, rate_rps="20", seed="9")
    assert next(s for s in page.slider if s.label.startswith("Arrivals")).value == 20
    page = press(page, "Reset")
    assert next(s for s in page.slider if s.label.startswith("Arrivals")).value == 80
    assert "seed" not in page.query_params


def test_feedback_quotes_the_learners_own_numbers(open_page: Open) -> None:
    page = press(predicted(open_page("learn", lesson=SLUG)), "Run")
    mechanism = next(r for r in page.radio if r.key == f"learn.{SLUG}.mechanism")
    mechanism.set_value(0)
    page = page.run()
    (answer,) = [button for button in page.button if button.key == f"learn.{SLUG}.mechanism.answer"]
    answer.click()
    page = page.run()
    assert any("p99 went from 160 ms to 160 ms. You predicted 150 ms" in one.value for one in page.success)


@pytest.mark.usefixtures("here")
def test_an_experiment_that_fails_is_told_and_reported_with_its_line(open_page: Open) -> None:
    page = predicted(open_page("learn", lesson=SLUG))
    Quick.fails = True
    page = press(page, "Run")
    assert not page.exception
    assert any("The experiment failed" in error.value for error in page.error)
    assert page.title[0].value.endswith("Load, tails and queues")
    teach = open_page("learn_class")
    assert any("A run failed at" in error.value and SLUG in error.value.replace("\\", "") for error in teach.error)


@pytest.mark.usefixtures("here")
def test_a_broken_lesson_is_named_with_file_and_line(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    own = tmp_path / "lessons"
    shutil.copytree(finding.FOLDER / "en", own / "en")
    bad = own / "en" / f"{SLUG}.md"
    bad.write_text(bad.read_text().replace("minutes = 30", "minutes = half an hour"))
    found = finding.catalogue(own)
    for module in ("dashboard.views.learn", "dashboard.views.learn_class"):
        monkeypatch.setattr(f"{module}.catalogue", lambda: found)
    told = [error.value.replace("\\", "") for error in open_page("learn_class").error]
    assert any(f"lessons/en/{SLUG}.md, line 4" in one for one in told)
    page = open_page("learn")
    assert f"Not available now: {SLUG}" in texts(page).replace("\\", "")
    assert not page.exception


@pytest.mark.usefixtures("here")
def test_a_class_opens_and_its_members_can_be_reset(open_page: Open) -> None:
    page = open_page("learn_class")
    next(t for t in page.text_input if t.label == "Open a new class called").set_value("Monday")
    page = press(page, "Open class")
    store = LearningStore()
    (room,) = store.classes()
    ada = store.enter("ada")
    store.enrol(ada.code, room.code)
    store.add(ada.code, SLUG, "opened")
    page = open_page("learn_class")
    assert "Learners: 1. None is stuck" in texts(page)
    next(c for c in page.checkbox if c.label.startswith("Remove it for good")).check()
    page = press(page.run(), "Remove")
    assert any("1 entries were removed" in one.value for one in page.success)
    assert store.events(ada.code) == []


@pytest.mark.usefixtures("here")
def test_a_course_is_kept_only_when_it_is_right(open_page: Open, home: Path) -> None:
    page = open_page("learn_class")
    area = next(t for t in page.text_area if t.label == "The course, as TOML")
    area.set_value('[[lesson]]\nname = "none_such"\n')
    page = page.run()
    assert any("line 1" in error.value for error in page.error)
    assert not (home / "course.toml").exists()
    area = next(t for t in page.text_area if t.label == "The course, as TOML")
    area.set_value(f'[[lesson]]\nname = "{SLUG}"\ndue = 2026-12-01\n')
    press(page.run(), "Save the course")
    assert "due = 2026-12-01" in (home / "course.toml").read_text()
    learn = open_page("learn")
    assert any("due 2026-12-01" in caption.value for caption in learn.caption)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the browser were on the machine itself."""
    monkeypatch.setattr("dashboard.views.learn_class.may_teach", lambda: True)


def test_teaching_asks_for_the_passcode(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passcode.VARIABLE, "open sesame")
    monkeypatch.setattr(passcode, "_wrong", [])
    page = open_page("learn_class")
    assert [header.value for header in page.header] == []
    page.text_input[0].set_value("close sesame")
    page = press(page, "Open")
    assert any("not the passcode" in error.value for error in page.error)
    page.text_input[0].set_value("open sesame")
    page = press(page, "Open")
    assert "The class" in [header.value for header in page.header]


def test_guessing_the_passcode_is_slowed(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passcode.VARIABLE, "open sesame")
    monkeypatch.setattr(passcode, "_wrong", [])
    page = open_page("learn_class")
    for guess in range(11):
        page.text_input[0].set_value(str(guess))
        page = press(page, "Open")
    page.text_input[0].set_value("open sesame")
    page = press(page, "Open")
    assert any("Too many wrong passcodes" in error.value for error in page.error)


def test_a_link_is_an_address_and_its_qr_code_is_drawn() -> None:
    address = link_address("http://10.0.0.5:8501/", {"lesson": SLUG, "rate_rps": "60"})
    assert address == f"http://10.0.0.5:8501/learn?lesson={SLUG}&rate_rps=60"
    drawn = qr_svg(address)
    assert drawn.startswith("<svg")
    assert "#000000" in drawn or "#000" in drawn


@pytest.mark.parametrize("predicted", [None, 150.0, 0.0, -3.0])
@pytest.mark.parametrize("at", [None, 2.0])
def test_the_prediction_is_drawn_into_the_plot(predicted: float | None, at: float | None) -> None:
    series = Series("one", [1.0, 2.0], [10.0, 100.0], [9.0, 90.0], [11.0, 110.0])
    plot = Plot("x", "y", (series,), "A line.", (Guide("limit", y=50.0),), y_axis="log", predicted_at=at)
    chart = lesson_chart(plot, predicted, "ms")
    assert ("prediction" in chart.alt) is (predicted is not None)
    assert "one, interval" in chart.table.columns
    stars = [trace for trace in chart.figure.data if trace.name and "prediction" in trace.name]
    assert len(stars) == (1 if predicted and predicted > 0 and at is not None else 0)


def test_categories_are_drawn_as_points_with_their_intervals() -> None:
    plot = Plot("x", "y", (Series("one", ["a", "b"], [1.0, 2.0], [0.5, 1.5], [2.0, 3.0]),), "Two points.")
    chart = lesson_chart(plot, 1.5)
    points = chart.figure.data[0]
    assert points.mode == "markers"
    assert np.allclose(points.error_y.array, [1.0, 1.0])
    assert np.allclose(points.error_y.arrayminus, [0.5, 0.5])
