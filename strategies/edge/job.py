"""Quantising and measuring on the small device as one job: what the queue runs in a process of its own."""

import os
import tempfile
from pathlib import Path
from typing import Any

from data.estimates import as_text, summarise
from data.scenario import Slo
from data.trace import Trace
from strategies.edge.compare import INT8, ORIGINAL, Variant, compare_edge, edge_scenario
from strategies.edge.device import MIB, Device
from strategies.edge.quantise import quantise, why_unchanged
from strategies.edge.rows import known_rows
from strategies.jobs.processes import MARK
from strategies.packaging.package import ModelPackage
from strategies.training.watch import CancelCheck, Progress, never, silent

RUN_EDGE = "strategies.edge.job:run_edge"


def run_edge(payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Measure a package and its int8 form on a small device, and keep every run in the store.

    Parameters
    ----------
    payload
        `folder` of the package; `memory_mib` of the device. Optional: `predictions`, `repetitions`, and `session`,
        whose runs they are.

    Returns
    -------
    dict
        `group`: the runs' group. `unchanged`: why there is no int8 form, or empty. `variants`: for each form its
        `name`, `file_bytes`, and as texts `load`, `peak`, `p50`, `p99`, `score` and `agreement`.
    """
    from data.store import RunStore

    progress("quantising", 0.0)
    package = ModelPackage.open(Path(payload["folder"]))
    device = Device(int(payload["memory_mib"]) * MIB)
    known, store = known_rows(package), RunStore(payload.get("session", ""))
    with tempfile.TemporaryDirectory(prefix="drydock-edge-") as folder:
        quantised = quantise(package, Path(folder) / "int8.onnx")
        forms = {ORIGINAL: package.served_file} | ({INT8: quantised.file} if quantised.changed else {})
        scenario, group = edge_scenario(package, known, device, tuple(forms)), ""

        def keep(name: str, repetition: int, trace: Trace) -> None:
            nonlocal group
            run = store.start(
                scenario, name, seed=trace.provenance.seed, group=group, repetition=repetition,
                job=os.environ.get(MARK, ""),
            )  # fmt: skip
            group = run.group
            store.finish(run.id, trace, summarise([trace], scenario.slo).to_dict())

        variants = compare_edge(
            package, forms, known, device, predictions=int(payload.get("predictions", 1_000)),
            repetitions=int(payload.get("repetitions", 3)), progress=progress, cancelled=cancelled, on_trace=keep,
        )  # fmt: skip
    told = [_told(variant, scenario.slo) for variant in variants]
    return {"group": group, "unchanged": why_unchanged(quantised), "variants": told}


def _told(variant: Variant, slo: Slo) -> dict[str, Any]:
    summary = summarise(variant.traces, slo)
    return {
        "name": variant.name,
        "file_bytes": variant.file_bytes,
        "load": f"{sorted(variant.load_s)[len(variant.load_s) // 2] * 1e3:,.0f} ms (n={len(variant.load_s)})",
        "peak": f"{variant.peak_bytes / MIB:,.0f} MiB",
        "p50": as_text(summary.p50_ms),
        "p99": as_text(summary.p99_ms),
        "score": as_text(variant.score),
        "agreement": f"{variant.agreement:.1%}",
    }
