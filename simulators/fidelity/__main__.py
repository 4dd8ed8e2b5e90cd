"""``python -m simulators.fidelity`` measures how wrong predictions are on this machine, and keeps the report.

It saves after every subject; begun again, it goes on with those that are missing. ``--fresh`` begins anew;
``--again`` measures nothing, and predicts the runs that were kept once more; ``--more N`` first adds N repetitions.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from data.errors import DrydockError, InvalidValue
from simulators.fidelity.keeping import Material, keep, kept
from simulators.fidelity.predicting import cells, fitted
from simulators.fidelity.report import FidelityReport, folder, stored_report
from simulators.fidelity.running import Extent, measure_more, measure_subject
from simulators.fidelity.subjects import Measured, car_model, named
from strategies.profiling import Effort

QUICK = Extent((0.2, 0.6), seconds=1.0, repeats=2, effort=Effort(saturated_s=1.0, pausing_s=1.0, bursts=20, load_s=1.0))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.fidelity", description=__doc__)
    parser.add_argument("--only", default="", help="subjects, with commas between them; all without it")
    parser.add_argument("--seconds", type=float, help="length of each run")
    parser.add_argument("--repeats", type=int, help="times each run is repeated")
    parser.add_argument("--quick", action="store_true", help="two utilisations and short runs")
    parser.add_argument("--fresh", action="store_true", help="measure again what an earlier report holds")
    parser.add_argument("--again", action="store_true", help="predict the kept runs again, without measuring")
    parser.add_argument("--more", type=int, help="add so many repetitions to the kept runs, and predict them all")
    asked = parser.parse_args(arguments)
    extent = QUICK if asked.quick else Extent()
    repeats = asked.more or asked.repeats or extent.repeats
    extent = replace(extent, seconds=asked.seconds or extent.seconds, repeats=repeats)
    try:
        names = [name for name in asked.only.split(",") if name]
        if asked.more:
            more(names, extent)
        report = again(names) if asked.again or asked.more else make(names, extent, asked.fresh)
    except DrydockError as error:
        print(error, file=sys.stderr)
        return 1
    print(as_text(report))
    return 0


def make(names: list[str], extent: Extent, fresh: bool = False) -> FidelityReport:
    """Measure the subjects that the stored report lacks (all with `fresh`), saving after each."""
    report = stored_report() or FidelityReport()
    subjects = named(names)
    missing = [s for s in subjects if fresh or s.name not in {c.subject for c in report.cells}]
    package = car_model(_say) if missing else None
    for subject in missing:
        assert package is not None
        keep(measure_subject(subject, package, extent, _say))
        report = _predicted(subject, report)
    return report


def more(names: list[str], extent: Extent) -> None:
    """Add repetitions to the kept runs of these subjects; of all without any."""
    package = car_model(_say)
    for subject in named(names):
        keep(measure_more(subject, package, _kept(subject), extent, _say))


def again(names: list[str]) -> FidelityReport:
    """Fit and predict the runs that were kept, as the model now is."""
    report = stored_report() or FidelityReport()
    for subject in named(names):
        report = _predicted(subject, report)
    return report


def _predicted(subject: Measured, report: FidelityReport) -> FidelityReport:
    """The report with this subject's cells, saved, from the runs that are kept of it."""
    material = _kept(subject)
    _say(f"{subject.name}: fitting and predicting")
    profile = fitted(subject, material)
    profile.save(folder() / "profiles" / f"{subject.name}.json")
    report = report.with_subject(subject.name, cells(subject, material, profile))
    report.save(folder() / "report.json")
    return report


def _kept(subject: Measured) -> Material:
    material = kept(subject.name)
    if material is None:
        remedy = f"measure it: python -m simulators.fidelity --only {subject.name}"
        raise InvalidValue("subject", subject.name, "has no kept runs", remedy)
    return material


def as_text(report: FidelityReport) -> str:
    """The report as two tables: every cell, then each figure's median."""
    lines = [
        (c.subject, f"{c.utilisation:g}", c.traffic, c.figure, _number(c.measured), _number(c.predicted),
         *map(_percent, (c.error, c.bare_error, c.blind_error, c.naive_error, c.floor, c.noise)), c.verdict)
        for c in report.cells
    ]  # fmt: skip
    totals = [
        (t.figure, *(_percent(share) for share in (
            t.median_error, t.median_quiet, t.median_loaded, t.target, t.median_bare, t.median_blind,
            t.median_naive, t.median_floor
        )), str(t.cells), str(t.noisy), str(t.idle), str(t.overloaded))
        for t in report.totals()
    ]  # fmt: skip
    head = (
        "subject",
        "load",
        "traffic",
        "figure",
        "measured",
        "predicted",
        "error",
        "model",
        "blind",
        "rival",
        "floor",
        "noise",
        "",
    )
    whole = (
        "figure",
        "median error",
        "where quiet",
        "loaded",
        "target",
        "model",
        "blind",
        "rival",
        "floor",
        "cells",
        "noisy",
        "idle",
        "overloaded",
    )
    return f"{_table(head, lines)}\n\n{_table(whole, totals)}\n\nKept in {folder() / 'report.json'}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _number(value: float | None) -> str:
    return "not estimable" if value is None else f"{value:.4g}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
