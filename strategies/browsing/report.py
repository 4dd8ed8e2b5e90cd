"""What a browser says it measured, and the trace that it becomes.

The browser asks, waits for the answer and asks again, so that its schedule is a closed loop of one user who does not
think. Its clock is `performance.now`, which browsers make coarse on purpose: 5 µs in a page that is isolated from
others, 100 µs or more elsewhere; the trace's notes say how coarse it was.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import InvalidValue
from data.estimates.text import digits
from data.provenance import Provenance, software_versions
from data.scenario import Candidate, Scenario
from data.trace import Status, Trace
from data.usage import Usage
from data.workloads.closed_loop import ClosedLoop
from strategies.browsing.rows import BrowserRows
from strategies.browsing.runtime import lock
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline

CANDIDATE = "browser"
MOST = 10_000
"""Predictions that one report may hold."""
TOLERANCE = 1e-5
"""Largest difference from the server's answers: of a probability, or of a value relative to its size where above 1."""

_Name = Annotated[str, Field(max_length=300)]
_Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class BrowserReport(BaseModel):
    """What the page's script sends. Somebody else's program made it, so everything about it is checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: _Name
    """Version of the package that answered."""
    rows: list[Annotated[int, Field(ge=0)]] = Field(min_length=1, max_length=MOST)
    """Index of the row of each prediction. (n,)"""
    start_ms: list[_Positive]
    """When each began, on the browser's clock. (n,)"""
    end_ms: list[_Positive]
    outputs: list[Annotated[float, Field(allow_inf_nan=False)]]
    """Answers, one prediction after the other. (n × outputs,)"""
    warm_up: Annotated[int, Field(ge=0, le=MOST)]
    """Predictions made before, which are not among these."""
    clock_ms: _Positive
    """Smallest step of the browser's clock that was seen."""
    load_ms: _Positive
    """From asking for the runtime and the model until both were ready to predict."""
    isolated: bool
    hidden: bool
    """Whether the tab was in the background at any time meanwhile."""
    browser: _Name
    cores: Annotated[int, Field(ge=0, le=100_000)] = 0


def read_report(raw: Mapping[str, Any]) -> BrowserReport:
    """The report in what a browser sent; `InvalidValue` names what is wrong with it."""
    try:
        return BrowserReport.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "report"
        rule = first["msg"].lower()
        raise InvalidValue(name, first.get("input"), rule, "reload the page and measure again") from None


def scenario_of(package: ModelPackage, report: BrowserReport, given: BrowserRows) -> Scenario:
    """The scenario that the trace's provenance names: one user, one candidate, this package."""
    lasted_s = max((report.end_ms[-1] - report.start_ms[0]) / 1e3, 1e-3)
    data = {"name": given.dataset, "target": package.manifest.target} if given.dataset else {}
    return Scenario(
        name="in_the_browser",
        title=f"{package.manifest.name} in the browser",
        workload=ClosedLoop(users=1, think_s=0.0, duration_s=lasted_s),
        candidates=(Candidate(name=CANDIDATE, strategy="browser", host="browser"),),
    ).evolve(data=data, model={"package": package.version}, measurement={"warm_up_s": 0.0, "repetitions": 1})


def trace_of(package: ModelPackage, report: BrowserReport, given: BrowserRows, scenario: Scenario) -> Trace:
    """The trace of what the browser did; its problems say where the answers are not the server's."""
    outputs = _checked(package, report, given)
    start_s, end_s = (np.asarray(ms, np.float64) / 1e3 for ms in (report.start_ms, report.end_ms))
    began_s = start_s[0]
    rows, n = np.asarray(report.rows, np.int64), len(start_s)
    apart = farthest(outputs, given.answers[rows])
    problems = (
        (f"The browser's answers differ from the server's by up to {apart:.2g}, and {TOLERANCE:g} is allowed.",)
        if apart > TOLERANCE
        else ()
    )
    provenance = Provenance(
        "measured", CANDIDATE, scenario.to_toml(), scenario.seed, problems=problems, notes=_notes(report, apart, n),
        software={**software_versions(), lock().name: lock().version, "browser": report.browser},
        machine={"system": "the visitor's", "cores": str(report.cores)},
    )  # fmt: skip
    columns = {
        "scheduled_s": start_s - began_s, "sent_s": start_s - began_s, "start_s": start_s - began_s,
        "end_s": end_s - began_s, "status": np.full(n, Status.OK), "version": np.zeros(n), "replica": np.zeros(n),
        "row": rows, "answer": headline(outputs, package.manifest.task),
    }  # fmt: skip
    # Nothing is sent while it predicts, and a page may not ask how much memory or processor time it takes.
    usage = Usage(sent_bytes=0, instance_s=float(end_s[-1] - began_s))
    return Trace.build(columns, versions=(report.version,), usage=usage, provenance=provenance)


def farthest(found: NDArray[np.float64], expected: NDArray[np.float32]) -> float:
    """The largest difference between two sets of answers, relative to the expected where that is above 1."""
    wanted = expected.astype(np.float64)
    return float(np.max(np.abs(found - wanted) / np.maximum(np.abs(wanted), 1.0)))


def _checked(package: ModelPackage, report: BrowserReport, given: BrowserRows) -> NDArray[np.float64]:
    """The report's outputs, (n, outputs), once its parts fit each other, the package and the rows."""
    n, width = len(report.rows), len(package.manifest.outputs)
    again = "reload the page and measure again"
    if report.version != package.version:
        raise InvalidValue("version", report.version, f"is not the package's ({package.version})", again)
    lengths = {"start_ms": len(report.start_ms), "end_ms": len(report.end_ms), "outputs": len(report.outputs) // width}
    for name, length in lengths.items():
        if length != n:
            raise InvalidValue(f"length of {name}", length, f"must be that of rows, {n}", again)
    if len(report.outputs) != n * width:
        raise InvalidValue("length of outputs", len(report.outputs), f"must be {n} × {width}", again)
    if max(report.rows) >= len(given.rows):
        raise InvalidValue("rows", max(report.rows), f"must be below {len(given.rows)}", again)
    moments = np.stack([report.start_ms, report.end_ms], axis=1).ravel()
    if np.any(np.diff(moments) < 0):
        raise InvalidValue("start_ms", report.start_ms[0], "and the other moments must ascend", again)
    return np.asarray(report.outputs, np.float64).reshape(n, width)


def _notes(report: BrowserReport, apart: float, n: int) -> tuple[str, ...]:
    clock = f"The browser's clock moves in steps of {digits(report.clock_ms * 1e3)} µs."
    if not report.isolated:
        clock += " Opened as localhost, the page is isolated, and its clock finer."
    notes = [
        f"{n:,} predictions, one after the other, after {report.warm_up:,} that do not count.",
        f"Runtime and model took {digits(report.load_ms)} ms to load, once for each visit.",
        f"The answers differ from the server's by at most {apart:.1e}.",
        clock,
    ]
    if report.hidden:
        notes.append("The tab was in the background for a while, where browsers slow pages down.")
    return tuple(notes)
