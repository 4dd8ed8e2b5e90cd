"""The four patterns side by side: what is claimed of each, beside what its runs and its running parts show.

Pure: values in, values out. Latencies come from the runs of one comparison, so that all met the same traffic; parts
and updates from surveys (strategies/survey), one deployment each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from data.estimates import as_text
from data.estimates.text import digits
from data.trace import Trace
from simulators.comparison.comparison import Result
from simulators.comparison.patterns_claims import CLAIMS, PATTERNS, QUESTIONS
from strategies.survey.survey import Survey

Basis = Literal["measured", "counted", "not valid", "not run yet"]

RUBRIC = (
    "Each thing that somebody must manage counts one, none more than another: units that are released by themselves "
    "(the application too), processes, ports that are listened on, stores (a broker's streams and buckets, folders "
    "through which a job exchanges files), brokers, and the steps that put a new model to use (publishing it, and "
    "releasing each unit that it reaches only so). All are counted while a deployment with one worker answers "
    "requests, on plain processes: the most processes at one moment, and the stores as the broker itself lists them."
)
"""How difficulty is counted."""

REMARKS: Mapping[str, str] = {
    "latency": "From the moment a request was due to its answer. What a batch answers is at least as old as that.",
    "difficulty": RUBRIC,
    "update": (
        "The claim counts replacing the model service, or the job's model, as a deployment. Here neither is: the "
        "server swaps the model while it answers, and the next job reads the newest package."
    ),
}

NAMES: Mapping[str, str] = {
    "strategies.serving": "model service",
    "strategies.streams.server": "broker",
    "strategies.streams.consumer": "consumer",
    "strategies.batches": "batch job",
}
"""What people call a unit, by the module that it runs."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One pattern's answer to one question."""

    claimed: str
    basis: Basis
    found: str
    """What was found, or what to run to find it."""


@dataclass(frozen=True, slots=True)
class PatternRow:
    """One question, answered for each pattern."""

    name: str
    question: str
    remark: str
    """What a reader must know to read it; may be empty."""
    cells: Mapping[str, Cell]
    """By strategy."""


def pattern_table(results: Sequence[Result], surveys: Mapping[str, Survey]) -> tuple[PatternRow, ...]:
    """The table.

    Parameters
    ----------
    results
        Of one comparison. Where several candidates share a strategy, the first that was measured stands for it.
    surveys
        By strategy.
    """
    measured = {name: _first(results, name) for name in PATTERNS}
    found = []
    for name, question in QUESTIONS.items():
        cells = {
            strategy: Cell(CLAIMS[name][strategy], *_found(name, strategy, measured[strategy], surveys.get(strategy)))
            for strategy in PATTERNS
        }
        found.append(PatternRow(name, question, REMARKS.get(name, ""), cells))
    return tuple(found)


def _first(results: Sequence[Result], strategy: str) -> Result | None:
    return next((r for r in results if r.candidate.strategy == strategy and r.summary is not None), None)


def _found(name: str, strategy: str, result: Result | None, survey: Survey | None) -> tuple[Basis, str]:
    if name in ("prediction", "latency"):
        if result is None:
            return "not run yet", f"Add {strategy} to the candidates and press Run."
        if name == "prediction":  # when requests were taken up is known however late the generator sent them
            return "measured", _taken_up(result.traces)
        return ("measured" if result.summary is not None and result.summary.valid else "not valid"), _latency(result)
    if survey is None:
        return "not run yet", "Press Count the parts."
    if name == "delivery":
        return "counted", _delivery(survey)
    if name == "difficulty":
        return "counted", _parts(survey)
    return ("counted" if survey.needs_deployment else "measured"), _update(survey)


def _taken_up(traces: Sequence[Trace]) -> str:
    """Whether requests are taken up one by one as they come, or many at once by a job."""
    answered = moments = 0
    for trace in traces:
        seen = trace.counted()
        seen = seen.where(seen.ok)
        known = seen.start_s[~np.isnan(seen.start_s)]
        # Where nobody told when a request was taken up, answers that came at different moments were.
        answered += len(seen)
        moments += len(np.unique(known if len(known) == len(seen) else seen.end_s))
    if not answered:
        return "No request was answered."
    if moments * 2 > answered:
        return f"On the fly: {answered:,} answers, taken up at {moments:,} moments"
    return f"Offline: {answered:,} answers by {moments:,} jobs"


def _latency(result: Result) -> str:
    summary = result.summary
    assert summary is not None
    return f"p50 {as_text(summary.p50_ms)}; p95 {as_text(summary.p95_ms)}"


def _delivery(survey: Survey) -> str:
    parts = survey.parts
    if parts.brokers:
        streams = f"{len(parts.stores)} streams and buckets"
        return f"As messages: through {_many(parts.brokers, 'broker')} with {streams}"
    if parts.ports:
        return f"Over {_many(parts.ports, 'port')} of the {' and the '.join(_others(survey))}"
    if parts.stores:
        return f"As files: in {_many(len(parts.stores), 'folder')} that the {' and the '.join(_others(survey))} writes"
    return f"Within the application's process: {parts.processes - 1} other processes, {parts.ports} ports"


def _parts(survey: Survey) -> str:
    parts = survey.parts
    units = ", ".join(["application", *_others(survey)])
    counts = (
        f"{_many(len(parts.units), 'unit')} ({units})",
        _many(parts.processes, "process", "processes"),
        _many(parts.ports, "port"),
        _many(len(parts.stores), "store"),
        _many(parts.brokers, "broker"),
        f"{_many(survey.update_steps, 'step')} to update",
    )
    return f"{survey.total} in all: {', '.join(counts)}"


def _update(survey: Survey) -> str:
    if survey.taking_up is None:
        return "Yes: needs a deployment of the application"
    seen = survey.taking_up
    old = "" if seen.last_old_s is None else f", the last by the old one after {seconds(seen.last_old_s)}"
    return (
        f"No: first answer by the new model {seconds(seen.first_new_s)} after it was published{old}; "
        f"{seen.dropped:,} of {seen.sent:,} requests dropped (once, at {seen.rate_rps:g} requests/s)"
    )


def seconds(value: float) -> str:
    """A duration with its unit.

    >>> seconds(0.0275), seconds(3.1986)
    ('27.5 ms', '3.20 s')
    """
    return f"{digits(value * 1e3)} ms" if value < 1 else f"{digits(value)} s"


def _others(survey: Survey) -> list[str]:
    return [NAMES.get(unit, unit) for unit in survey.parts.units[1:]]


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
