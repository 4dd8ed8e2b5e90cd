"""Lessons as learners go through them in a real browser, from the map to the challenge met."""

import json
import re

import psutil
import pytest
from playwright.sync_api import Browser, expect

from dashboard.work import LEFT_S
from data.store.learning import LearningStore
from tests.browser.learning import Learner, button, fill, press, rest
from tests.browser.steps import LONG_MS, choose
from tests.browser.visiting import Server, Visitor, overflow_px, violations
from tests.browser.walks import WALKS, walk

LESSON = "08_load_and_tails"
pytestmark = pytest.mark.browser


def at(visitor: Visitor, server: Server, slug: str, more: str = "") -> Learner:
    """Somebody who has just opened that lesson."""
    page = visitor.open(f"{server.url}/learn?lesson={slug}{more}")
    rest(page)
    return Learner(page, slug)


def test_a_simulated_lesson_from_the_map_to_its_end(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn")
    page.get_by_role("link", name=re.compile(r"8\. Load, tails and queues")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Load, tails and queues"))
    (about,) = (one for one in WALKS if one.lesson == LESSON)
    walk(page, about)
    expect(page.get_by_text("Your first run:")).to_contain_text("grows more than twofold")
    expect(page.get_by_text("You predicted 150 ms")).to_be_visible()
    expect(page.get_by_text("a quarter more load")).to_be_visible()
    rate = f"{about.solution['rate_rps']:g}"
    expect(page).to_have_url(re.compile(f"rate_rps={rate}"))

    page.reload()
    expect(page.get_by_text("Challenge met on")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("slider", name="Arrivals (per s)")).to_have_value(rate)
    expect(page.get_by_text("The prediction is locked")).to_be_visible()

    press(page, "Reset")
    expect(page.get_by_role("slider", name="Arrivals (per s)")).to_have_value("80")
    assert "rate_rps" not in page.url
    press(page, "All lessons")
    expect(page.get_by_text("6 of 6 steps done")).to_be_visible()
    expect(page.get_by_text("1 of 14 lessons done")).to_be_visible()


def test_a_measured_lesson_to_its_end_and_its_downloads_match(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn?lesson=01_life_cycle")
    (about,) = (one for one in WALKS if one.lesson == "01_life_cycle")
    walk(page, about)
    expect(page.get_by_text("measured on this machine").first).to_be_visible()
    expect(page.get_by_text("Measured: 569 tumours")).to_be_visible()
    shown = page.get_by_text("Measured: recall").inner_text()
    press(page, "All lessons")
    page.get_by_text("Your progress: code").click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download my progress (JSON)").click()
    found = json.loads(caught.value.path().read_text())["lessons"]["01_life_cycle"]
    assert found["evidence"]["passed"]
    assert found["evidence"]["measured"] in re.sub(r"\\", "", shown)
    assert found["runs"] == 2
    with page.expect_download() as caught:
        page.get_by_role("button", name="As xAPI statements").click()
    told = [json.loads(line) for line in caught.value.path().read_text().splitlines()]
    passed = [one for one in told if one["verb"]["display"]["en"] == "passed"]
    assert [found["evidence"]["measured"] in one["result"]["response"] for one in passed] == [True]


def test_a_lesson_by_keyboard_alone(visitor: Visitor, server: Server) -> None:
    (about,) = (one for one in WALKS if one.by_keyboard)
    learner = walk(visitor.open(f"{server.url}/learn?lesson={about.lesson}"), about)
    expect(learner.page.get_by_text(f"You predicted {about.number:g} ms").first).to_be_visible()


def measuring(learner: Learner, server: Server) -> list[psutil.Process]:
    """Press Run of a lesson that measures; its processes."""
    button(learner.page, "Run").click()
    expect(learner.page.get_by_role("button", name="Cancel", exact=True)).to_be_visible(timeout=LONG_MS)
    started = server.children()
    assert started
    return started


def gone(started: list[psutil.Process]) -> None:
    """A process that is gone holds no port."""
    _gone, alive = psutil.wait_procs(started, timeout=LEFT_S + 10)
    assert alive == []


def test_cancel_reset_and_a_closed_tab_leave_no_process(chromium: Browser, fresh_server: Server) -> None:
    visitor = Visitor(chromium)
    learner = at(visitor, fresh_server, "04_embedded_or_api")
    page = learner.page
    learner.predict(0, 50)
    started = measuring(learner, fresh_server)
    page.get_by_role("button", name="Cancel", exact=True).click()
    gone(started)
    expect(page.get_by_text("was cancelled. Nothing of it is left")).to_be_visible(timeout=LONG_MS)
    expect(button(page, "Run")).to_be_enabled()
    expect(page.get_by_role("heading", name="Observe")).to_have_count(0)

    learner.slide(page.get_by_role("slider", name="Cars"), -2)
    started = measuring(learner, fresh_server)
    button(page, "Reset").click()
    gone(started)
    expect(page.get_by_role("slider", name="Cars")).to_have_value(f"{learner.experiment.setup()['cars']}")
    expect(button(page, "Run")).to_be_enabled()

    started = measuring(learner, fresh_server)
    page.close()
    gone(started)
    assert not fresh_server.children()
    visitor.leave()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lesson_with_results_passes_axe_and_fits(chromium: Browser, server: Server, theme: str) -> None:
    visitor = Visitor(chromium, theme=theme)
    learner = at(visitor, server, LESSON, "&duration_s=300")
    learner.predict(0, 10)
    learner.run()
    learner.answer("mechanism", learner.text.mechanism, 3)
    expect(learner.page.get_by_text("how far luck reaches")).to_be_visible()
    learner.slide(learner.page.get_by_role("slider", name="Arrivals"), -1)
    for width in (1280, 320):
        learner.page.set_viewport_size({"width": width, "height": 900})
        rest(learner.page)
        assert violations(learner.page) == []
        assert overflow_px(learner.page) == 0
    visitor.leave()


def test_a_link_restores_every_control_and_says_what_it_has_wrong(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn?lesson={LESSON}&rate_rps=62&duration_s=900&users=4&seed=7")
    for label, value in (("Arrivals (per s)", "62"), ("Length of the run (s)", "900")):
        expect(page.get_by_role("slider", name=label)).to_have_value(value)
    expect(page.get_by_role("slider", name="Users of the waiting tester")).to_have_value("4")
    page.get_by_text("Seed", exact=True).click()
    expect(page.get_by_label("Seed of the random numbers", exact=True)).to_have_value("7")
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    page.get_by_role("link", name="Learn", exact=True).click()
    expect(page.get_by_role("slider", name="Arrivals (per s)")).to_have_value("62")

    page = visitor.open(f"{server.url}/learn?lesson={LESSON}&rate_rps=soon&users=-3&seed=%00&duration_s=NaN")
    expect(page.get_by_role("slider", name="Arrivals (per s)")).to_have_value("80")
    expect(page.get_by_text("The link says something that cannot be used")).to_have_count(4)


def test_the_presenter_turns_slides_by_key_and_hides_answers(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn?lesson={LESSON}&present=1&slide=4")
    rest(page)
    size = page.locator('[data-testid="stMarkdownContainer"] p').first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert size >= 20
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1, name="A worked example")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1, name="The missing step")).to_be_visible()
    expect(page.get_by_text("a quarter more load")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_text("a quarter more load")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1, name="A worked example")).to_be_visible()
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('[data-testid="stMain"] p, [data-testid="stMain"] li')]
              .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    assert smallest >= 20
    press(page, "Leave presenter mode")
    expect(page.get_by_role("heading", level=1, name=re.compile("Load, tails"))).to_be_visible()


