"""Real servers, in processes of their own, one for each kind of model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx
import numpy as np
import pytest

from data.schema import Feature, Schema
from strategies.hosts.contract import Running, Service
from strategies.hosts.process import ProcessHost
from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor, load_predictor


@dataclass(frozen=True)
class Served:
    """A server, the package that it serves, and a client for it."""

    package: ModelPackage
    running: Running
    client: httpx.Client
    predictor: Predictor

    @property
    def record(self) -> dict[str, object]:
        return dict(self.package.manifest.example)

    @property
    def row(self) -> list[object]:
        return list(self.record.values())

    def expected(self, *records: Mapping[str, object]) -> list[list[float]]:
        """What the packaged model itself answers."""
        return self.predictor.predict(self.package.manifest.schema.encode_records(records)).tolist()

    def post(self, path: str, content: object = None, **other: object) -> httpx.Response:
        """Post a value as JSON, or bytes as they are."""
        headers = {"content-type": "application/json", **other.pop("headers", {})}  # type: ignore[dict-item]
        if isinstance(content, bytes):
            return self.client.post(path, content=content, headers=headers, **other)  # type: ignore[arg-type]
        return self.client.post(path, json=content, headers=headers, **other)  # type: ignore[arg-type]


Serve = Callable[..., AbstractContextManager[Served]]


@contextmanager
def served(
    package: ModelPackage,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    replicas: int = 1,
) -> Iterator[Served]:
    service = Service(
        "api", "strategies.serving", ("--package", "{files:package}", *arguments), {"package": package.folder},
        {"DRYDOCK_ADMIN_SECRET": "harbour", **(environment or {})}, replicas=replicas,
    )  # fmt: skip
    with ProcessHost().run(service) as running:
        with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=30) as client:
            yield Served(package, running, client, load_predictor(package))


@pytest.fixture
def serve() -> Serve:
    """Start a server: `serve(package, arguments, environment, replicas)`."""
    return served


@pytest.fixture(scope="session")
def tumour(tumour_forest: ModelPackage) -> Iterator[Served]:
    with served(tumour_forest) as found:
        yield found


@pytest.fixture(scope="session")
def digits(digits_network: ModelPackage) -> Iterator[Served]:
    with served(digits_network) as found:
        yield found


@pytest.fixture(scope="session")
def flights(flights_linear: ModelPackage) -> Iterator[Served]:
    with served(flights_linear) as found:
        yield found


@pytest.fixture(scope="session")
def cars_package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A model that reads a category, a number, and one that may be missing."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    schema = Schema(
        (
            Feature("fuel", "category", ("electric", "gas: natural", "petrol")),
            Feature("price", unit="USD", description="List price"),
            Feature("range", nullable=True, unit="km"),
        )
    )
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.integers(0, 3, 200), rng.normal(20_000, 5_000, 200), rng.normal(300, 50, 200)])
    x = x.astype(np.float32)
    y = (x[:, 1] + 5_000 * x[:, 0] > 25_000).astype(int)
    x[::7, 2] = np.nan
    pipeline = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=1_000)).fit(x[::2], y[::2])
    root = tmp_path_factory.mktemp("packages")
    return build_package(pipeline, schema, "binary", "bought", ("no", "yes"), root, x[1::2], name="cars")


@pytest.fixture(scope="session")
def cars(cars_package: ModelPackage) -> Iterator[Served]:
    with served(cars_package) as found:
        yield found
