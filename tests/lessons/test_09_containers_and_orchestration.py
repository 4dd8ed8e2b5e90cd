"""Lesson 9 where no container can run, over seeds; and the rules that manifests are held to."""

import copy
from importlib import import_module
from typing import Any

import pytest

from lessons.record import Record

lesson: Any = import_module("lessons.experiments.09_containers_and_orchestration")
EXPERIMENT = lesson.ContainersAndOrchestration()
SOLVED = EXPERIMENT.solve(1)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson.ContainerHost, "missing", lambda _self: "There is no engine here. Install one.")


def run(seed: int, **settings: Any) -> Record:
    chosen = EXPERIMENT.setup() | settings
    record: Record = EXPERIMENT.run(chosen, seed=seed, progress=lambda *_: None, cancelled=lambda: False)
    return record


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_it_simulates_and_says_so() -> None:
    assert EXPERIMENT.origin_here() == "simulated"
    record = run(1)
    assert record.origin == "simulated"
    assert any("no container can run here. There is no engine" in note for note in record.notes)


@pytest.mark.usefixtures("no_engine")
def test_its_claims_hold_over_20_seeds() -> None:
    for seed in range(20):
        assert not EXPERIMENT.check(run(seed)).passed
        assert EXPERIMENT.check(run(seed, **SOLVED)).passed
        once = run(seed, **SOLVED | {"restart": False})
        assert once.figures["failed"].value < 0.05, "users notice little"
        assert not EXPERIMENT.check(once).passed, "and yet a replica is missing"


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(("replicas", "probe_s"), [(2, 4.0), (3, 2.0), (2, 1.0)])
def test_what_is_lost_is_rate_times_share_times_delay(replicas: int, probe_s: float) -> None:
    expected = lesson.RATE_RPS / replicas * probe_s / 2
    assert run(1, replicas=replicas, probe_s=probe_s).figures["lost"].value == pytest.approx(expected, abs=2)


def test_the_manifests_of_the_solution_are_in_order() -> None:
    assert lesson.faults(*lesson.manifests(SOLVED)) == {}
    assert list(lesson.faults(*lesson.manifests(EXPERIMENT.setup()))) == ["replicas"]


def test_the_manifest_bounds_what_the_experiment_bounds() -> None:
    made, _service = lesson.manifests(SOLVED)
    resources = made["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": f"{1_000 * lesson.CPUS:g}m", "memory": f"{lesson.MEMORY_MIB}Mi"}


def test_every_rule_finds_its_fault() -> None:
    good = lesson.manifests(SOLVED)

    def broken(change: Any) -> list[str]:
        made, service = copy.deepcopy(good)
        change(made["spec"], made["spec"]["template"]["spec"]["containers"][0], service["spec"])
        return list(lesson.faults(made, service))

    changes: dict[str, Any] = {
        "selector": lambda spec, _c, _s: spec["selector"].update(matchLabels={"app": "other"}),
        "image": lambda _d, container, _s: container.update(image="ml-model-image:latest"),
        "limits": lambda _d, container, _s: container.pop("resources"),
        "readinessProbe": lambda _d, container, _s: container.pop("readinessProbe"),
        "service.selector": lambda _d, _c, service: service.update(selector={"app": "other"}),
        "service.ports": lambda _d, _c, service: service["ports"][0].update(targetPort="5000"),
    }
    for field, change in changes.items():
        assert broken(change) == [field]
