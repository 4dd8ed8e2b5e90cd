"""Batch: requests are collected, and a job predicts them all at once; answers are looked up when it is done.

Settings: `every_s` (a job begins at each multiple of it), `max_rows` (or as soon as so many requests wait; with
neither, one job begins when no more requests come), `engine` ("processes", "dask" or "inline": where it computes).
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from typing import ClassVar

from strategies.batches.deployment import BatchDeployment
from strategies.batches.settings import Settings
from strategies.contract import Deployment, Limits, Strategy
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage


class Batch(Strategy):
    title = "Batch"
    summary = (
        "Rows are collected, and a job predicts them all at once, ahead of need; applications look the answers up. A "
        "new model is used from the next job on, and no application notices."
    )
    hosts = ("process", "container")
    not_on: ClassVar[Mapping[str, str]] = {
        "function": "A job may take longer than a function's 15 minutes, and keeps its finished chunks on a disk.",
    }
    update_needs_deployment = False
    warms_up = False

    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> AbstractContextManager[Deployment]:
        return _deploy(model, host, limits, Settings.of(limits))


@contextmanager
def _deploy(model: ModelPackage, host: Host, limits: Limits, settings: Settings) -> Iterator[Deployment]:
    with closing(BatchDeployment(model, host, limits, settings)) as deployment:
        yield deployment
