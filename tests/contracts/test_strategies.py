"""What every strategy must satisfy, on every host that it names; a new one is found and tested by itself."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import psutil
import pytest

from data.discovery import kinds
from data.errors import InvalidValue
from data.trace import Status
from strategies.contract import Answer, Deployment, Limits, Request, Strategy
from strategies.hosts.contract import Host
from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

STRATEGIES = kinds("strategies", Strategy)  # type: ignore[type-abstract]
HOSTS = kinds("strategies.hosts", Host)  # type: ignore[type-abstract]
PAIRS = [(s, h) for s, kind in STRATEGIES.items() for h in kind.hosts if h in HOSTS]
REQUESTS = 40
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    from sklearn.datasets import load_breast_cancer

    found: np.ndarray = load_breast_cancer().data[:25].astype(np.float32)
    return found


@pytest.fixture(scope="module")
def newer(tumour_forest: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """Another version of the same model, which answers otherwise."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    x = data.data.astype(np.float32)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[::2], 1 - data.target[::2])
    m, root = tumour_forest.manifest, tmp_path_factory.mktemp("newer")
    return build_package(pipeline, m.schema, m.task, m.target, m.outputs, root, x[1::2], name=m.name)


@pytest.fixture(
    scope="module",
    params=[pytest.param(p, marks=[pytest.mark.docker] if p[1] == "container" else [], id="-".join(p)) for p in PAIRS],
)
def pair(request: pytest.FixtureRequest) -> tuple[Strategy, Host]:
    strategy, host = request.param
    made = HOSTS[host]()
    if made.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(made.missing())
    return STRATEGIES[strategy](), made


def at_once(pair: tuple[Strategy, Host]) -> int:
    """How many requests to have under way: where each takes an instance, no more than a small machine can start."""
    return 2 if pair[1].scales_to_zero else REQUESTS


@contextmanager
def deployed(pair: tuple[Strategy, Host], model: ModelPackage, **limits: object) -> Iterator[Deployment]:
    strategy, host = pair
    with strategy.deploy(model, host, Limits(**{"timeout_s": 10.0, **limits})) as deployment:  # type: ignore[arg-type]
        yield deployment


@pytest.fixture(scope="module")
def standing(pair: tuple[Strategy, Host], tumour_forest: ModelPackage, rows: np.ndarray) -> Iterator[Deployment]:
    """Deployed once for all tests that leave it as it was; to start takes seconds."""
    before = family()
    with deployed(pair, tumour_forest) as deployment:
        deployment.prepare(rows)
        yield deployment
    assert left_behind(before) == set()


def ask(
    deployment: Deployment, row_of: Callable[[int], int], count: int = REQUESTS, most: int = REQUESTS
) -> list[Answer]:
    """Issue requests one after the other, at most so many at once, and wait for all their answers, by id."""
    answers: dict[int, Answer] = {}

    def done(answer: Answer) -> None:
        assert answer.id not in answers, "a request was answered twice"
        answers[answer.id] = answer

    deadline_s = time.perf_counter() + PATIENCE_S
    for number in range(count):
        while number - len(answers) >= most and time.perf_counter() < deadline_s:
            deployment.poll(0.05)
        deployment.issue([Request(number, row_of(number))], done)
        deployment.poll(0)
    deployment.flush()
    while len(answers) < count and time.perf_counter() < deadline_s:
        deployment.poll(0.05)
    assert sorted(answers) == list(range(count))
    return [answers[number] for number in range(count)]


