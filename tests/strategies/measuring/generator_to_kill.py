"""Measures an API for a minute, in a process of its own, and prints the servers' process numbers and port first.

Run as a program with the folder of a model package.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from data.scenario import Candidate, Measurement
from data.workloads.poisson import Poisson
from strategies.hosts.contract import Running, Service
from strategies.hosts.process import ProcessHost
from strategies.measuring import measure
from strategies.packaging.package import ModelPackage

_run = ProcessHost.run


@contextmanager
def telling(self: ProcessHost, service: Service) -> Iterator[Running]:
    with _run(self, service) as running:
        print(running.port, *running.pids, flush=True)
        yield running


def main() -> None:
    ProcessHost.run = telling  # type: ignore[method-assign, assignment]
    package = ModelPackage.open(Path(sys.argv[1]))
    rows = np.zeros((5, len(package.manifest.schema)), np.float32)
    measure(
        package, Candidate(name="api", strategy="api", workers=2), Poisson(rate_rps=100.0, duration_s=60.0), rows,
        seed=1, measurement=Measurement(warm_up_s=0.0), scenario_toml="",
        progress=lambda stage, share: print(stage, share, flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    main()
