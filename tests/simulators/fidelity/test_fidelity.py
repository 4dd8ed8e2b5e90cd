"""The fidelity report: what is in a cell, which cell is nearest, and predictions against theory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.discovery import kind
from data.errors import InvalidFile, InvalidValue, UnknownKind
from data.profile import ColdStart, Component, ServiceProfile
from data.workloads.poisson import Poisson
from simulators.engines.contract import Engine, Task
from simulators.fidelity import Cell, FidelityReport, stored_report
from simulators.fidelity.__main__ import again, as_text
from simulators.fidelity.capacity import sustaining
from simulators.fidelity.comparing import Place, cell_of
from simulators.fidelity.figures import run_of
from simulators.fidelity.keeping import COLUMNS, About, KeptRun, Material, keep, kept
from simulators.fidelity.plans import CLIENT, as_measured
from simulators.fidelity.predicting import predict
from simulators.fidelity.report import FIGURES, TARGETS, Traffic, folder
from simulators.fidelity.running import arrivals, rate, traffic_of
from simulators.fidelity.slowness import slowed
from simulators.fidelity.subjects import SUBJECTS, named
from strategies.loadgen.slowness import STEP_S

CELL = Cell("api-1", "api", "process", 0.4, 100.0, "poisson", "p50_ms", 2.0, 1.9, 2.1, 2.08, 2.0, 2.2, 0.01, 3, 900)
SERVICE = tuple(np.random.default_rng(1).exponential(0.001, 4_000).tolist())
PROFILE = ServiceProfile(
    "p", "api", "process", 1, (Component("model", ((1, SERVICE),)),), cpu_s=0.001, capacity_rps=1_000.0, cores=2
)


def test_error_and_verdict() -> None:
    assert CELL.error == pytest.approx(0.04)
    assert CELL.verdict == "within"
    assert replace(CELL, predicted=3.0).verdict == "off"
    # Repetitions may differ as they like, as long as their median is certain.
    assert replace(CELL, predicted=3.0, noise=0.2).verdict == "off"
    assert replace(CELL, predicted=3.0, floor=0.2).verdict == "noise"
    assert replace(CELL, predicted=3.0, utilisation=0.95).verdict == "overload"
    assert CELL.quoted == CELL.error
    assert replace(CELL, blind=3.0).quoted == pytest.approx(0.5)
    assert replace(CELL, measured=None).verdict == "too few"
    share = replace(CELL, figure="cold_share", measured=0.0, predicted=0.02)
    assert share.error == pytest.approx(0.02)


def test_the_nearest_cell_and_whether_it_is_an_extrapolation() -> None:
    high = replace(CELL, utilisation=0.8)
    embedded = replace(CELL, strategy="embedded", subject="embedded")
    report = FidelityReport((CELL, high, embedded))
    near = report.nearest("api", "process", 0.7)
    assert near is not None
    assert near.cell is high
    assert not near.extrapolated
    for asked in (("api", "process", 0.9), ("api", "process", 0.1), ("api", "function", 0.4)):
        far = report.nearest(*asked)
        assert far is not None
        assert far.extrapolated
    other = report.nearest("embedded", "process", 0.4)
    assert other is not None
    assert other.cell is embedded
    assert report.nearest("api", "process", 0.4, figure="p99_ms") is None
    bursty = report.nearest("api", "process", 0.4, "bursty")
    assert bursty is not None
    assert bursty.extrapolated


def test_noisy_cells_are_counted_and_not_dropped() -> None:
    report = FidelityReport((CELL, replace(CELL, utilisation=0.6, predicted=4.0, floor=0.5)))
    total = report.totals()[0]
    assert (total.figure, total.cells, total.noisy) == ("p50_ms", 2, 1)
    assert total.median_error == pytest.approx((0.04 + 1.0) / 2)
    assert total.median_quiet == pytest.approx(0.04)
    assert total.target == TARGETS["p50_ms"]
    assert "noise" in as_text(report)


def test_cells_at_hardly_any_load_count_and_a_median_without_them_is_told() -> None:
    report = FidelityReport(
        (CELL, replace(CELL, utilisation=0.001, predicted=4.0), replace(CELL, utilisation=0.95, predicted=2.5))
    )
    total = report.totals()[0]
    assert (total.cells, total.idle, total.overloaded) == (2, 1, 1)
    assert total.median_error == pytest.approx((0.04 + 1.0) / 2)
    assert total.median_loaded == pytest.approx(0.04)
    assert "loaded" in as_text(report)


def test_the_file_reads_back_and_goes_on(home: Path) -> None:
    assert stored_report() is None
    report = FidelityReport((CELL,))
    report.save(folder() / "report.json")
    assert stored_report() == report
    changed = report.with_subject("api-1", (replace(CELL, n=1),)).with_subject("api-2", (CELL,))
    assert [cell.n for cell in changed.cells] == [1, 900]
    assert home in folder().parents
    for text in ("", "{}", report.to_json().replace("report 1", "report 0")):
        with pytest.raises(InvalidFile, match=r"python -m simulators\.fidelity"):
            FidelityReport.from_json(text)


def test_a_profile_of_one_queue_is_predicted_as_theory_says() -> None:
    """M/M/1: mean sojourn S / (1 - rho), the model's plan on a machine with cores to spare."""
    schedule = Poisson(rate_rps=600, duration_s=60).schedule(10, 3)
    run = predict(as_measured(PROFILE), PROFILE, schedule, 1)
    service_s = float(np.mean(SERVICE))
    assert np.mean(run.latency_ms) / 1e3 == pytest.approx(service_s / (1 - 600 * service_s), rel=0.08)
    assert run.figures["throughput_rps"] == pytest.approx(600, rel=0.02)
    assert run.figures["cpu_s_per_s"] == pytest.approx(0.6, rel=0.05)
    assert run.figures["cold_share"] == 0


