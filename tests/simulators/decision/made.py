"""A profile and comparisons made by hand: what the tests of decisions stand on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from data.estimate import Estimate
from data.profile import ColdStart, Component, ServiceProfile
from data.scenario import Candidate, Scenario
from data.store import Run
from simulators.comparison.comparison import Comparison, result_of
from simulators.comparison.simulating import simulated_trace
from simulators.decision.evidence import Evidence
from strategies.measuring.repeated import repetition_seed

_DRAWS = np.random.default_rng(1)


def profile(service_ms: float = 2.0) -> ServiceProfile:
    """A lone model's profile: so many ms of work, half a ms of delay, starts of 0.8 s, a broker and a look-up."""
    work = tuple((_DRAWS.lognormal(0.0, 0.2, 300) * service_ms / 1e3 / 2).tolist())
    batches = ((1, work), (128, tuple(seconds * 20 for seconds in work[:20])))
    return ServiceProfile(
        "made", "api", "process", 1, (Component("model", batches, 50_000_000),), overhead_s=work, delay_s=(0.0005,),
        broker_s=(0.001,), lookup_s=(0.0001, 0.0002), cold_starts=(ColdStart((("start", 0.8),)),), payload_bytes=800,
        memory_bytes=150_000_000, capacity_rps=500.0, cpu_s=service_ms / 1e3,
    )  # fmt: skip


def dealership() -> Evidence:
    """Both forms of an application of five components, of half a ms each, around a model of 2 ms."""
    names = ("gateway", "customers", "features", "model", "ranking")
    alone = profile()
    model, part = alone.component("model").service_s, ((1, (0.0005,)),)
    parts = tuple(Component(name, model if name == "model" else part) for name in names)
    whole = replace(
        alone, name="dealership", strategy="monolith", components=parts, call_s=(0.0002,), serve_s=(0.0003,),
        hop_s=(0.0001,), capacity_rps=200.0,
    )  # fmt: skip
    return Evidence(whole, "abc", 1_000_000, 10, replace(whole, strategy="microservices", memory_bytes=500_000_000))


def candidate(name: str, architecture: str, strategy: str = "api", **more: Any) -> Candidate:
    """A simulated candidate."""
    return Candidate(name=name, strategy=strategy, architecture=architecture, source="simulated", **more)


SERVERS = candidate("servers", "traditional")
LAMBDA = candidate("lambda", "serverless")
ENDPOINT = candidate("endpoint", "managed_endpoint", sizing={"instance": "aws.sagemaker.ml.m5.large"})
KUBERNETES = candidate("kubernetes", "container_orchestrated")
STREAM = candidate("stream", "traditional", "streaming")
NIGHTLY = candidate("nightly", "monolith", "batch", settings={"batch_every_s": 86_400.0})
ALL = (SERVERS, LAMBDA, ENDPOINT, KUBERNETES, STREAM, NIGHTLY)


def scenario(candidates: Sequence[Candidate] = ALL, **changes: Any) -> Scenario:
    """Two seconds of traffic, twice, and a forecast at which functions are the cheapest."""
    return Scenario.default().evolve(
        **{
            "workload": {"rate_rps": 100.0, "duration_s": 2.5},
            "measurement": {"repetitions": 2, "warm_up_s": 1.0},
            "slo": {"percentile": 95.0, "latency_ms": 50.0, "max_error_share": 0.02},
            "forecast": {"rate_rps": 2.0, "uncertainty_share": 0.1},
            "candidates": [c.model_dump() for c in candidates],
            **changes,
        }
    )


def evidence(made: ServiceProfile | None = None) -> Evidence:
    return Evidence(made or profile(), "abc", 1_000_000, 10)


def compared(asked: Scenario, known: Evidence) -> Comparison:
    """The comparison without a store."""
    results = []
    for each in asked.candidates:
        runs, traces = [], []
        for repetition in range(asked.measurement.repetitions):
            seed = repetition_seed(asked.seed, repetition)
            measured = known.of(each.architecture)
            assert measured is not None
            traces.append(simulated_trace(asked, each, measured, "abc", known.rows, seed))
            about = ("", "g", "simulated", "", asked.name, each.name, repetition, seed, "done")
            runs.append(Run(f"{each.name}{repetition}", *about, trace_file="there"))
        results.append(result_of(asked, each, runs, traces))
    return Comparison(asked, "g", tuple(results))


def estimate(value: float, half: float = 0.0, n: int = 100, unit: str = "ms") -> Estimate:
    return Estimate(value, value - half, value + half, n, unit)
