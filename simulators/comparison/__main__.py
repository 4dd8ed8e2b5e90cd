"""``python -m simulators.comparison file.toml``: the comparison without a browser.

Prints the figures, the scorecards and the decision, and exits with 0 when every candidate keeps the SLO, 1 when one
misses it, 2 for a scenario that cannot be used, 3 when a candidate could not be measured, or not validly, 4 when the
requests were too few to tell, and 130 when it was cancelled.

With ``--expect NAME`` it confirms a decision instead: 0 when that candidate is chosen and nothing is tied with it, 1
when another one is, 3 when that candidate was not measured validly, and 4 when the data do not separate it.
"""

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from data.errors import DrydockError, InvalidScenario, InvalidValue
from data.prices import keep_price_list
from data.scenario import Scenario, toml
from data.scenario.lines import key_lines
from strategies.jobs import JobState, shared_queue

if TYPE_CHECKING:
    from simulators.comparison.comparison import Comparison
    from simulators.decision.decision import Decision

MET, MISSED, BAD_SCENARIO, NOT_MEASURED, NOT_SHOWN, CANCELLED = 0, 1, 2, 3, 4, 130
_EXITS = {"met": MET, "missed": MISSED, "not_measured": NOT_MEASURED, "invalid": NOT_MEASURED, "not_shown": NOT_SHOWN}
_QUICK_S = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        if asked.prices:
            keep_price_list(_read(asked.prices), asked.prices.name)
        scenario = _scenario(asked)
    except InvalidScenario as error:
        print(f"{asked.scenario}: {error}", file=sys.stderr)
        return BAD_SCENARIO
    except InvalidValue as error:
        print(error, file=sys.stderr)
        return BAD_SCENARIO
    try:
        return _compare(scenario, asked)
    except DrydockError as error:
        print(error, file=sys.stderr)
        return NOT_MEASURED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.comparison",
        description="Train, deploy and measure what a scenario names, and compare its candidates.",
        epilog="Exit status: 0 every candidate keeps the SLO, 1 one misses it, 2 the scenario cannot be used, "
        "3 a candidate could not be measured, 4 too few requests to tell, 130 cancelled.",
    )
    parser.add_argument("scenario", type=Path, help="the scenario's TOML file, such as docs/scenarios/quick.toml")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file; - prints them")
    parser.add_argument("--seed", type=int, help="another seed than the scenario's")
    parser.add_argument("--candidate", action="append", metavar="NAME", help="measure only this one; may be repeated")
    parser.add_argument("--expect", metavar="NAME", help="confirm that this candidate is (still) the one to choose")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also write the decision record (Markdown)")
    parser.add_argument("--prices", type=Path, metavar="FILE", help="a price list of your own (TOML) to keep and use")
    parser.add_argument("--quick", action="store_true", help=f"at most {_QUICK_S:g} s of traffic, twice: a rough look")
    return parser


def _scenario(asked: argparse.Namespace) -> Scenario:
    from simulators.comparison.checking import check_measurable

    text = toml.read(asked.scenario)
    scenario = Scenario.from_toml(text)
    check_measurable(scenario, key_lines(text))
    if asked.seed is not None:
        scenario = scenario.evolve(seed=asked.seed)
    if asked.expect:
        scenario.candidate(asked.expect)
    if asked.candidate:
        scenario = scenario.evolve(candidates=[scenario.candidate(name) for name in asked.candidate])
    return _quick(scenario) if asked.quick else scenario


def _quick(scenario: Scenario) -> Scenario:
    now = scenario.measurement
    short = {"repetitions": min(now.repetitions, 2), "warm_up_s": min(now.warm_up_s, 0.5)}
    try:
        duration_s = min(scenario.workload.duration_s, _QUICK_S)
        return scenario.evolve(measurement=short, workload={"duration_s": duration_s})
    except InvalidScenario:  # traffic that makes no sense when cut, such as a spike that would come after the end
        return scenario.evolve(measurement=short)


