"""How Prometheus reads what servers count: plain numbers become metric families when somebody asks.

One answer covers all replicas, each with its own label, whichever of them was asked.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from strategies.serving.metrics import BOUNDS_S


def exposition(snapshots: Iterable[dict[str, Any]]) -> bytes:
    """Prometheus' text format for several replicas' snapshots."""
    registry = CollectorRegistry()
    registry.register(_Snapshots(list(snapshots)))
    return generate_latest(registry)


class _Snapshots(Collector):
    def __init__(self, snapshots: list[dict[str, Any]]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        yield self._requests()
        yield self._latencies()
        yield from self._one_number_each()
        info = InfoMetricFamily("drydock_model", "The model that answers", labels=["replica"])
        for s in self._snapshots:
            info.add_metric([str(s["replica"])], {"name": s["model"], "version": s["version"]})
        yield info

    def _requests(self) -> Metric:
        family = CounterMetricFamily(
            "drydock_requests", "Requests for predictions that were answered", labels=["protocol", "status", "replica"]
        )
        for s in self._snapshots:
            for protocol, status, n in s["requests"]:
                family.add_metric([protocol, str(status), str(s["replica"])], n)
        return family

    def _latencies(self) -> Metric:
        family = HistogramMetricFamily(
            "drydock_request_seconds", "Time from taking a request up to its answer", labels=["protocol", "replica"]
        )
        for s in self._snapshots:
            for protocol, buckets in s["buckets"].items():
                running, cumulative = 0, []
                for bound, n in zip((*map(str, BOUNDS_S), "+Inf"), buckets, strict=True):
                    running += n
                    cumulative.append((bound, running))
                family.add_metric([protocol, str(s["replica"])], cumulative, s["total_s"][protocol])
        return family

    def _one_number_each(self) -> Iterator[Metric]:
        rows = CounterMetricFamily("drydock_rows", "Rows that were predicted", labels=["replica"])
        cpu = CounterMetricFamily("drydock_cpu_seconds", "Processor time of the replica", labels=["replica"])
        in_flight = GaugeMetricFamily("drydock_in_flight", "Requests taken up and not yet answered", labels=["replica"])
        for s in self._snapshots:
            label = [str(s["replica"])]
            rows.add_metric(label, s["rows"])
            cpu.add_metric(label, s["cpu_s"])
            in_flight.add_metric(label, s["in_flight"])
        yield from (rows, cpu, in_flight)
