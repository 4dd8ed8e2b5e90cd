"""Streams and consumers on a NATS cluster, as its command line and its API read them."""

import json
from typing import Any

from simulators.shipping.contract import FileKind, Files
from simulators.shipping.files._program import set_up
from simulators.shipping.shipment import Shipment
from strategies.streams.sizes import Sizes

FOLDER = "nats"


class Nats(FileKind):
    title = "NATS streams"
    summary = (
        "What the deployment keeps on the broker: streams of requests, answers, dead letters and models, and the two "
        "consumers that share the requests. The image's set-up program makes the same and publishes the model."
    )
    strategies = ("streaming",)
    use = f"for f in {FOLDER}/stream-*.json; do nats stream add --config $f; done"

    def files(self, shipment: Shipment) -> Files:
        # Here and not above: the page lists the kinds, and nats-py takes a quarter of a second.
        from strategies.streams.topology import consumer_configs, stream_configs

        names, sizes = shipment.names, Sizes()
        files: dict[str, bytes] = {}
        for stream in stream_configs(names, sizes):
            stream.metadata = None  # it says whose process made it, and nobody's did
            name = (stream.name or "").removeprefix(f"{names.prefix}_")
            files[f"{FOLDER}/stream-{name}.json"] = _json(stream.as_dict())
        for consumer in consumer_configs(names, sizes):
            files[f"{FOLDER}/consumer-{consumer.durable_name}.json"] = _json(consumer.as_dict())
        files[f"{FOLDER}/set-up.sh"] = ("#!/bin/sh\n" + " ".join(set_up(shipment)) + "\n").encode()
        return files


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
