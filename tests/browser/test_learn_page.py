"""Lessons as learners go through them in a real browser, from the map to the challenge met."""

import json
import re

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from data.store.learning import LearningStore
from tests.browser.steps import LONG_MS
from tests.browser.visiting import Server, Visitor, overflow_px, violations

LESSON = "08_load_and_tails"
TABS = 150
"""More than any page has controls."""
pytestmark = pytest.mark.browser


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def rest(page: Page) -> None:
    """Wait, for as long as a lesson's run may take, until nothing is being drawn."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=LONG_MS)
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0, timeout=LONG_MS)


def press(page: Page, name: str) -> None:
    """Press a button once the page has come to rest; a press while it is still drawn can be lost."""
    rest(page)
    button(page, name).click()
    rest(page)


def fill(field: Locator, value: str) -> None:
    field.fill(value)
    field.press("Enter")


def predict(page: Page, option: str, number: str) -> None:
    """Commit to a prediction; Run opens."""
    expect(button(page, "Run")).to_be_disabled()
    rest(page)
    page.get_by_role("radio", name=option).check(force=True)
    rest(page)
    fill(page.get_by_label(re.compile("^Your number")), number)
    rest(page)
    press(page, "Predict")
    expect(page.get_by_text("Noted. You can still change it")).to_be_visible()
    expect(button(page, "Run")).to_be_enabled()


def run(page: Page) -> None:
    """Press Run and wait until what it found is there, and is of the present set-up."""
    press(page, "Run")
    expect(page.get_by_role("heading", name="Observe")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("Not of the present set-up")).to_have_count(0, timeout=LONG_MS)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def explain(page: Page, option: str, said: str) -> None:
    """Choose a mechanism and read what is said to it."""
    part = page.get_by_role("radiogroup").filter(has=page.get_by_role("radio", name=option))
    rest(page)
    part.get_by_role("radio", name=option).check(force=True)
    rest(page)
    place = part.locator("xpath=ancestor::*[@data-testid='stVerticalBlock'][1]")
    expect(place.get_by_role("button", name="Answer", exact=True)).to_be_enabled()
    place.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_text(said)).to_be_visible()


def slide(page: Page, label: str, value: float, step: float) -> None:
    """Move a slider with the keyboard, as everybody can."""
    rest(page)
    slider = page.get_by_role("slider", name=label)
    presses = round((value - float(slider.input_value())) / step)
    slider.focus()
    for _ in range(abs(presses)):
        page.keyboard.press("ArrowRight" if presses > 0 else "ArrowLeft")
    expect(slider).to_have_value(f"{value:g}")
    rest(page)


def test_a_simulated_lesson_from_the_map_to_the_challenge_met(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn")
    page.get_by_role("link", name=re.compile(r"8\. Load, tails and queues")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Load, tails and queues"))
    rest(page)
    fill(page.get_by_label("Your answer (ms)"), "20")
    rest(page)
    page.get_by_role("button", name="Answer", exact=True).and_(page.locator(":enabled")).first.click()
    expect(page.get_by_text("a quarter more load")).to_be_visible()
    predict(page, "about doubles", "150")
    run(page)
    expect(page.get_by_text("Your first run:")).to_contain_text("grows more than twofold")
    explain(page, "Each request takes longer", "The service time was the same at every load")
    explain(page, "Requests come in bursts", "You predicted 150 ms")
    press(page, "Check my last run")
    expect(page.get_by_text("Not yet.")).to_be_visible(timeout=LONG_MS)

    slide(page, "Arrivals (per s)", 60, 2)
    expect(page.get_by_text("Not of the present set-up")).to_be_visible()
    expect(button(page, "Check my last run")).to_be_disabled()
    expect(page).to_have_url(re.compile("rate_rps=60"))

    for rate in range(52, 30, -2):
        slide(page, "Arrivals (per s)", rate, 2)
        run(page)
        press(page, "Check my last run")
        expect(page.get_by_text(f"at {rate} requests per second")).to_be_visible(timeout=LONG_MS)
        if page.get_by_text("Met.", exact=True).count():
            break
    expect(page.get_by_text("Challenge met on")).to_be_visible()

    page.reload()
    expect(page.get_by_text("Challenge met on")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("slider", name="Arrivals (per s)")).to_have_value(str(rate))
    expect(page.get_by_text("The prediction is locked")).to_be_visible()

    press(page, "Reset")
    expect(page.get_by_role("slider", name="Arrivals (per s)")).to_have_value("80")
    assert "rate_rps" not in page.url
    press(page, "All lessons")
    expect(page.get_by_text("5 of 6 steps done")).to_be_visible()


def test_a_measured_lesson_runs_as_a_job_and_its_download_matches(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn?lesson=01_life_cycle")
    predict(page, "less often", "90")
    run(page)
    expect(page.get_by_text("measured on this machine").first).to_be_visible()
    expect(page.get_by_text("Measured: 569 tumours")).to_be_visible()
    rest(page)
    page.get_by_text("logistic regression", exact=True).click()
    slide(page, "Call back from a probability of", 0.05, 0.01)
    run(page)
    press(page, "Check my last run")
    expect(page.get_by_text("Met.", exact=True)).to_be_visible(timeout=LONG_MS)
    shown = page.get_by_text("Measured: recall").inner_text()
    press(page, "All lessons")
    page.get_by_text("Your progress: code").click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download my progress (JSON)").click()
    found = json.loads(caught.value.path().read_text())
    evidence = found["lessons"]["01_life_cycle"]["evidence"]
    assert evidence["passed"]
    assert evidence["measured"] in re.sub(r"\\", "", shown)
    assert found["lessons"]["01_life_cycle"]["runs"] == 2


def test_cancelling_a_measured_lesson_leaves_no_process(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn?lesson=04_embedded_or_api")
    predict(page, "more than 5 times", "50")
    button(page, "Run").click()
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_visible(timeout=LONG_MS)
    started = server.children()
    assert started
    cancel.click()
    expect(page.get_by_text("was cancelled. Nothing of it is left")).to_be_visible(timeout=LONG_MS)
    _gone, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    expect(button(page, "Run")).to_be_enabled()
    expect(page.get_by_role("heading", name="Observe")).to_have_count(0)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus."""
    handle = target.element_handle(timeout=20_000)
    for _ in range(TABS):
        if page.evaluate("e => e === document.activeElement || e.contains(document.activeElement)", handle):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {target}")


