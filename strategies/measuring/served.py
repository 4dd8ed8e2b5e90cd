"""Measures a server that runs already, and says whether it keeps its promise:

``python -m strategies.measuring.served --package FOLDER --port 8080 --rate-rps 100 --latency-ms 50``

Requests come by a Poisson process that does not wait for answers. Ends with 0 where the SLO is met, 1 where it is
missed, 4 where the requests were too few to say, and 2 for a command that makes no sense. Only for servers of this
machine; `DRYDOCK_TOKEN` is sent where it is set.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import DrydockError, InvalidValue, NotEstimable
from data.estimate import Estimate
from data.estimates.percentiles import percentile
from data.estimates.shares import share
from data.schema import Schema
from data.trace import Status
from data.usage import Usage
from data.workloads.poisson import Poisson
from strategies.api import ApiDeployment, Settings
from strategies.contract import Limits
from strategies.hosts.contract import Running
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage

MET, MISSED, SENSELESS, TOO_FEW = 0, 1, 2, 4
_WARM_UP_S = 1.0
_TIMEOUT_S = 5.0


class Elsewhere(Running):
    """A server that somebody else started: nothing is known of it but its port."""

    def __init__(self, port: int) -> None:
        self._port = port

    @property
    def port(self) -> int:
        return self._port

    @property
    def pids(self) -> tuple[int, ...]:
        return ()

    def usage(self) -> Usage:
        return Usage()

    def health(self) -> str:
        return ""

    def log(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised."""

    percentile: float = 99.0
    latency_ms: float = 50.0
    max_error_share: float = 0.01


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found."""

    requests: int
    latency_ms: Estimate | None
    """The promised percentile, over all that were answered or timed out; None where none were."""
    failed_share: Estimate
    met: bool


def measured(
    port: int,
    package: ModelPackage,
    rate_rps: float,
    duration_s: float,
    promise: Promise,
    *,
    token: str = "",
    seed: int = 1,
) -> Kept:
    """Drive a server on the loopback interface and compare with a promise.

    Raises `NotEstimable` where there were too few requests for the percentile's interval.
    """
    for name, value in (("rate_rps", rate_rps), ("duration_s", duration_s)):
        if not 0 < value < float("inf"):
            raise InvalidValue(name, value, "must be above 0", "give requests per second, and seconds")
    settings, rows = Settings(), example_rows(package)
    with tempfile.TemporaryDirectory() as folder:
        if token:
            (Path(folder) / "token").write_text(token)
            settings = replace(settings, token_file=str(Path(folder) / "token"))
        deployment = ApiDeployment(
            Elsewhere(port), package.manifest.schema, Limits(timeout_s=_TIMEOUT_S), settings, secret=""
        )
        try:
            before = Poisson(rate_rps=rate_rps, duration_s=_WARM_UP_S).schedule(len(rows), seed + 1)
            drive(deployment, before, rows, timeout_s=_TIMEOUT_S)
            schedule = Poisson(rate_rps=rate_rps, duration_s=duration_s).schedule(len(rows), seed)
            columns = drive(deployment, schedule, rows, timeout_s=_TIMEOUT_S).columns
        finally:
            deployment.close()
    status = columns["status"]
    waited = (status == Status.OK) | (status == Status.TIMEOUT)
    latency_ms = (columns["end_s"] - columns["scheduled_s"])[waited] * 1e3
    failed = share(int((status != Status.OK).sum()), len(status), name="failed share")
    if not waited.any():
        return Kept(len(status), None, failed, False)
    found = percentile(latency_ms, promise.percentile)
    met = found.value <= promise.latency_ms and failed.value <= promise.max_error_share
    return Kept(len(status), found, failed, met)


def example_rows(package: ModelPackage) -> NDArray[np.float32]:
    """The package's held-out row, as the model reads it. (1, features)"""
    schema: Schema = package.manifest.schema
    if not package.manifest.example:
        rule = "keeps no example of a row"
        raise InvalidValue("model package", package.manifest.name, rule, "package a model that was trained here")
    return schema.encode_record(dict(package.manifest.example)).reshape(1, -1)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m strategies.measuring.served", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of the model package that is served")
    parser.add_argument("--port", type=int, required=True, help="where the server listens on this machine")
    parser.add_argument("--rate-rps", type=float, required=True, help="requests per second")
    parser.add_argument("--duration-s", type=float, default=30.0, help="how long requests keep coming")
    for name, value in asdict(Promise()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value, help="what is promised")
    asked = parser.parse_args(arguments)
    promise = Promise(asked.percentile, asked.latency_ms, asked.max_error_share)
    token = os.environ.get("DRYDOCK_TOKEN", "")
    try:
        package = ModelPackage.open(asked.package)
        found = measured(asked.port, package, asked.rate_rps, asked.duration_s, promise, token=token)
    except NotEstimable as error:
        print(error, file=sys.stderr)
        return TOO_FEW
    except (DrydockError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return SENSELESS
    print(json.dumps(asdict(found) | {"promise": asdict(promise)}, indent=2))
    return MET if found.met else MISSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
