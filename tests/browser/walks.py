"""Lessons from their start to the end, as learners go through them: for tests, and for pictures on the way."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from lessons.controls import Settings
from tests.browser.learning import AtTheKeyboard, Learner, button, rest

Seen = Callable[[str], None]
"""Called at the moments start, prediction, result and done, when the page shows them."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a learner says and sets in one lesson."""

    lesson: str
    direction: int
    """The option of the prediction, from 0."""
    number: float
    solution: Settings
    """What differs from the untouched set-up in one that meets the challenge."""
    by_keyboard: bool = False


WALKS = (
    Walk("01_life_cycle", 0, 90, {"model": "logistic", "threshold": 0.05}),
    Walk("08_load_and_tails", 2, 150, {"rate_rps": 48}),
    Walk("10_monolith_or_microservices", 1, 20, {"crashes": 45}, by_keyboard=True),
)
LIVE = Walk("12_continuous_delivery", 0, 10, {"step": 2, "watch": "answers"})
"""It starts servers and a router: too slow to go through whenever the tests run."""


def walk(page: Page, about: Walk, seen: Seen = lambda _moment: None) -> Learner:
    """Through the lesson that the page shows: a wrong idea first, then the right one, and the challenge met."""
    learner = (AtTheKeyboard if about.by_keyboard else Learner)(page, about.lesson)
    text = learner.text
    rest(page)
    seen("start")
    learner.answer("worked", text.worked)
    learner.predict(about.direction, about.number)
    seen("prediction")
    learner.run()
    wrong = next(i for i, option in enumerate(text.mechanism.options) if not option.right)
    learner.answer("mechanism", text.mechanism, wrong)
    expect(page.get_by_text(text.mechanism.options[wrong].misconception).first).to_be_visible()
    seen("result")
    learner.answer("mechanism", text.mechanism)
    expect(page.get_by_text("What is behind it")).to_be_visible()
    learner.check("Not yet.")
    learner.set(learner.experiment.setup() | dict(about.solution))
    expect(page.get_by_text("Not of the present set-up")).to_be_visible()
    expect(button(page, "Check my last run")).to_be_disabled()
    learner.run()
    learner.check("Met.")
    learner.answer("transfer", text.transfer)
    expect(page.get_by_text("6 of 6 steps done")).to_be_visible()
    seen("done")
    return learner
