"""An objective is met or missed only where the whole interval says so."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidValue
from data.estimate import Estimate, TooFew
from data.estimates import as_text
from data.provenance import Provenance
from data.scenario import Scenario, Slo
from data.store import RunStore
from data.trace import Status, Trace
from data.usage import Usage
from simulators.comparison.comparison import Comparison
from simulators.comparison.rows import FIGURES, heading, rows, table
from simulators.comparison.saved import load_comparison
from simulators.comparison.verdict import judge

SCENARIO = Scenario.default().evolve(slo={"percentile": 90.0, "latency_ms": 10.0, "max_error_share": 0.05})
LATE = "The load generator could not keep its schedule: it was late."


def trace(
    candidate: str = "api", seed: int = 1, median_ms: float = 2.0, failed: int = 0, n: int = 900, problem: str = ""
) -> Trace:
    rng = np.random.default_rng(seed)
    scheduled = np.sort(rng.uniform(1.0, 7.0, n))
    status = np.zeros(n)
    status[rng.choice(n, failed, replace=False)] = Status.ERROR
    provenance = Provenance(
        "measured", candidate, SCENARIO.to_toml(), seed, 1.0, problems=(problem,) if problem else (), notes=("A note.",)
    )
    end = scheduled + median_ms / 1e3 * rng.lognormal(0.0, 0.3, n)
    return Trace.build(
        {"scheduled_s": scheduled, "end_s": end, "status": status},
        versions=("abc",), usage=Usage(cpu_s=0.5 + seed / 100, peak_bytes=2**27), provenance=provenance,
    )  # fmt: skip


Kept = Callable[..., Comparison]


@pytest.fixture
def kept(home: Path) -> Kept:
    """Keeps each candidate's traces in the store, and loads the comparison from there."""
    assert home.is_dir()

    def keep(**traces: list[Trace | str]) -> Comparison:
        store = RunStore()
        for name, found in traces.items():
            for repetition, one in enumerate(found):
                run = store.start(SCENARIO, name, seed=repetition + 1, group="g", repetition=repetition)
                if isinstance(one, str):
                    store.end(run.id, "failed", one)
                else:
                    store.finish(run.id, one)
        return load_comparison(store, "g")

    return keep


@pytest.mark.parametrize(
    ("median_ms", "failed", "outcome", "says"),
    [
        (2.0, 0, "met", "within 10 ms"),
        (20.0, 0, "missed", "above 10 ms"),
        (6.81, 0, "not_shown", "10 ms is inside the interval; about"),  # its 90th percentile is 6.81 exp(0.3 · 1.2816)
        (2.0, 90, "missed", "failed requests: 10.0%"),
        (2.0, 45, "not_shown", "5% is inside the interval"),
    ],
)
def test_three_outcomes(kept: Kept, median_ms: float, failed: int, outcome: str, says: str) -> None:
    comparison = kept(api=[trace(seed=n, median_ms=median_ms, failed=failed) for n in (1, 2, 3)])
    verdict = comparison.results[0].verdict
    assert verdict.outcome == comparison.outcome == outcome
    assert any(says in reason for reason in verdict.reasons), verdict.reasons


def test_the_limit_belongs_to_the_good_side_and_too_few_requests_show_nothing(kept: Kept) -> None:
    summary = kept(api=[trace(seed=n) for n in (1, 2)]).results[0].summary
    assert summary is not None
    slo = Slo(percentile=90.0, latency_ms=10.0, max_error_share=0.0)
    at_the_limit = Estimate(9.0, 8.0, 10.0, 1000, "ms")
    none_failed = Estimate(0.0, 0.0, 0.0, 1000, "share")
    exact = replace(summary, slo_percentile_ms=at_the_limit, failed_share=none_failed)
    assert judge(exact, slo).outcome == "met"
    assert judge(replace(exact, slo_percentile_ms=replace(at_the_limit, high=10.01)), slo).outcome == "not_shown"
    assert judge(replace(exact, slo_percentile_ms=replace(at_the_limit, low=10.0, high=11.0)), slo).outcome != "missed"
    few = judge(replace(exact, slo_percentile_ms=TooFew("p90", 10, 36)), slo)
    assert (few.outcome, few.reasons[0]) == ("not_shown", "p90: not estimable (n=10, needs 36)")
    # One part that is missed is enough, whatever the other says.
    bad = replace(exact, slo_percentile_ms=TooFew("p90", 10, 36), failed_share=at_the_limit)
    assert judge(bad, slo).outcome == "missed"


