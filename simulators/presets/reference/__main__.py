"""``python -m simulators.presets.reference`` measures the reference profile anew, and writes it beside this file.

Its pieces come from real deployments of the car dealership: the whole as one process (components, overhead, order of
service), as five processes (what calling and being called take), the model behind the broker, as a function, and looked
up after a batch job. Run it on a quiet machine.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from data.profile import Samples, ServiceProfile
from simulators.presets.reference import FILE
from strategies.contract import Limits
from strategies.dealership import profile_dealership
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort, batch_sizes
from strategies.profiling.job import model_rows, profile_package
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

_KEPT = 400
"""Samples kept of each duration, at even quantiles: enough for the tail that they show, in a file of some 100 kB."""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        spec = TrainingSpec(
            data="car_choice", algorithm="random_forest", parameters={"trees": 100}, learning_curve=False, track=False
        )
        profile = measure(package_trained(train(spec), Path(folder)))
    profile.save(FILE)
    print(f"{FILE.name}: {profile.occupancy_s * 1e3:.3g} ms a request, {profile.capacity_rps:,.0f} requests/s")
    return 0


def measure(package: ModelPackage, effort: Effort | None = None) -> ServiceProfile:
    """Everything that any architecture and strategy may need, of one application."""
    effort, limits = effort or Effort(), Limits(timeout_s=10.0)
    whole = profile_dealership(package, "monolith", ProcessHost(), limits, effort)
    apart = profile_dealership(package, "microservices", ProcessHost(), limits, effort)
    rows = model_rows(package)
    alone = profile_package(package, rows, effort)
    sizes = batch_sizes(package, rows)
    model = replace(whole.component("model"), service_s=(whole.component("model").service_s[0], *sizes.service_s[1:]))
    return thinned(
        replace(
            whole.with_component(model), name="car dealership", host="process", call_s=apart.call_s,
            serve_s=apart.serve_s, hop_s=apart.hop_s, broker_s=alone.broker_s, lookup_s=alone.lookup_s,
            cold_starts=alone.cold_starts, notes=(*whole.notes, *apart.notes, *alone.notes),
        )
    )  # fmt: skip


def thinned(profile: ServiceProfile) -> ServiceProfile:
    """The same with at most `_KEPT` samples of each duration."""
    names = ("overhead_s", "delay_s", "client_s", "call_s", "serve_s", "hop_s", "broker_s", "lookup_s")
    components = tuple(
        replace(c, service_s=tuple((size, _few(samples)) for size, samples in c.service_s)) for c in profile.components
    )
    idle = tuple(replace(i, extra_s=_few(i.extra_s)) for i in profile.idle)
    rest: dict[str, Any] = {name: _few(getattr(profile, name)) for name in names}
    return replace(profile, components=components, idle=idle, **rest)


def _few(samples: Samples) -> Samples:
    ordered = sorted(samples)
    if len(ordered) <= _KEPT:
        return tuple(samples)
    return tuple(ordered[int((i + 0.5) / _KEPT * len(ordered))] for i in range(_KEPT))


if __name__ == "__main__":
    sys.exit(main())
