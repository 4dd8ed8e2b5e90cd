"""Somebody at a lesson: what learners do on the page, with the mouse or with the keyboard alone."""

import re
from contextlib import suppress

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as Timeout

from lessons.catalogue import catalogue, experiment
from lessons.controls import Choice, Number, Settings, Switch
from lessons.texts import ChoiceQuestion, NumberQuestion
from tests.browser.steps import LONG_MS

_AT_WORK = """document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== "notRunning\""""
_BEGINS_MS = 100
TABS = 150
"""More than any page has controls."""


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def rest(page: Page) -> None:
    """Wait, for as long as a lesson's run may take, until nothing is being drawn; give it a moment to begin."""
    with suppress(Timeout):
        page.wait_for_function(_AT_WORK, timeout=_BEGINS_MS)
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


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus."""
    handle = target.element_handle(timeout=20_000)
    for _ in range(TABS):
        if page.evaluate("e => e === document.activeElement || e.contains(document.activeElement)", handle):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {target}")


class Learner:
    """One person at one lesson, with a mouse."""

    def __init__(self, page: Page, slug: str) -> None:
        self.page, self.text = page, catalogue().text(slug)
        self.experiment = experiment(slug)

    def part(self, name: str) -> Locator:
        """The widget of that name in the lesson; of a control, `set.` and its name."""
        key = f"learn.{self.text.slug}.{name}".replace(".set.", ".set.0.")
        return self.page.locator(f".st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)}")

    def press(self, target: Locator) -> None:
        rest(self.page)
        expect(target).to_be_enabled()
        target.click()
        rest(self.page)

    def choose(self, group: Locator, place: int) -> None:
        """One of a group's options, counted from 0."""
        rest(self.page)
        option = group.get_by_role("radio").nth(place)
        option.check(force=True)
        expect(option).to_be_checked()
        rest(self.page)

    def enter(self, field: Locator, value: float) -> None:
        rest(self.page)
        fill(field, f"{value:g}")
        rest(self.page)

    def slide(self, slider: Locator, presses: int) -> None:
        """Move it by so many steps, as everybody can: with the keys."""
        rest(self.page)
        for _ in range(abs(presses)):  # each looks for the slider anew, should the page have drawn another meanwhile
            slider.press("ArrowRight" if presses > 0 else "ArrowLeft")
        rest(self.page)

    def switch(self, toggle: Locator) -> None:
        rest(self.page)
        toggle.click(force=True)
        rest(self.page)

    def _arrows(self, presses: int) -> None:
        for _ in range(abs(presses)):
            self.page.keyboard.press("ArrowRight" if presses > 0 else "ArrowLeft")
        rest(self.page)

    # -- the steps of a lesson -----------------------------------------------------------------------------------------

    def answer(self, name: str, question: ChoiceQuestion | NumberQuestion, place: int | None = None) -> None:
        """Answer a question: rightly, or with that option."""
        if isinstance(question, NumberQuestion):
            self.enter(self.part(name).get_by_role("spinbutton"), question.value)
        else:
            right = next(i for i, option in enumerate(question.options) if option.right)
            self.choose(self.part(name), right if place is None else place)
        self.press(self.part(f"{name}.answer").get_by_role("button"))

    def predict(self, direction: int, number: float) -> None:
        """Commit to a prediction; Run opens."""
        expect(button(self.page, "Run")).to_be_disabled()
        self.choose(self.part("direction"), direction)
        self.enter(self.part("number").get_by_role("spinbutton"), number)
        self.press(button(self.page, "Predict"))
        expect(self.page.get_by_text("Noted. You can still change it")).to_be_visible()
        expect(button(self.page, "Run")).to_be_enabled()

    def run(self) -> None:
        """Run, and wait until what it found is there, and is of the present set-up."""
        self.press(button(self.page, "Run"))
        expect(self.page.get_by_role("heading", name="Observe")).to_be_visible(timeout=LONG_MS)
        expect(self.page.get_by_text("Not of the present set-up")).to_have_count(0, timeout=LONG_MS)
        expect(button(self.page, "Run")).to_be_visible(timeout=LONG_MS)
        expect(self.page.locator(".js-plotly-plot").first).to_be_visible()
        rest(self.page)

    def set(self, settings: Settings) -> None:
        """Move the controls there from where they began."""
        start = self.experiment.setup()
        for control in self.experiment.controls:
            wanted, before, shown = settings[control.name], start[control.name], self.part(f"set.{control.name}")
            if wanted == before:
                continue
            if isinstance(control, Switch):
                self.switch(shown.get_by_role("switch").or_(shown.get_by_role("checkbox")).first)
            elif isinstance(control, Choice):
                self.choose(shown, [option.value for option in control.options].index(str(wanted)))
            elif isinstance(control, Number):
                self.slide(shown.get_by_role("slider"), round((float(wanted) - float(before)) / control.step))
                expect(shown.get_by_role("slider")).to_have_value(f"{wanted:g}")

    def check(self, said: str) -> None:
        """Have the last run checked; the verdict begins so."""
        self.press(button(self.page, "Check my last run"))
        expect(self.page.get_by_text(said, exact=True)).to_be_visible(timeout=LONG_MS)


class AtTheKeyboard(Learner):
    """One person who touches nothing but keys."""

    def press(self, target: Locator) -> None:
        rest(self.page)
        expect(target).to_be_enabled()
        tab_to(self.page, target)
        rest(self.page)
        self.page.keyboard.press("Enter")
        rest(self.page)

    def choose(self, group: Locator, place: int) -> None:
        """From the option that has the focus, which is the first or the one chosen before."""
        rest(self.page)
        options = group.get_by_role("radio")
        chosen = [i for i in range(options.count()) if options.nth(i).is_checked()]
        at = chosen[0] if chosen else 0
        tab_to(self.page, options.nth(at))
        if not chosen:
            self.page.keyboard.press("Space")
        for _ in range(abs(place - at)):
            self.page.keyboard.press("ArrowDown" if place > at else "ArrowUp")
        expect(options.nth(place)).to_be_checked()
        rest(self.page)

    def enter(self, field: Locator, value: float) -> None:
        rest(self.page)
        tab_to(self.page, field)
        self.page.keyboard.type(f"{value:g}")
        self.page.keyboard.press("Tab")
        rest(self.page)

    def slide(self, slider: Locator, presses: int) -> None:
        rest(self.page)
        tab_to(self.page, slider)
        self._arrows(presses)

    def switch(self, toggle: Locator) -> None:
        rest(self.page)
        tab_to(self.page, toggle)
        self.page.keyboard.press("Space")
        rest(self.page)
