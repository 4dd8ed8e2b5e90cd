"""What is measured: every kind of deployment, each as it is calibrated and as it is then driven."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from data.catalogue import find_dataset
from data.discovery import kind
from data.errors import Unavailable
from data.profile import ServiceProfile
from strategies.contract import Deployment, Limits, Strategy
from strategies.dealership import Form, deploy_dealership, profile_dealership
from strategies.dealership.measuring import customers
from strategies.hosts.contract import Host
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort, Subject, profile_strategy, with_cold_starts
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

IDLE_EXPIRY_S = 1.0
"""How long the function host keeps an idle instance here: short, so that cold starts are seen in a short run."""
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One deployment to be predicted."""

    name: str
    strategy: str
    host: str
    workers: int = 1
    form: Form | None = None
    """Of the dealership; None for a lone model."""
    settings: dict[str, float] = field(default_factory=dict)

    @property
    def rest_s(self) -> float:
        """Between two runs: an idle function is gone when the next one begins, as in a simulated run."""
        return 2 * IDLE_EXPIRY_S if self.host == "function" else 0.0

    @contextmanager
    def deployed(self, package: ModelPackage) -> Iterator[tuple[Deployment, NDArray[np.float32]]]:
        """The running deployment, and the rows that requests to it carry."""
        if self.form is not None:
            with deploy_dealership(package, self.form, ProcessHost(), self._limits()) as dealership:
                yield dealership, customers()
            return
        with self._strategy().deploy(package, self._host(), self._limits()) as deployment:
            yield deployment, model_rows(package)

    def profile(self, package: ModelPackage, effort: Effort) -> ServiceProfile:
        """Calibrate: measure its profile, in a deployment of its own."""
        if self.form is not None:
            return profile_dealership(package, self.form, ProcessHost(), self._limits(), effort)
        subject = Subject(
            self.name, self.strategy, self.host, self.workers,
            in_caller=self.strategy == "embedded", one_each=self.host == "function",
        )  # fmt: skip
        # Without the short expiry: a calibration that keeps waiting for cold starts would see nothing else.
        limits, rows = replace(self._limits(), settings={}), model_rows(package)
        found = profile_strategy(self._strategy(), self._host(), package, rows, limits, subject, effort)
        if self.host != "function":
            return found
        return with_cold_starts(found, self._strategy(), self._host(), package, rows, limits)

    def _strategy(self) -> Strategy:
        return kind("strategies", Strategy, self.strategy)()  # type: ignore[type-abstract]

    def _host(self) -> Host:
        host: Host = kind("strategies.hosts", Host, self.host)()  # type: ignore[type-abstract]
        if missing := host.missing():
            raise Unavailable(f"The host {self.host} cannot run here", missing)
        return host

    def _limits(self) -> Limits:
        return Limits(workers=self.workers, timeout_s=TIMEOUT_S, settings=dict(self.settings))


SUBJECTS = (
    Measured("embedded", "embedded", "process"),
    Measured("api-1", "api", "process"),
    Measured("api-2", "api", "process", 2),
    Measured("streaming", "streaming", "process"),
    Measured("function", "api", "function", settings={"idle_s": IDLE_EXPIRY_S}),
    Measured("dealership-monolith", "embedded", "dealership monolith", form="monolith"),
    Measured("dealership-microservices", "api", "dealership microservices", form="microservices"),
)


def car_model(progress: Callable[[str], None]) -> ModelPackage:
    """The dealership's model, which all are measured with; trained anew, as it takes seconds."""
    progress("training the model")
    spec = TrainingSpec(
        data="car_choice", algorithm="random_forest", parameters={"trees": 100}, learning_curve=False, track=False
    )
    return package_trained(train(spec))


def model_rows(package: ModelPackage, count: int = 500) -> NDArray[np.float32]:
    """Rows of the dataset as the model reads them. (count, features)"""
    table = find_dataset("car_choice").load().sample(count, random_state=0)
    return package.manifest.schema.encode(table)


def named(names: list[str]) -> tuple[Measured, ...]:
    """The subjects of these names; all without any."""
    known = {subject.name: subject for subject in SUBJECTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        from data.errors import UnknownKind

        raise UnknownKind("subject", unknown[0], known)
    return tuple(replace(known[name]) for name in names) or SUBJECTS