def test_turns_answer_more_the_more_there_is_to_do() -> None:
    """Each further request of a turn costs a third: at the single one's limit the server is far from its own."""
    turns = replace(PROFILE, discipline="turns", next_s=PROFILE.occupancy_s / 3)
    run = predict(as_measured(turns), turns, Poisson(rate_rps=1_500, duration_s=20).schedule(10, 3), 1)
    assert run.figures["throughput_rps"] == pytest.approx(1_500, rel=0.02)
    assert np.percentile(run.latency_ms, 99) < 30


def test_idle_functions_end_and_start_anew() -> None:
    starts = tuple(ColdStart((("start", 0.2),)) for _ in range(3))
    function = replace(PROFILE, host="function", cold_starts=starts, client_s=(0.0001,))
    schedule = Poisson(rate_rps=0.5, duration_s=200).schedule(10, 3)
    run = predict(as_measured(function, idle_s=1.0), function, schedule, 1)
    # An instance is found idle only when the next request comes within a second: 1 - exp(-0.5) of all.
    assert run.figures["cold_share"] == pytest.approx(np.exp(-0.5), abs=0.12)


def test_a_warm_function_shares_the_cores_and_refuses_who_finds_no_instance_idle() -> None:
    function = replace(PROFILE, host="function", client_s=(0.0001,), cores=1, generator_apart=True)
    plan = as_measured(function, provisioned=3, concurrency=3)
    schedule = Poisson(rate_rps=900, duration_s=60).schedule(10, 3)
    outcome = kind("simulators.engines", Engine, "kernel")().run(Task(plan, schedule, 1))  # type: ignore[type-abstract]
    assert outcome.rows is not None
    # M/G/1/3 with processor sharing is insensitive to the service law: (1 - ρ) ρ³ / (1 - ρ⁴) are refused.
    rho = 900 * function.occupancy_s
    refused = float(np.mean(outcome.rows["status"] != 0))
    assert refused == pytest.approx((1 - rho) * rho**3 / (1 - rho**4), rel=0.05)
    assert not outcome.rows["cold"].any()


