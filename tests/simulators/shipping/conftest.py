"""What is shipped in these tests: one model under each strategy, written into folders."""

from pathlib import Path

import pytest

from data.scenario import Candidate, Slo
from simulators.shipping import Resources, Shipment, Shipped, ship
from strategies.packaging.package import ModelPackage

MANAGED = "managed_serverless"


def shipment_of(package: ModelPackage, strategy: str, **more: object) -> Shipment:
    candidate = Candidate(
        name=f"chosen-{strategy}", strategy=strategy, workers=2, release="canary",
        **{"architecture": "container_orchestrated", **more},  # type: ignore[arg-type]
    )  # fmt: skip
    resources = Resources.measured(cpu_s=0.002, memory_bytes=140 << 20, rate_rps=100.0, replicas=2)
    return Shipment(package, candidate, Slo(latency_ms=40.0), resources, rate_rps=40.0)


@pytest.fixture(scope="session")
def shipments(tumour_forest: ModelPackage) -> dict[str, Shipment]:
    """By strategy, and one for a managed endpoint without instances."""
    found = {strategy: shipment_of(tumour_forest, strategy) for strategy in ("api", "streaming", "batch", "embedded")}
    settings = {"concurrency": 50, "provisioned": 2}
    return found | {MANAGED: shipment_of(tumour_forest, "api", architecture=MANAGED, settings=settings)}


@pytest.fixture(scope="session")
def shipped(shipments: dict[str, Shipment]) -> dict[str, Shipped]:
    return {name: ship(shipment) for name, shipment in shipments.items()}


@pytest.fixture(scope="session")
def folders(shipped: dict[str, Shipped], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The zips, unpacked."""
    import io
    import zipfile

    found = {}
    for name, each in shipped.items():
        folder = tmp_path_factory.mktemp(f"shipped-{name}")
        with zipfile.ZipFile(io.BytesIO(each.zipped())) as archive:
            archive.extractall(folder)
        found[name] = folder
    return found
