"""Each prediction carries the error seen nearest to it: of this comparison, else of the machine's report, else none."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from data.profile import ServiceProfile
from data.scenario import Candidate, Scenario
from simulators.comparison.comparison import Comparison, Result
from simulators.decision import cards
from simulators.decision import decide as deciding
from simulators.decision.decide import decide
from simulators.decision.decision import Decision
from simulators.decision.error_seen import errors_seen, figure_of, nearest_error
from simulators.decision.evidence import Evidence
from simulators.decision.record import record
from simulators.fidelity import Cell, FidelityReport
from simulators.fidelity.plans import as_measured
from simulators.fidelity.report import folder
from simulators.simulate import simulate
from strategies.measuring.repeated import repetition_seed
from strategies.measuring.warm_up import with_warm_up
from tests.simulators.decision.made import LAMBDA, NIGHTLY, SERVERS, compared, dealership, evidence, profile, scenario

pytestmark = pytest.mark.timeout(900)  # the first simulation of all may have to compile the engine
KNOWN = evidence(profile())
API = Candidate(name="really", strategy="api")


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert home.is_dir()
    for name, value in (("RISK_RUNS", 2), ("RISK_REQUESTS", 100), ("MOST_REQUESTS", 1_000)):
        monkeypatch.setattr(cards, name, value)
    monkeypatch.setattr(deciding, "flips", lambda _question, _cancelled: ())
    monkeypatch.setattr(deciding, "_curves", lambda _known, _scenario: None)


def really(asked: Scenario, made: ServiceProfile, result: Result, slower: float) -> Result:
    """The result as if it had been measured: what the deployment does that was profiled, `slower` times as long."""
    warm_up_s, traces = asked.measurement.warm_up_s, []
    for i, before in enumerate(result.traces):
        seed = repetition_seed(asked.seed, i)
        schedule = with_warm_up(asked.workload, KNOWN.rows, seed, warm_up_s)
        run = simulate(as_measured(made), schedule, seed=seed, rows=KNOWN.rows, warm_up_s=warm_up_s, watch=())
        assert run.trace is not None
        about = replace(before.provenance, origin="measured", warm_up_s=warm_up_s)
        end_s = run.trace.scheduled_s + run.trace.latency_s * slower
        traces.append(replace(run.trace, end_s=end_s, provenance=about))
    runs = tuple(replace(run, origin="measured") for run in result.runs)
    return replace(result, runs=runs, traces=tuple(traces))


def measured_too(asked: Scenario, known: Evidence, name: str, slower: float) -> Comparison:
    made = compared(asked, known)
    measured = known.of(asked.candidate(name).architecture)
    assert measured is not None
    results = tuple(really(asked, measured, r, slower) if r.candidate.name == name else r for r in made.results)
    return replace(made, results=results)


def carried(found: Decision) -> dict[str, str]:
    return {card.name: card.error_seen for card in found.cards}


def test_the_error_of_what_was_measured_here_stands_on_every_simulated_card() -> None:
    asked = scenario(candidates=(API, SERVERS, LAMBDA, NIGHTLY))
    comparison = measured_too(asked, KNOWN, "really", slower=1.25)
    found = decide(comparison, KNOWN)
    errors = {error.figure: error for error in found.errors_seen}
    # The same requests with the same draws, a quarter longer: every percentile is predicted a fifth too low.
    assert errors.keys() == {"p50", "p95", "p99"}
    for error in errors.values():
        assert error.share == pytest.approx(1 / 1.25 - 1, abs=1e-9)
    latency_ms = np.concatenate([t.counted().latency_s for t in comparison.results[0].traces]) * 1e3
    assert errors["p95"].measured_ms == pytest.approx(np.percentile(latency_ms, 95))
    said = carried(found)
    assert said["really"] == ""
    assert said["servers"] == said["lambda"] == "p95 -20%, of really, measured here on the same requests"
    assert said["nightly"].endswith("-20%, of really, measured here on the same requests, which is of another strategy")
    text = [statement.text for statement in found.words if statement.topic == "source"]
    assert any("nearest to the prediction of servers and lambda: p95 -20%" in each for each in text)
    assert "* error seen nearest to it: p95 -20%, of really" in record(asked, found, date(2026, 11, 1))


def cell(subject: str, strategy: str, host: str, utilisation: float, error: float) -> Cell:
    return Cell(
        subject, strategy, host, utilisation, 50.0, "poisson", "p95_ms", 10.0, 9.0, 11.0, 10.0 * (1 + error), 9.0, 12.0,
        0.01, 3, 1_000,
    )  # fmt: skip


def test_where_nothing_was_measured_the_machines_report_is_asked() -> None:
    cells = (cell("api-1", "api", "process", 0.1, 0.04), cell("api-1", "api", "process", 0.6, 0.11),
             cell("function", "api", "function", 0.2, -0.3))  # fmt: skip
    FidelityReport(cells).save(folder() / "report.json")
    found = decide(compared(scenario(candidates=(SERVERS, LAMBDA, NIGHTLY)), KNOWN), KNOWN)
    said = carried(found)
    assert said["servers"] == "p95 +4%, of api-1 at 10% of its capacity in the fidelity report"
    assert said["lambda"].startswith("p95 -30%, of function at 20%")
    assert said["nightly"].endswith("which is extrapolated")


def test_without_any_it_is_said_that_there_is_none() -> None:
    assert nearest_error(SERVERS, "p95", (), KNOWN, 0.3) == "none, as nothing like it was measured on this machine"
    assert [figure_of(p) for p in (10.0, 90.0, 98.0, 99.9)] == ["p50", "p95", "p99", "p99"]


def test_both_forms_of_the_dealership_have_their_errors() -> None:
    monolith = Candidate(name="monolith", strategy="embedded", architecture="monolith")
    services = Candidate(name="services", strategy="api", architecture="microservices")
    asked = scenario(candidates=(monolith, services)).evolve(application="dealership")
    known = dealership()
    made = compared(asked, known)
    for name in ("monolith", "services"):
        measured = known.of(asked.candidate(name).architecture)
        assert measured is not None
        results = tuple(really(asked, measured, r, 2.0) if r.candidate.name == name else r for r in made.results)
        made = replace(made, results=results)
    found = errors_seen(made, known)
    assert {(error.candidate, error.figure) for error in found} == {
        (name, figure) for name in ("monolith", "services") for figure in ("p50", "p95", "p99")
    }
    assert all(error.share == pytest.approx(-0.5, abs=1e-9) for error in found)
