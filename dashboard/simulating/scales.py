"""Which numbers have a slider: traffic, and what an architecture scales by."""

from collections.abc import Mapping
from dataclasses import replace

from dashboard.parts.form import label_of
from dashboard.simulating.sliders import Slider
from data.discovery import kind
from data.errors import DrydockError
from simulators.architectures.contract import Architecture
from simulators.whatif import Question
from simulators.whatif.question import MOST_RPS
from simulators.whatif.running import LIVE_MOST

SCALES = ("replicas", "model_replicas", "workers", "minimum", "maximum", "concurrency", "provisioned")
"""Settings that have a slider where an architecture has them."""
_USUAL = {"replicas": 12, "model_replicas": 12, "workers": 8, "minimum": 12, "maximum": 40, "provisioned": 40}
"""Where their sliders end; the field beside a slider takes more."""
_LEAST_RPS, _MOST_SHOWN_RPS = 1.0, 5_000.0


def sliders_of(question: Question) -> list[Slider]:
    """Traffic first, then the scale."""
    architecture = _architecture(question)
    values = dict(question.settings)
    found = [_traffic(question)]
    for name in SCALES:
        if (setting := architecture.settings.get(name)) is None:
            continue
        value = values.get(name, setting.default)
        high = min(float(_USUAL.get(name, setting.high)), float(setting.high))
        found.append(
            Slider(
                name, label_of(name), float(setting.low), max(high, value), float(setting.high), value,
                log=high > 100, help=setting.meaning,
            )
        )  # fmt: skip
    return found


def after(question: Question, moved: Mapping[str, float]) -> Question:
    """The question with what the sliders were moved to; what it refuses is left as it was."""
    settings = _architecture(question).settings
    for name, value in moved.items():
        try:
            if name == "rate_rps":
                question = replace(question, rate_rps=float(value))
            elif name in settings and name in SCALES:
                checked = settings[name].check(name, int(value))
                plain = question.without_setting(name)
                question = plain if checked == settings[name].default else plain.with_settings(**{name: checked})
        except DrydockError:
            continue
    return question


def _traffic(question: Question) -> Slider:
    """As far as the page can answer at once, and a little beyond."""
    live = LIVE_MOST / question.duration_s
    high = max(min(live, _MOST_SHOWN_RPS), question.rate_rps, 2 * _LEAST_RPS)
    return Slider(
        "rate_rps", "Traffic (requests per second)", _LEAST_RPS, high, MOST_RPS, question.rate_rps, log=True, step=0.01,
        help="The mean over the simulated time.",
    )  # fmt: skip


def _architecture(question: Question) -> type[Architecture]:
    return kind("simulators.architectures", Architecture, question.architecture)  # type: ignore[type-abstract]