def test_an_instructor_sees_who_joined_and_gives_out_links(chromium: Browser, server: Server) -> None:
    teacher, learner = Visitor(chromium), Visitor(chromium)
    page = teacher.open(f"{server.url}/learn_class")
    fill(page.get_by_label("Open a new class called"), "Monday group")
    expect(page.get_by_text(re.compile("Code to join"))).to_be_visible()
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", page.get_by_text(re.compile("Code to join")).inner_text())
    assert code
    someone = at(learner, server, LESSON)
    own = someone.page
    someone.predict(0, 10)
    press(own, "All lessons")
    own.get_by_text("Your progress: code").click()
    own.get_by_label("What to call you").fill("Ada")
    own.get_by_label("Class code").fill(code[0])
    press(own, "Save")
    expect(page.get_by_text("Learners: 1. None is stuck")).to_be_visible(timeout=LONG_MS)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Progress (CSV)").click()
    assert caught.value.suggested_filename == f"drydock-{code[0]}.csv"
    assert "Ada,08_load_and_tails" in caught.value.path().read_text()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Handout (HTML)", exact=True).click()
    assert "<!doctype html>" in caught.value.path().read_text()
    choose(page, "Lesson", "8. Load, tails and queues")
    rest(page)
    page.get_by_role("slider", name="Arrivals (per s)").focus()
    page.keyboard.press("ArrowLeft")
    link = page.get_by_text(re.compile(rf"^{server.url}/learn\?.*rate_rps=78"))
    expect(link).to_be_visible()
    expect(page.get_by_alt_text(re.compile("QR code of http.*rate_rps=78"))).to_be_visible()
    own.goto(link.inner_text().strip())
    expect(own.get_by_role("slider", name="Arrivals (per s)")).to_have_value("78")
    assert violations(page) == []
    teacher.leave()
    learner.leave()
    assert LearningStore(f"sqlite:///{server.home}/runs.db").classes()
