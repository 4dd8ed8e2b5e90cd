"""A live release as a job: what the queue runs in a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.discovery import kind
from data.home import home
from data.workloads.contract import Workload
from strategies.jobs.job import Progress
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import make_policy
from strategies.releases.faults._choosing import make_fault
from strategies.releases.live.release import release_live
from strategies.training.watch import CancelCheck, never

RELEASE = "strategies.releases.live.job:run_release"
RELEASING = "releasing"
"""The stage in which users ask; the job's message is then the latest decision as JSON."""


def run_release(payload: dict[str, Any], progress: Progress, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Release for real, and answer with what happened.

    Parameters
    ----------
    payload
        `package`: folder of the model package. `rows`: a .npy file with encoded rows. `policy`: as
        `choices.make_policy` reads it. Optional: `fault` and `fault_settings`; `workload` (its `kind` and fields);
        `truth`, the true answer to each row, and `label_delay_s`; `seed`, `users`, `slo_s`, `timeout_s`, `workers`;
        `trace`, the name under which the trace is kept in the state folder.

    Returns
    -------
    dict
        `outcome`: `ReleaseOutcome.to_dict()`. `log`: every decision. `totals`: the router's counts. `policy`, `fault`.
        `trace`: the trace's file, where one was asked for. `problems`: why the run is not to be trusted.
    """
    import orjson

    progress("deploying", 0.0)
    latest: list[str] = [""]

    def decided(entry: dict[str, Any]) -> None:
        latest[0] = orjson.dumps(entry).decode()

    options = {
        n: payload[n]
        for n in ("seed", "users", "slo_s", "timeout_s", "workers", "truth", "label_delay_s")
        if n in payload
    }
    result = release_live(
        ModelPackage.open(Path(payload["package"])),
        make_policy(payload["policy"]),
        _workload(payload.get("workload", {})),
        np.load(payload["rows"]),
        fault=make_fault(payload.get("fault", "none"), payload.get("fault_settings", {})),
        on_decision=decided,
        on_progress=lambda share: progress(RELEASING, share, latest[0]),
        cancelled=_asked(cancelled),
        **options,
    )
    found: dict[str, Any] = {
        "outcome": result.outcome.to_dict(), "log": list(result.log), "totals": result.totals,
        "policy": result.policy, "fault": result.fault, "problems": list(result.trace.provenance.problems),
    }  # fmt: skip
    if payload.get("trace"):
        file = home() / "traces" / f"{Path(payload['trace']).name}.parquet"
        result.trace.save(file)
        found["trace"] = str(file)
    return found


def _asked(cancelled: CancelCheck) -> Callable[[], bool]:
    return lambda: bool(cancelled())


def _workload(choice: dict[str, Any]) -> Workload:
    fields = dict(choice)
    cls = kind("data.workloads", Workload, fields.pop("kind", "poisson"))  # type: ignore[type-abstract]
    made: Workload = cls.model_validate(fields)
    return made
