"""Profiling a lone model for every strategy: what every architecture's prediction of it is made of."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import Cancelled, DrydockError
from data.profile import Samples, ServiceProfile
from strategies.contract import Limits, Strategy
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage
from strategies.profiling.model import lookup_samples
from strategies.profiling.profiling import Effort, Subject, profile_strategy, with_cold_starts
from strategies.training.watch import CancelCheck, Progress, never, silent

_LIMITS = Limits(workers=1, timeout_s=10.0)
_KEYS = 500
_COLD_S = 8.0
"""How long cold starts are made, at the usual effort."""


def profile_package(
    package: ModelPackage,
    rows: NDArray[np.float32],
    effort: Effort,
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> ServiceProfile:
    """The profile of a lone model for every strategy. `rows` are what its requests carry. (rows, features)"""
    progress("the API", 0.05)
    found = _profiled("api", package, rows, effort, cancelled)
    parts: dict[str, Callable[[ServiceProfile], ServiceProfile]] = {
        "the broker": lambda p: replace(
            p, broker_s=_profiled("streaming", package, rows, replace(effort, loads=()), cancelled).broker_s
        ),
        "cold starts": lambda p: _cold(p, package, rows, effort),
        "the look-up": lambda p: replace(p, lookup_s=_lookup(package, cancelled)),
    }
    for place, (part, add) in enumerate(parts.items()):
        if cancelled():
            raise Cancelled("Profiling was cancelled; nothing of it was kept.")
        progress(part, 0.35 + 0.2 * place)
        try:
            found = add(found)
        except Cancelled:
            raise
        except DrydockError as error:
            found = replace(found, notes=(*found.notes, f"Without {part}: {error}"))
    progress("done", 1.0)
    return found


def model_rows(package: ModelPackage, count: int = 500) -> NDArray[np.float32]:
    """Rows that the model has not learned from; of a model that was not trained here, one row many times."""
    from strategies.edge.rows import known_rows
    from strategies.live.snippets import example_record
    from strategies.training.report import Report

    if Report.of(package) is not None:
        return known_rows(package, count).rows
    row = package.manifest.schema.encode_record(example_record(package.manifest))
    return np.repeat(row.reshape(1, -1), count, axis=0)


def _profiled(
    name: str, package: ModelPackage, rows: NDArray[np.float32], effort: Effort, cancelled: CancelCheck
) -> ServiceProfile:
    subject = Subject(package.manifest.name, name, "process")
    return profile_strategy(_strategy(name), _host("process"), package, rows, _LIMITS, subject, effort, cancelled)


def _cold(profile: ServiceProfile, package: ModelPackage, rows: NDArray[np.float32], effort: Effort) -> ServiceProfile:
    host = _host("function")
    if host.missing():
        return profile  # it keeps the starts of a service's process
    seconds = max(2.0, _COLD_S * effort.pausing_s / Effort().pausing_s)
    return with_cold_starts(profile, _strategy("api"), host, package, rows, _LIMITS, seconds)


def _lookup(package: ModelPackage, cancelled: CancelCheck) -> Samples:
    from strategies.batches.published import Published
    from strategies.batches.queued import output_of, predict_ahead
    from strategies.training.report import Report

    report = Report.of(package)
    if report is None:
        raise DrydockError("it was not trained here, so no dataset is known to predict ahead of need.")
    data = str(report.spec["data"])
    output = output_of(package.version, data)
    if not output.is_file():
        predict_ahead({"folder": str(package.folder), "data": data}, cancelled=cancelled)
    published = Published(output)
    keys = np.random.default_rng(0).integers(1, published.about.rows_out + 1, _KEYS).tolist()
    return lookup_samples(published.find, keys)


def _strategy(name: str) -> Strategy:
    return kind("strategies", Strategy, name)()  # type: ignore[type-abstract]


def _host(name: str) -> Host:
    return kind("strategies.hosts", Host, name)()  # type: ignore[type-abstract]