def test_a_function_that_crowds_its_core_is_slower_the_fuller_it_is() -> None:
    function = replace(
        PROFILE, host="function", discipline="turns", next_s=2 * PROFILE.occupancy_s, cores=1, generator_apart=True
    )
    plan = as_measured(function, provisioned=12, concurrency=12)
    service_s, schedule = function.occupancy_s, Poisson(rate_rps=3_000, duration_s=20).schedule(10, 3)
    full = predict(plan, function, schedule, 1)
    # Eight at a time (two thirds of twelve), the first for S and seven for 2 S each; eight come early in each turn.
    turn_s = 15 * service_s
    assert full.figures["throughput_rps"] == pytest.approx(8 / turn_s, rel=0.03)
    assert full.figures["p50_ms"] / 1e3 == pytest.approx(2 * turn_s - 4.5 / 3_000, rel=0.05)
    calm = predict(plan, function, Poisson(rate_rps=20, duration_s=100).schedule(10, 3), 1)
    assert np.mean(calm.latency_ms) / 1e3 == pytest.approx(service_s, rel=0.08)


def _function_run(utilisation: float, answered: int, refused: int, traffic: Traffic = "poisson") -> KeptRun:
    """Four seconds with so many requests a second; an answer costs 1 ms of processor time and a refusal 0.2."""
    at_s = np.arange(0, 4, 1 / (answered + refused))
    status = np.zeros(len(at_s))
    status[np.random.default_rng(1).permutation(len(at_s))[: 4 * refused]] = 1
    columns = {"scheduled_s": at_s, "end_s": at_s + 0.01, "status": status, "cold": np.zeros(len(at_s))}
    cpu_s = 4 * (answered * 1e-3 + refused * 2e-4)
    return KeptRun(About("calibration", utilisation, traffic, 1.0, 4.0, 1, 10, cpu_s), columns)


def test_what_a_full_function_answers_tells_how_its_instances_crowd_the_cores() -> None:
    function = replace(PROFILE, host="function", cores=1)
    seen = (_function_run(0.5, 500, 0), _function_run(0.85, 800, 0), _function_run(0.85, 804, 0),
            _function_run(0.85, 10, 0, "bursty"))  # fmt: skip
    found = sustaining(function, Material("function", function, seen))
    assert (found.discipline, found.refuse_s) == ("turns", 0)
    # Twenty instances finish thirteen at a time, and such a turn answers what was answered.
    turn_s = found.occupancy_s + 12 * found.next_s
    assert 13 / turn_s == pytest.approx(802, rel=0.01)
    assert sustaining(function, Material("function", function, ())) == function


def test_who_is_refused_has_cost_a_full_function_something() -> None:
    function = replace(PROFILE, host="function", cores=1, generator_apart=True)
    seen = (_function_run(0.5, 500, 0), _function_run(0.85, 700, 400), _function_run(0.85, 650, 500, "bursty"))
    found = sustaining(function, Material("function", function, seen))
    assert found.refuse_s == pytest.approx(2e-4, rel=0.01)
    plan = as_measured(found, provisioned=20, concurrency=20)
    outcome = predict(plan, found, Poisson(rate_rps=1_100, duration_s=30).schedule(10, 3), 1)
    # At the load at which that was seen it answers as many, and with more that it has to refuse it answers fewer.
    assert outcome.figures["throughput_rps"] == pytest.approx(700, rel=0.05)
    flooded = predict(plan, found, Poisson(rate_rps=2_500, duration_s=30).schedule(10, 3), 1)
    assert flooded.figures["throughput_rps"] < 0.85 * outcome.figures["throughput_rps"]


def test_bursts_and_poisson_ask_for_the_same_rate() -> None:
    for utilisation in (0.2, 0.8):
        wanted = rate(PROFILE, utilisation)
        assert wanted == pytest.approx(1_000 * utilisation)
        for traffic in ("poisson", "bursty"):
            assert traffic_of(traffic, wanted, 3.0).mean_rate_rps == pytest.approx(wanted)  # type: ignore[arg-type]