def test_the_advice_is_enough_requests(kept: Kept) -> None:
    summary = kept(api=[trace(seed=n) for n in (1, 2)]).results[0].summary
    assert summary is not None
    slo = Slo(percentile=90.0, latency_ms=10.0, max_error_share=0.99)
    wide = replace(summary, slo_percentile_ms=Estimate(9.0, 7.0, 11.0, 1000, "ms"))
    # Half the interval is 2, twice the distance to the limit: four times the requests halve it.
    assert "about 4,000 requests would tell" in judge(wide, slo).reasons[0]
    hopeless = replace(summary, slo_percentile_ms=Estimate(10.0, 7.0, 11.0, 1000, "ms"))
    assert judge(hopeless, slo).reasons[0].endswith("is inside the interval")


def test_what_is_not_to_be_trusted_is_not_judged(kept: Kept) -> None:
    comparison = kept(
        embedded=[trace("embedded"), "it was killed"],
        api=[trace(seed=1, problem="It died."), trace(seed=2)],
    )
    embedded, api = comparison.results
    assert (embedded.verdict.outcome, embedded.verdict.reasons) == ("not_measured", ("it was killed",))
    assert embedded.summary is not None
    assert (api.verdict.outcome, api.verdict.reasons) == ("invalid", ("It died.",))
    assert comparison.outcome == "not_measured"


def test_runs_in_which_the_generator_was_late_are_left_out_while_there_are_others(kept: Kept) -> None:
    mixed, late = kept(
        embedded=[trace("embedded", 1, problem=LATE), trace("embedded", 2), trace("embedded", 3)],
        api=[trace(seed=n, problem=LATE) for n in (1, 2)],
    ).results
    assert mixed.verdict.outcome == "met"
    assert mixed.summary is not None
    assert (mixed.summary.runs, len(mixed.traces)) == (2, 3)
    assert mixed.summary.notes[0] == f"1 of 3 runs left out: {LATE}"
    assert late.verdict.outcome == "invalid"


def test_page_and_command_round_alike(kept: Kept) -> None:
    comparison = kept(embedded=[trace("embedded", n, 0.5) for n in (1, 2)], api=[trace(seed=n) for n in (1, 2)])
    text = table(comparison)
    found = rows(comparison)
    assert [row.candidate for row in found] == ["embedded", "api"]
    for row, result in zip(found, comparison.results, strict=True):
        assert result.summary is not None
        assert list(row.cells) == ["p50", "p90", *list(FIGURES)[1:]]
        for label, field in FIGURES.items():
            assert row.cells[label] == as_text(getattr(result.summary, field))
            assert row.cells[label] in text
        assert row.cells["p90"] == as_text(result.summary.slo_percentile_ms)
        assert (row.origin, row.verdict, row.notes) == ("measured", "met", ("A note.",))
    assert "p90 within 10 ms, at most 5% failed · seed 1 · model abc · runs g" in heading(comparison)


def test_the_table_is_aligned_and_keeps_to_the_width(kept: Kept) -> None:
    comparison = kept(embedded=[trace("embedded", n, 0.5) for n in (1, 2)], api=[trace(seed=n) for n in (1, 2)])
    wide, narrow = table(comparison, 160).split("\n\n"), table(comparison, 70).split("\n\n")
    assert (len(wide), len(narrow)) == (2, 3)
    for part in (*wide[:-1], *narrow[:-1]):
        lines = part.splitlines()
        assert max(map(len, lines)) <= 160
        start = lines[0].index(lines[0].split()[0])
        assert all(line[start - 1 : start + 1].lstrip() == line[start] for line in lines)
        assert len(lines) == len(FIGURES) + 4
    assert all(len(line) <= 70 for part in narrow[:-1] for line in part.splitlines())


def test_the_json_holds_every_figure_and_how_to_make_it_again(kept: Kept) -> None:
    comparison = kept(api=[trace(seed=n) for n in (1, 2)])
    plain = json.loads(json.dumps(comparison.to_dict()))
    (api,) = plain["candidates"]
    summary = comparison.results[0].summary
    assert summary is not None
    assert isinstance(summary.p50_ms, Estimate)
    assert api["figures"]["p50_ms"]["value"] == summary.p50_ms.value
    assert api["figures"]["p99_9_ms"] == {"figure": "p99.9", "n": 1800, "needs": 3688}
    assert [run["seed"] for run in api["runs"]] == [1, 2]
    assert (plain["outcome"], plain["models"], api["origin"]) == ("met", ["abc"], "measured")
    assert Scenario.from_toml(plain["scenario"]) == SCENARIO


def test_a_comparison_that_a_session_does_not_see_is_unknown(home: Path) -> None:
    assert home.is_dir()
    store = RunStore("ada")
    store.finish(store.start(SCENARIO, "api", seed=1, group="g").id, trace())
    assert load_comparison(store, "g").results[0].candidate.name == "api"
    with pytest.raises(InvalidValue, match="has no runs that this session sees"):
        load_comparison(RunStore("bob"), "g")
