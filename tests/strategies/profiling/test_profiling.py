"""Profiles of deployments whose occupancy, delay and order are known, and of real ones; with wide tolerances."""

import heapq
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from data.discovery import kind
from data.profile import ServiceProfile
from data.trace import Status
from data.usage import Usage
from strategies.contract import Answer, Deployment, Done, Limits, Request, Strategy
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort, Subject, batch_sizes, profile_deployment, profile_strategy
from strategies.profiling.runs import saturate

QUICK = Effort(0.05, 0.6, 0.8, (0.0, 0.01), 8, 0.02, loads=(0.2, 0.4), load_s=0.6)
ROWS = np.zeros((4, 2), np.float32)
SERVICE_S, DELAY_S = 0.01, 0.02


class Line(Deployment):
    """One worker, first come first served, 10 ms a request; each answer travels for 20 ms more."""

    wake_error_s = 0.0005

    def __init__(self) -> None:
        self.free_s = self.used_s = 0.0
        self.due: list[tuple[float, int, Done]] = []

    def prepare(self, rows: Any) -> None: ...

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        for request in requests:
            self.free_s = max(self.free_s, time.perf_counter()) + SERVICE_S
            heapq.heappush(self.due, (self.free_s + DELAY_S, request.id, done))

    def poll(self, wait_s: float) -> None:
        until_s = time.perf_counter() + wait_s
        if self.due:
            until_s = min(until_s, self.due[0][0])
        time.sleep(max(0.0, until_s - time.perf_counter()))
        while self.due and self.due[0][0] <= time.perf_counter():
            _, number, done = heapq.heappop(self.due)
            self.used_s += SERVICE_S
            done(Answer(number, Status.OK, np.zeros(1), "1"))

    def update(self, model: ModelPackage) -> None: ...

    def usage(self) -> Usage:
        return Usage(cpu_s=self.used_s, peak_bytes=1_000)


def test_it_finds_occupancy_and_delay_that_latency_alone_would_confuse() -> None:
    profile = profile_deployment(Line(), ROWS, Subject("line", "api", "process"), QUICK)
    assert profile.occupancy_s == pytest.approx(SERVICE_S, rel=0.25)
    assert sum(profile.delay_s) == pytest.approx(DELAY_S, rel=0.4)
    assert profile.discipline == "fcfs"
    assert profile.capacity_rps == pytest.approx(1 / SERVICE_S, rel=0.25)
    assert "bursts" in profile.discipline_evidence
    assert ServiceProfile.from_json(profile.to_json()) == profile


def test_saturation_counts_what_was_answered_and_used() -> None:
    found = saturate(Line(), ROWS, 8, 0.6)
    assert found.cpu_s == pytest.approx(SERVICE_S, rel=0.25)
    assert 0 < found.client_s < SERVICE_S
    assert 0 <= found.machine_share <= 1
    assert found.n > 20


def test_a_model_alone_takes_longer_for_more_rows(tumour_forest: ModelPackage) -> None:
    rows = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    model = batch_sizes(tumour_forest, rows, (1, 512), 0.05)
    one, many = (float(np.median(samples)) for _, samples in model.service_s)
    assert one < many < 512 * one
    assert model.memory_bytes > 1_000_000


@pytest.mark.parametrize(("strategy", "host"), [("embedded", "process"), ("api", "process"), ("api", "function")])
def test_real_deployments_are_profiled(strategy: str, host: str, tumour_forest: ModelPackage) -> None:
    made: Host = kind("strategies.hosts", Host, host)()  # type: ignore[type-abstract]
    rows = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    subject = Subject("it", strategy, host, in_caller=strategy == "embedded", one_each=host == "function")
    found = kind("strategies", Strategy, strategy)()  # type: ignore[type-abstract]
    profile = profile_strategy(found, made, tumour_forest, rows, Limits(timeout_s=20.0), subject, QUICK)
    assert profile.component("model").mean_s < profile.occupancy_s
    assert profile.occupancy_s < 0.5
    assert profile.memory_bytes > 1_000_000
    assert profile.discipline_evidence
    assert (profile.payload_bytes > 100) == (strategy == "api")
    phases = {name for start in profile.cold_starts for name, _ in start.phases_s}
    expected = {"start", "import", "load", "first_prediction", "hand over"} if host == "function" else {"until ready"}
    assert phases == (expected if strategy == "api" else set())
    assert ServiceProfile.from_json(profile.to_json()) == profile