def test_a_cell_takes_its_noise_from_its_own_repetitions() -> None:
    schedule = Poisson(rate_rps=500, duration_s=2).schedule(10, 3)
    plan = as_measured(PROFILE)
    runs = [predict(plan, PROFILE, schedule, seed) for seed in (1, 1, 1)]
    slow = run_of(
        {"scheduled_s": np.zeros(500), "end_s": np.full(500, 0.5), "status": np.zeros(500), "cold": np.zeros(500)},
        schedule.duration_s, 0.1,
    )  # fmt: skip
    about: Place = ("s", "api", "process", 0.5, 500.0, "poisson")
    for figure in FIGURES:
        same = cell_of(about, figure, {(0, 1): runs}, {(0, 1): runs})
        assert same.noise == 0
        assert not same.error
    noisy = cell_of(about, "p50_ms", {(0, 1): [*runs[:2], slow]}, {(0, 1): runs})
    assert noisy.noise > 1


def test_subjects_are_found_by_name() -> None:
    assert named([]) == SUBJECTS
    assert [subject.workers for subject in named(["api-2"])] == [2]
    with pytest.raises(UnknownKind, match="api-3"):
        named(["api-3"])


@pytest.mark.usefixtures("home")
def test_kept_runs_come_back_and_are_predicted_without_measuring() -> None:
    """A made-up machine that does what its profile says, now and then slowly: fitted to loads, another is told."""
    assert kept("api-1") is None
    runs = []
    told = (("calibration", 0.2, 1, 1.0), ("calibration", 0.5, 2, 1.0), ("calibration", 0.2, 4, 1.5),
            ("calibration", 0.5, 5, 1.3), ("held out", 0.35, 3, 1.5))  # fmt: skip
    for purpose, utilisation, seed, slowness in told:
        slow = np.repeat([1.0, slowness], 200)  # steps of 20 ms
        cpu_s = 8.0 * utilisation * float(np.mean(slow**1.8))
        plan = slowed(as_measured(PROFILE), slow, STEP_S, 1.8, CLIENT)
        about = About(purpose, utilisation, "poisson", 1_000 * utilisation, 8.0, seed, 10, cpu_s)  # type: ignore[arg-type]
        outcome = kind("simulators.engines", Engine, "kernel")().run(Task(plan, arrivals(about), seed))  # type: ignore[type-abstract]
        assert outcome.rows is not None
        runs.append(KeptRun(about, {name: outcome.rows[name] for name in COLUMNS}, slow))
    keep(Material("api-1", PROFILE, tuple(runs)))
    found = kept("api-1")
    assert found is not None
    assert found.profile == PROFILE
    assert [run.about for run in found.runs] == [run.about for run in runs]
    assert [run.slow.tolist() for run in found.runs] == [run.slow.tolist() for run in runs]
    report = again(["api-1"])
    assert report == stored_report()
    assert {cell.utilisation for cell in report.cells} == {0.35}
    errors = {cell.figure: cell.error for cell in report.cells}
    assert errors["p50_ms"] == pytest.approx(0, abs=0.12)
    assert errors["throughput_rps"] == pytest.approx(0, abs=0.01)
    # Calibrated on a machine that was hardly slow at the median: without its slowness a prediction is too quick.
    (blind,) = (cell.blind_error for cell in report.cells if cell.figure == "p50_ms")
    assert blind is not None
    assert errors["p50_ms"] is not None
    assert blind < errors["p50_ms"] - 0.05
    fitted = ServiceProfile.load(folder() / "profiles" / "api-1.json")
    assert fitted.slow_power == pytest.approx(1.8, abs=0.6)
    (folder() / "runs" / "api-1.npz").write_bytes(b"no archive")
    with pytest.raises(InvalidFile, match="Measure again"):
        kept("api-1")


@pytest.mark.usefixtures("home")
def test_predicting_again_needs_runs_that_were_kept() -> None:
    with pytest.raises(InvalidValue, match="has no kept runs"):
        again(["api-2"])
