"""The dealership: both forms give the answers of the model itself, and neither leaves anything behind."""

import http.client
from collections.abc import Iterator, Sequence

import numpy as np
import orjson
import psutil
import pytest

from data.catalogue import find_dataset
from data.profile import ServiceProfile
from data.trace import Status
from data.workloads.poisson import Poisson
from strategies.contract import Answer, Deployment, Limits, Request
from strategies.dealership import COMPONENTS, FORMS, DealershipDeployment, Form, deploy_dealership, profile_dealership
from strategies.dealership.measuring import component_times, customers
from strategies.hosts.process import ProcessHost
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.profiling import Effort
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

LIMITS = Limits(timeout_s=20.0)


def trained(factory: pytest.TempPathFactory, algorithm: str) -> ModelPackage:
    spec = TrainingSpec(data="car_choice", algorithm=algorithm, max_rows=3_000, learning_curve=False, track=False)
    return package_trained(train(spec), factory.mktemp("packages"))


@pytest.fixture(scope="module")
def cars(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return trained(tmp_path_factory, "logistic")


def expected(package: ModelPackage, number: int) -> list[float]:
    """The ranking's probabilities straight from the dataset and the model."""
    dataset = find_dataset("car_choice")
    table = dataset.load()
    shown = dataset.schema.encode(table[table["person"] == number])  # (6, features)
    scores: list[float] = sorted(load_predictor(package).predict(shown)[:, -1].tolist(), reverse=True)
    return scores


def ask(deployment: Deployment, numbers: Sequence[int]) -> list[Answer]:
    answers: list[Answer] = []
    deployment.prepare(np.array(numbers, np.float32).reshape(-1, 1))
    deployment.issue([Request(i, i) for i in range(len(numbers))], answers.append)
    for _ in range(2_000):
        if len(answers) == len(numbers):
            break
        deployment.poll(0.02)
    return sorted(answers, key=lambda answer: answer.id)


@pytest.fixture(scope="module", params=FORMS)
def site(request: pytest.FixtureRequest, cars: ModelPackage) -> Iterator[DealershipDeployment]:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with deploy_dealership(cars, request.param, ProcessHost(), LIMITS) as deployment:
        yield deployment
    assert {p.pid for p in psutil.Process().children(recursive=True)} - before == set()


def test_it_ranks_as_the_model_does(site: DealershipDeployment, cars: ModelPackage) -> None:
    numbers = [1, 17, 4_654, 17, 200]
    pids = {pid for part in site.parts.values() for pid in part.pids}
    assert len(pids) == len(site.parts) in (1, len(COMPONENTS))
    answers = ask(site, numbers)
    assert site.health() == ""
    assert (site.usage().cpu_s or 0) > 0
    for number, answer in zip(numbers, answers, strict=True):
        assert answer.status == Status.OK, answer.reason
        assert answer.version == cars.version
        assert answer.outputs is not None
        np.testing.assert_allclose(answer.outputs, expected(cars, number), rtol=1e-5)


def test_a_customer_that_is_not_known_is_an_error_that_says_so(site: DealershipDeployment) -> None:
    unknown, known = ask(site, [4_655, 3])
    assert unknown.status == Status.ERROR
    assert "4655 is not known" in unknown.reason
    assert known.status == Status.OK


def test_the_load_generator_drives_it(site: DealershipDeployment) -> None:
    driven = drive(site, Poisson(rate_rps=40, duration_s=1).schedule(50, 2), customers(50), timeout_s=20)
    assert np.all(driven.columns["status"] == Status.OK)
    assert np.all(np.diff(driven.outputs, axis=1) <= 0), "the likeliest car comes first"


def test_an_update_swaps_the_model_and_needs_the_secret(
    site: DealershipDeployment, cars: ModelPackage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    newer = trained(tmp_path_factory, "hist_gradient_boosting")
    part = site.parts.get("model") or site.parts["monolith"]
    connection = http.client.HTTPConnection("127.0.0.1", part.port, timeout=30)
    connection.request("POST", "/admin/model", orjson.dumps({"folder": str(newer.folder)}))
    assert connection.getresponse().status == 401
    connection.close()
    site.update(newer)
    after = ask(site, [5])[0]
    site.update(cars)
    assert after.version == newer.version
    assert after.outputs is not None
    np.testing.assert_allclose(after.outputs, expected(newer, 5), rtol=1e-5)
    assert ask(site, [5])[0].version == cars.version


def test_a_service_that_dies_fails_requests_and_is_named(cars: ModelPackage) -> None:
    with deploy_dealership(cars, "microservices", ProcessHost(), LIMITS) as deployment:
        assert ask(deployment, [3])[0].status == Status.OK
        psutil.Process(deployment.parts["ranking"].pids[0]).kill()
        answer = ask(deployment, [3])[0]
        assert answer.status == Status.ERROR
        assert "ranking did not answer" in answer.reason
        assert "dealership-ranking" in deployment.health()


def test_components_are_timed_apart(cars: ModelPackage) -> None:
    found = component_times(cars, list(range(1, 31)))
    assert [component.name for component in found] == list(COMPONENTS)
    assert all(0 < component.mean_s < 0.1 for component in found)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_profiled(form: Form, cars: ModelPackage) -> None:
    effort = Effort(0.05, 0.6, 0.4, (0.0, 0.005), 6, 0.02, loads=(0.2,), load_s=0.6)
    profile = profile_dealership(cars, form, ProcessHost(), LIMITS, effort)
    assert [component.name for component in profile.components] == list(COMPONENTS)
    assert profile.occupancy_s < 0.5
    assert bool(profile.hop_s and profile.call_s and profile.serve_s) == (form == "microservices")
    assert ServiceProfile.from_json(profile.to_json()) == profile
