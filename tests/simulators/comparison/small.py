"""A scenario that takes a second to measure."""

from pathlib import Path

from data.scenario import Scenario

ROOT = Path(__file__).parents[3]
SMALL = Scenario.load(ROOT / "docs" / "scenarios" / "quick.toml").evolve(
    workload={"duration_s": 1.0, "rate_rps": 150.0},
    measurement={"repetitions": 2, "warm_up_s": 0.3, "timeout_s": 30.0},
    # Of some 330 requests, none of which fails, the interval of the share that fails reaches from 0 to 1.1%: a limit of
    # 1% could never be shown to be kept, and whoever kept the load generator's pace would be told so.
    slo={"percentile": 50.0, "latency_ms": 1_000.0, "max_error_share": 0.05},
)