def test_a_lesson_by_keyboard_alone(visitor: Visitor, server: Server) -> None:
    page = visitor.open(f"{server.url}/learn?lesson={LESSON}")
    rest(page)
    tab_to(page, page.get_by_label("Your answer (ms)"))
    page.keyboard.type("20")
    page.keyboard.press("Tab")
    answer = page.get_by_role("button", name="Answer", exact=True).last
    expect(answer).to_be_enabled()
    tab_to(page, answer)
    rest(page)
    page.keyboard.press("Enter")
    rest(page)
    expect(page.get_by_text("a quarter more load")).to_be_visible()
    tab_to(page, page.get_by_role("radio", name="falls"))
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="grows more than twofold")).to_be_checked()
    tab_to(page, page.get_by_label("Your number (ms)"))
    page.keyboard.type("230")
    page.keyboard.press("Tab")
    expect(button(page, "Predict")).to_be_enabled()
    tab_to(page, button(page, "Predict"))
    rest(page)
    page.keyboard.press("Enter")
    rest(page)
    expect(button(page, "Run")).to_be_enabled()
    tab_to(page, page.get_by_role("slider", name="Length of the run (s)"))
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("slider", name="Length of the run (s)")).to_have_value("300")
    tab_to(page, button(page, "Run"))
    rest(page)
    page.keyboard.press("Enter")
    rest(page)
    expect(page.get_by_role("heading", name="Observe")).to_be_visible(timeout=LONG_MS)
    tab_to(page, page.get_by_role("radio", name=re.compile("Requests come in bursts")))
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name=re.compile("Requests come in bursts"))).to_be_checked()
    rest(page)
    tab_to(page, page.get_by_role("button", name="Answer", exact=True).last)
    rest(page)
    page.keyboard.press("Enter")
    rest(page)
    expect(page.get_by_text("You predicted 230 ms")).to_be_visible()
    tab_to(page, button(page, "Check my last run"))
    rest(page)
    page.keyboard.press("Enter")
    rest(page)
    expect(page.get_by_text("Not yet.")).to_be_visible(timeout=LONG_MS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lesson_with_results_passes_axe_and_fits(chromium: Browser, server: Server, theme: str) -> None:
    visitor = Visitor(chromium, theme=theme)
    page = visitor.open(f"{server.url}/learn?lesson={LESSON}&duration_s=300")
    predict(page, "falls", "10")
    run(page)
    explain(page, "A few unlucky", "how far luck reaches")
    slide(page, "Arrivals (per s)", 78, 2)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        rest(page)
        assert violations(page) == []
        assert overflow_px(page) == 0
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


def test_two_learners_do_not_see_each_other(chromium: Browser, server: Server) -> None:
    ada, eve = Visitor(chromium), Visitor(chromium)
    hers = ada.open(f"{server.url}/learn?lesson={LESSON}&duration_s=300")
    predict(hers, "falls", "111")
    run(hers)
    other = eve.open(f"{server.url}/learn?lesson={LESSON}&duration_s=300")
    expect(button(other, "Run")).to_be_disabled()
    expect(other.get_by_role("heading", name="Observe")).to_have_count(0)
    expect(other.get_by_text("0 of 6 steps done")).to_be_visible()
    ada.leave()
    eve.leave()


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
    own = learner.open(f"{server.url}/learn?lesson={LESSON}")
    predict(own, "falls", "10")
    press(own, "All lessons")
    own.get_by_text("Your progress: code").click()
    own.get_by_label("What to call you").fill("Ada")
    own.get_by_label("Class code").fill(code[0])
    press(own, "Save")
    expect(page.get_by_text("1 learners, none of them stuck")).to_be_visible(timeout=LONG_MS)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Progress (CSV)").click()
    assert caught.value.suggested_filename == f"drydock-{code[0]}.csv"
    assert "Ada,08_load_and_tails" in caught.value.path().read_text()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Handout (HTML)", exact=True).click()
    assert "<!doctype html>" in caught.value.path().read_text()
    expect(page.get_by_alt_text(re.compile("QR code of http"))).to_be_visible()
    teacher.leave()
    learner.leave()
    assert LearningStore(f"sqlite:///{server.home}/runs.db").classes()
