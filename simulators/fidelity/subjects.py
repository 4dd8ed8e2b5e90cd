"""What is measured: every kind of deployment, each as it is calibrated and as it is then driven."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from data.catalogue import find_dataset
from data.discovery import kind
from data.errors import Unavailable
from data.profile import ServiceProfile
from simulators.fidelity.plans import as_measured
from simulators.plan import Plan
from strategies.contract import Deployment, Limits, Strategy
from strategies.dealership import Form, deploy_dealership, profile_dealership
from strategies.dealership.measuring import customers
from strategies.hosts.contract import Host
from strategies.hosts.process import ProcessHost
from strategies.loadgen import apart
from strategies.loadgen.slowness import Slowness, clocked
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort, Subject, profile_strategy, with_cold_starts
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

INSTANCES = 20
"""Of a function, when it is warm."""
IDLE_EXPIRY_S = 1.0
"""How long the function host keeps an idle instance when it is not: so short that cold starts are seen in a run."""
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
    settings: dict[str, int | float] = field(default_factory=dict)
    """Of the function host."""
    rates_rps: tuple[float, ...] = ()
    """At which it is driven, in longer runs, where a share of its capacity says nothing: how often a function starts
    cold depends on the pauses between requests."""

    @property
    def rest_s(self) -> float:
        """Between two runs: an idle function is gone when the next one begins, as in a simulated run."""
        return 2 * IDLE_EXPIRY_S if self.rates_rps else 0.0

    def clocked(self) -> AbstractContextManager[Slowness]:
        """A clock on every core that the deployment runs on, to be asked for within `deployed`.

        Not where the load generator's own thread serves: it looks at the time while it waits, and leaves a clock none.
        """
        return clocked(set() if self.strategy == "embedded" and not self.form else os.sched_getaffinity(0))

    def plan(self, profile: ServiceProfile) -> Plan:
        """What is simulated of it."""
        return as_measured(profile, **self.settings)  # type: ignore[arg-type]

    @contextmanager
    def deployed(self, package: ModelPackage) -> Iterator[tuple[Deployment, NDArray[np.float32]]]:
        """The running deployment, and the rows that requests to it carry; the load generator has its own core."""
        with apart(), self._deployed(package) as running:
            yield running

    @contextmanager
    def _deployed(self, package: ModelPackage) -> Iterator[tuple[Deployment, NDArray[np.float32]]]:
        if self.form is not None:
            with deploy_dealership(package, self.form, ProcessHost(), self._limits()) as dealership:
                yield dealership, customers()
            return
        with self._strategy().deploy(package, self._host(), self._limits()) as deployment:
            yield deployment, model_rows(package)

    def profile(self, package: ModelPackage, effort: Effort) -> ServiceProfile:
        """Calibrate: measure its profile, in a deployment of its own, in the same way."""
        with apart():
            return self._profile(package, effort)

    def _profile(self, package: ModelPackage, effort: Effort) -> ServiceProfile:
        if self.form is not None:
            return profile_dealership(package, self.form, ProcessHost(), self._limits(), effort)
        subject = Subject(
            self.name, self.strategy, self.host, self.workers,
            in_caller=self.strategy == "embedded", one_each=self.host == "function",
        )  # fmt: skip
        # With the usual expiry: a calibration that keeps waiting for cold starts would see nothing else.
        limits, rows = replace(self._limits(), settings={}), model_rows(package)
        found = profile_strategy(self._strategy(), self._host(), package, rows, limits, subject, effort)
        if not self.rates_rps:
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
    Measured("function", "api", "function", settings={"provisioned": INSTANCES, "concurrency": INSTANCES}),
    Measured(
        "function-cold",
        "api",
        "function",
        settings={"idle_s": IDLE_EXPIRY_S, "concurrency": INSTANCES},
        rates_rps=(0.5, 1.0, 2.0, 3.0),
    ),
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
