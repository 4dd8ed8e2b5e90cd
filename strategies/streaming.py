"""Streaming: requests and models are messages, and whoever subscribes answers with the newest model it has seen.

Settings: `queue_messages` (requests that may wait before more are refused), `unacknowledged` (requests that all
consumers together may hold unfinished), `ack_wait_s` (after which a request that was taken up and not finished goes to
another consumer). `NATS_URL` names a server to use instead of the bundled one.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar

from strategies.contract import Deployment, Limits, Strategy
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage
from strategies.streams.sizes import Sizes


class Streaming(Strategy):
    title = "Streaming"
    summary = (
        "Requests wait in a stream until a consumer takes them up; answers come back on another. A new model is "
        "published as data too, and every running consumer takes it up without a deployment."
    )
    hosts = ("process", "container")
    not_on: ClassVar[Mapping[str, str]] = {
        "function": "A consumer keeps its subscription open between messages; a function stops between requests.",
    }
    update_needs_deployment = False

    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> AbstractContextManager[Deployment]:
        sizes = Sizes.of(limits)
        # Here and not above: the page lists the strategies at its start, and nats-py takes a quarter of a second.
        from strategies.streams.starting import started

        return started(model, host, limits, sizes)