def _compare(scenario: Scenario, asked: argparse.Namespace) -> int:
    state = _run(scenario)
    if state.status == "cancelled":
        print("Cancelled. Nothing of it is left running.", file=sys.stderr)
        return CANCELLED
    if state.result is None:
        print(state.error.message if state.error else state.status, file=sys.stderr)
        return NOT_MEASURED
    from data.store import RunStore
    from simulators.comparison.saved import load_comparison
    from simulators.decision.saved import kept_decision

    comparison = load_comparison(RunStore(), state.result["group"])
    decision = kept_decision(comparison.group, scenario)
    _tell(comparison, decision, asked)
    if asked.expect:
        return _confirmed(comparison, decision, asked.expect)
    return _EXITS[comparison.outcome]


def _tell(comparison: "Comparison", decision: "Decision | None", asked: argparse.Namespace) -> None:
    from simulators.comparison.rows import heading, table
    from simulators.decision.record import record
    from simulators.decision.saved import to_dict
    from simulators.decision.text import as_lines

    whole = comparison.to_dict() | {"decision": to_dict(decision) if decision else None}
    figures = json.dumps(whole, indent=2, ensure_ascii=False)
    if asked.json == Path("-"):
        print(figures)
    else:
        print(f"{heading(comparison)}\n\n{table(comparison, shutil.get_terminal_size((120, 24)).columns)}")
        if decision:
            print(f"\n{as_lines(comparison.scenario, decision)}")
        if asked.json:
            asked.json.write_text(figures + "\n", encoding="utf-8")
    if asked.record and decision:
        asked.record.write_text(record(comparison.scenario, decision, datetime.now(UTC).date()), encoding="utf-8")


def _confirmed(comparison: "Comparison", decision: "Decision | None", expected: str) -> int:
    """The status that says whether a decision still holds."""
    if decision is not None and decision.chosen == expected:
        return NOT_SHOWN if decision.tied else MET
    found = next(result for result in comparison.results if result.candidate.name == expected)
    chosen = decision.chosen if decision else ""
    print(f"{expected} is no longer chosen: {chosen or 'nobody'} is.", file=sys.stderr)
    if found.verdict.outcome in ("invalid", "not_measured"):
        return NOT_MEASURED
    return NOT_SHOWN if decision is not None and expected in decision.tied else MISSED


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue("price list", str(path), f"cannot be read ({error})", "name a TOML file in UTF-8") from None


def _run(scenario: Scenario) -> JobState:
    """Run it as the page does, in a process of the job queue; Ctrl-C cancels it and waits until it is gone."""
    queue = shared_queue()
    job = queue.submit(
        "simulators.comparison.compare:run_comparison", {"scenario": scenario.to_toml()}, title=scenario.name
    )
    before = signal.signal(signal.SIGTERM, _interrupt)
    tell = _Teller()
    try:
        for state in queue.follow(job.id):
            tell(state)
    except KeyboardInterrupt:
        queue.cancel(job.id)
        queue.wait(job.id)
    finally:
        signal.signal(signal.SIGTERM, before)
        tell.end()
    return queue.state(job.id)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Teller:
    """Progress on standard error: one line that moves on a terminal, a line for each stage elsewhere."""

    def __init__(self) -> None:
        self._moves = sys.stderr.isatty()
        self._last = ""

    def __call__(self, state: JobState) -> None:
        waits = "waiting for another Drydock on this machine" if state.status == "waiting" else ""
        stage = waits or state.stage
        if not stage or state.ended:
            return
        if self._moves:
            print(f"\r\033[K{state.fraction:4.0%} {stage}", end="", file=sys.stderr, flush=True)
        elif stage != self._last:
            print(f"{state.fraction:4.0%} {stage}", file=sys.stderr, flush=True)
        self._last = stage

    def end(self) -> None:
        if self._moves and self._last:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # a second one, while the first was cleaning up: the queue still does, at exit
        sys.exit(CANCELLED)