def family() -> set[int]:
    """Process identifiers of all living descendants."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
        except psutil.NoSuchProcess:
            continue
    return found


def left_behind(before: set[int]) -> set[int]:
    """Descendants that were not there before and do not go within some seconds."""
    deadline_s = time.perf_counter() + 5
    while family() - before and time.perf_counter() < deadline_s:
        time.sleep(0.02)
    return family() - before


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_it_introduces_itself(name: str) -> None:
    kind = STRATEGIES[name]
    assert kind.__module__.startswith("strategies.")
    assert 3 <= len(kind.title) <= 40
    assert 40 <= len(kind.summary) <= 300
    assert kind.summary.endswith(".")
    assert kind.hosts
    assert isinstance(kind.update_needs_deployment, bool)


@pytest.mark.parametrize("host", sorted(HOSTS))
@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_it_runs_on_a_host_or_says_why_not(name: str, host: str) -> None:
    kind = STRATEGIES[name]
    reason = kind.why_not(host)
    assert (reason == "") == (host in kind.hosts)
    assert reason == "" or (len(reason) >= 40 and reason.endswith("."))
    assert not set(kind.not_on) & set(kind.hosts)
    assert "choose" not in reason, "an own reason, not the general one"


def test_it_answers_every_request_once_as_the_model_does(
    pair: tuple[Strategy, Host], standing: Deployment, tumour_forest: ModelPackage, rows: np.ndarray
) -> None:
    expected = load_predictor(tumour_forest).predict(rows).astype(np.float64)
    begun_s = time.perf_counter()
    answers = ask(standing, lambda number: number % len(rows), most=at_once(pair))
    ended_s = time.perf_counter()
    assert standing.health() == ""
    for number, answer in enumerate(answers):
        assert answer.status == Status.OK, answer.reason
        assert answer.version == tumour_forest.version
        assert answer.reason == ""
        assert np.isnan(answer.start_s) or begun_s <= answer.start_s <= ended_s
        if answer.outputs is not None:
            # One row or many at a time: the runtime may add up in another order, and the last bits differ.
            np.testing.assert_allclose(answer.outputs, expected[number % len(rows)], rtol=1e-6, atol=1e-7)


def test_only_the_null_strategy_answers_without_a_model(pair: tuple[Strategy, Host], standing: Deployment) -> None:
    (answer,) = ask(standing, lambda _: 0, 1)
    assert (answer.outputs is None) == (type(pair[0]).__module__ == "strategies.null")


def test_an_update_drops_nothing_and_the_answers_name_their_version(
    pair: tuple[Strategy, Host],
    standing: Deployment,
    tumour_forest: ModelPackage,
    newer: ModelPackage,
    rows: np.ndarray,
) -> None:
    answers = []
    for model in (None, newer, tumour_forest):  # and back, as a rollback does
        if model is not None:
            standing.update(model)
        answers.append(ask(standing, lambda number: number % len(rows), 10, at_once(pair)))
    assert {answer.status for some in answers for answer in some} == {Status.OK}
    versions = [{answer.version for answer in some} for some in answers]
    assert versions == [{tumour_forest.version}, {newer.version}, {tumour_forest.version}]


def test_usage_only_grows(pair: tuple[Strategy, Host], standing: Deployment) -> None:
    before = standing.usage().to_dict()
    ask(standing, lambda _: 0, most=at_once(pair))
    after = standing.usage().to_dict()
    for name, value in after.items():
        assert value is None or value >= (before[name] or 0) >= 0, name
    assert after["instance_s"] > before["instance_s"]


def test_it_leaves_no_process_behind_even_after_an_exception_in_its_block(
    pair: tuple[Strategy, Host], tumour_forest: ModelPackage, rows: np.ndarray
) -> None:
    before = family()
    with suppress(ZeroDivisionError), deployed(pair, tumour_forest, workers=2) as deployment:
        deployment.prepare(rows)
        ask(deployment, lambda _: 0, 5, at_once(pair))
        raise ZeroDivisionError
    assert left_behind(before) == set()


def test_a_setting_that_it_does_not_know_is_refused(pair: tuple[Strategy, Host], tumour_forest: ModelPackage) -> None:
    before = family()
    with pytest.raises(InvalidValue, match="no_such_setting"):
        with deployed(pair, tumour_forest, settings={"no_such_setting": 1}):
            pytest.fail("it took an unknown setting")
    assert family() == before
