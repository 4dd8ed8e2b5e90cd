"""What Prometheus reads."""

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from strategies.packaging.package import ModelPackage
from strategies.serving.exposition import exposition
from strategies.serving.metrics import BOUNDS_S, Counts
from tests.strategies.serving.conftest import served


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def test_counts_become_a_cumulative_histogram() -> None:
    counts = Counts(3)
    seconds = np.random.default_rng(1).lognormal(-6, 1.5, 500)
    for value in seconds:
        counts.answered("native", 200, float(value), 2)
    counts.answered("native", 422, 0.1, 0)
    found = samples(exposition([counts.snapshot(1, "m", "v")]).decode())
    labels = {("protocol", "native"), ("replica", "3")}
    for bound in BOUNDS_S:
        key = "drydock_request_seconds_bucket", frozenset({*labels, ("le", str(bound))})
        assert found[key] == (seconds <= bound).sum()
    assert found["drydock_request_seconds_count", frozenset(labels)] == 500
    assert np.isclose(found["drydock_request_seconds_sum", frozenset(labels)], seconds.sum())
    assert found["drydock_requests_total", frozenset({*labels, ("status", "422")})] == 1
    assert found["drydock_rows_total", frozenset({("replica", "3")})] == 1_000


def test_one_scrape_covers_every_replica(tumour_forest: ModelPackage) -> None:
    with served(tumour_forest, replicas=2) as server:
        import httpx

        per_replica = {"0": 0, "1": 0}
        for _ in range(20):  # a new connection each, so that both replicas are asked
            response = httpx.post(f"{server.client.base_url}/predict", json={"record": server.record})
            per_replica[response.headers["x-drydock-replica"]] += 1
        found = samples(server.client.get("/metrics").text)
        counted = {}
        for replica in per_replica:
            labels = frozenset({("protocol", "native"), ("status", "200"), ("replica", replica)})
            counted[replica] = found.get(("drydock_requests_total", labels), 0)
            assert found["drydock_cpu_seconds_total", frozenset({("replica", replica)})] > 0
        assert counted == per_replica
