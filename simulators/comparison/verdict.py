"""Whether a candidate keeps the service level objective, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from data.estimate import Estimate, Figure, TooFew
from data.estimates import Summary, as_text
from data.estimates.text import digits
from data.scenario import Slo

Outcome = Literal["met", "missed", "not_shown", "invalid", "not_measured"]
"""`not_shown`: the requests were too few to tell. `invalid`: its runs are not to be trusted."""

WORDS: Mapping[Outcome, str] = {
    "met": "met", "missed": "missed", "not_shown": "not shown", "invalid": "not valid", "not_measured": "not measured",
}  # fmt: skip
"""How each outcome is written."""

_MOST = 10_000_000
"""Beyond so many requests, measuring longer is no advice."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and its reasons."""

    outcome: Outcome
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        return WORDS[self.outcome]


def judge(summary: Summary | None, slo: Slo, problems: Sequence[str] = ()) -> Verdict:
    """Hold a candidate's figures against the objective.

    It is met when the whole interval of the promised percentile, and that of the share of failed requests, lies on the
    good side: a figure whose interval contains the limit shows nothing yet. Figures that are not to be trusted are not
    judged, nor are candidates of which a run could not be made, for the reasons in `problems`.
    """
    if summary is None or problems:
        return Verdict("not_measured", tuple(dict.fromkeys(problems)) or ("it was not measured",))
    if summary.problems:
        return Verdict("invalid", summary.problems)
    parts = [
        _judge(f"p{slo.percentile:g}", summary.slo_percentile_ms, slo.latency_ms, f"{slo.latency_ms:g} ms"),
        _judge("failed requests", summary.failed_share, slo.max_error_share, f"{slo.max_error_share * 100:g}%"),
    ]
    outcomes = [outcome for outcome, _ in parts]
    worst: Outcome = next((o for o in ("missed", "not_shown") if o in outcomes), "met")
    return Verdict(worst, tuple(reason for _, reason in parts))


def _judge(name: str, figure: Figure, limit: float, limit_text: str) -> tuple[Outcome, str]:
    says = f"{name}: {as_text(figure)}"
    if isinstance(figure, TooFew):
        return "not_shown", says
    if figure.high <= limit:
        return "met", f"{says}, within {limit_text}"
    if figure.low > limit:
        return "missed", f"{says}, above {limit_text}"
    return "not_shown", f"{says}, and {limit_text} is inside the interval{_advice(figure, limit)}"


def _advice(figure: Estimate, limit: float) -> str:
    """How many requests would tell, if the figure stays where it is: an interval narrows with the root of n."""
    half, distance = (figure.high - figure.low) / 2, abs(figure.value - limit)
    needs = figure.n * (half / distance) ** 2 if distance else _MOST
    return f"; about {digits(float(f'{needs:.1e}'))} requests would tell" if needs < _MOST else ""
