"""Containers on a real engine: what they may do, what they may not, and how they end."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from strategies.containers import engine
from strategies.containers.recipe import Recipe
from strategies.hosts.container import ContainerHost, ContainerRunning
from strategies.hosts.contract import Running, Service, StartFailed
from strategies.hosts.function import FunctionHost
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker_client")]
ROOT = Path(__file__).parents[3]
Make = Callable[..., Service]


def eventually(condition: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    deadline_s = time.perf_counter() + timeout_s
    while not condition() and time.perf_counter() < deadline_s:
        time.sleep(0.02)
    return condition()


def ours(client: "DockerClient") -> set[str]:
    return {str(c.id) for c in client.containers.list(all=True, filters={"label": engine.LABEL}, ignore_removed=True)}


def ask(port: int, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(
            method, path, None if body is None else json.dumps(body), {"content-type": "application/json"}
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


LOOK = """
import json, os, pathlib, time
def attempt(path):
    try:
        pathlib.Path(path).write_text('x')
        return 'written'
    except OSError as error:
        return error.strerror
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines() if ':' in line)
print('FOUND ' + json.dumps({
    'uid': [os.getuid(), os.geteuid()], 'gid': os.getgid(),
    'root': attempt('/x'), 'code': attempt('/drydock/x'), 'home': attempt('/etc/x'), 'in': attempt('/run/drydock/in/x'),
    'tmp': attempt('/tmp/x'), 'capabilities': status['CapEff'].strip() + status['CapBnd'].strip(),
    'no_new_privileges': status['NoNewPrivs'].strip(), 'seccomp': status['Seccomp'].strip(),
}), flush=True)
time.sleep(60)
"""


def test_it_is_locked_in(docker_client: "DockerClient", program: Make) -> None:
    with ContainerHost().run(program(LOOK, cpus=0.5, memory_bytes=200 << 20)) as running:
        assert isinstance(running, ContainerRunning)
        assert eventually(lambda: "FOUND " in running.log())
        found = json.loads(running.log().partition("FOUND ")[2].splitlines()[0])
        attributes = docker_client.containers.get(running.id).attrs
    assert found["uid"][0] == found["uid"][1] != 0
    assert found["gid"] != 0
    for place in ("root", "code", "home", "in"):
        assert found[place] == "Read-only file system"
    assert found["tmp"] == "written"
    assert set(found["capabilities"]) == {"0"}
    assert found["no_new_privileges"] == "1"
    assert found["seccomp"] == "2"
    host = attributes["HostConfig"]
    assert host["NanoCpus"] == 500_000_000
    assert host["Memory"] == host["MemorySwap"] == 200 << 20
    assert 0 < host["PidsLimit"] <= 512
    assert not host["Privileged"]


def test_the_port_is_published_to_this_machine_alone(
    docker_client: "DockerClient", tumour_forest: ModelPackage, make_service: Make
) -> None:
    with ContainerHost().run(make_service(tumour_forest)) as running:
        assert isinstance(running, ContainerRunning)
        attributes = docker_client.containers.get(running.id).attrs
        (published,) = attributes["NetworkSettings"]["Ports"].values()
        assert published == [{"HostIp": "127.0.0.1", "HostPort": str(running.port)}]
        checked = docker_client.api.exec_create(running.id, ["python", "-P", "-m", "strategies.containers.healthy"])
        docker_client.api.exec_start(checked["Id"])
        assert docker_client.api.exec_inspect(checked["Id"])["ExitCode"] == 0
        assert attributes["Config"]["Healthcheck"]["Test"][-1] == "strategies.containers.healthy"


HOG = "import time; time.sleep(0.3); print('grasping', flush=True); x = b'1' * (1 << 30)"


def test_a_memory_hog_is_killed_and_reported_as_such(program: Make) -> None:
    with ContainerHost().run(program(HOG, memory_bytes=100 << 20)) as running:
        assert eventually(lambda: running.health() != "")
        health, usage = running.health(), running.usage()
    assert "ran out of memory" in health
    assert "its limit of 100 MiB" in health
    assert "SIGKILL" in health
    assert "grasping" in health, "the last lines of its log are there"
    assert usage.peak_bytes is not None
    assert 50 << 20 < usage.peak_bytes <= 100 << 20
    assert usage.cpu_s is not None
    assert usage.cpu_s > 0


def test_one_that_has_too_little_memory_to_start_says_so(tumour_forest: ModelPackage, make_service: Make) -> None:
    with pytest.raises(StartFailed, match=r"ran out of memory.*its limit of 40 MiB"):
        with ContainerHost().run(make_service(tumour_forest, memory_bytes=40 << 20)):
            pytest.fail("40 MiB are not enough for the runtime")


BURN = """
import time
until_s = time.perf_counter() + 1.5
while time.perf_counter() < until_s:
    pass
print('BURNT', time.process_time(), flush=True)
time.sleep(60)
"""


def test_the_processor_limit_holds(program: Make) -> None:
    with ContainerHost().run(program(BURN, cpus=0.25)) as running:
        assert eventually(lambda: "BURNT" in running.log())
        spent_s = float(running.log().partition("BURNT ")[2].split()[0])
    assert 0 < spent_s < 1.0, "of 1.5 s, a quarter is 0.4; starting up comes on top"


def test_an_unchanged_model_is_not_built_again(
    docker_client: "DockerClient", tumour_forest: ModelPackage, make_service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make_service(tumour_forest)
    tag = engine.image_for(docker_client, service)
    first = docker_client.images.get(tag).id

    def never(*_: object) -> None:
        raise AssertionError("it was built again")

    monkeypatch.setattr(engine, "build", never)
    assert engine.image_for(docker_client, service) == tag
    monkeypatch.undo()
    engine.build(docker_client, Recipe.of(service, str(docker_client.images.get("python:3.11-slim").id)))
    assert docker_client.images.get(tag).id == first, "the engine itself finds every layer known"


def test_a_new_model_is_a_new_last_layer_and_nothing_else(
    docker_client: "DockerClient", tumour_forest: ModelPackage, digits_network: ModelPackage, make_service: Make
) -> None:
    layers = []
    for package in (tumour_forest, digits_network):
        image = docker_client.images.get(engine.image_for(docker_client, make_service(package)))
        layers.append(image.attrs["RootFS"]["Layers"])
    assert layers[0][:-1] == layers[1][:-1]
    assert layers[0][-1] != layers[1][-1]


def test_a_build_that_fails_says_why(docker_client: "DockerClient") -> None:
    recipe = Recipe("FROM python:3.11-slim\nRUN echo before && exit 3\n", {})
    with pytest.raises(engine.BuildFailed, match=r"(?s)non-zero code: 3.*before"):
        engine.build(docker_client, recipe)


def test_process_container_and_function_answer_the_same(tumour_forest: ModelPackage, make_service: Make) -> None:
    example = dict(tumour_forest.manifest.example)
    rows = np.random.default_rng(1).uniform(0, 100, (20, len(example))).tolist()
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/predict", {"record": example}),
        ("POST", "/predict", {"rows": rows}),
        ("POST", "/predict", {"record": {}}),
        ("POST", "/v1/models/tumour:predict", {"instances": rows}),
        ("GET", "/model", None),
        ("GET", "/openapi.json", None),
        ("GET", "/nothing", None),
    ]
    answers = []
    for host in (ProcessHost(), ContainerHost(), FunctionHost()):
        with host.run(make_service(tumour_forest)) as running:
            answers.append([ask(running.port, *each) for each in asked])
    assert answers[0] == answers[1] == answers[2]
    assert [status for status, _ in answers[0]] == [200, 200, 422, 200, 200, 200, 404]


def test_a_container_killed_from_outside_is_missed(docker_client: "DockerClient", program: Make) -> None:
    with ContainerHost().run(program("import time; time.sleep(60)")) as running:
        assert isinstance(running, ContainerRunning)
        assert running.health() == ""
        docker_client.containers.get(running.id).kill()
        assert eventually(lambda: running.health() != "")
        assert "ended without a word" in running.health()
        assert running.pids == ()


def test_administration_asks_for_the_secret_here_too(tumour_forest: ModelPackage, make_service: Make) -> None:
    with ContainerHost().run(make_service(tumour_forest, environment={"DRYDOCK_ADMIN_SECRET": "s"})) as running:
        inside = running.admit(tumour_forest.folder)
        status, body = ask(
            running.port, "POST", "/admin/versions", {"folder": inside, "version": tumour_forest.version}
        )
        assert status == 401, body


PARENT = """
import sys, time
from pathlib import Path
from strategies.hosts.contract import Service
from strategies.hosts.container import ContainerHost
service = Service("api", "strategies.serving", ("--package", "{files:package}"), {"package": Path(sys.argv[1])})
with ContainerHost().run(service) as running:
    print(running.id, *running.pids, flush=True)
    time.sleep(60)
"""


def test_it_ends_with_a_parent_that_is_killed(docker_client: "DockerClient", tumour_forest: ModelPackage) -> None:
    command = [sys.executable, "-c", PARENT, str(tumour_forest.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        name, *pids = parent.stdout.readline().split()
        assert pids
        parent.send_signal(signal.SIGKILL)
    assert eventually(lambda: name not in ours(docker_client)), "the engine removed it"
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)


def test_nothing_is_left_of_it(docker_client: "DockerClient", program: Make) -> None:
    import tempfile

    before = ours(docker_client)
    with ContainerHost().run(program("import time; time.sleep(60)")) as running:
        assert len(ours(docker_client) - before) == 1
        found = list(Path(tempfile.gettempdir()).glob(f"drydock-container-{os.getpid()}-*"))
        assert found
        assert isinstance(running, Running)
    assert ours(docker_client) <= before
    assert not any(path.exists() for path in found)


def test_containers_of_the_dead_are_swept(docker_client: "DockerClient") -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    labels = {engine.LABEL: "container", engine.OWNER_LABEL: str(dead.pid)}
    left = docker_client.containers.create("python:3.11-slim", "true", labels=labels)
    mine = docker_client.containers.create(
        "python:3.11-slim", "true", labels={**labels, engine.OWNER_LABEL: str(os.getpid())}
    )
    try:
        engine.sweep(docker_client)
        assert left.id not in ours(docker_client)
        assert mine.id in ours(docker_client)
    finally:
        mine.remove(force=True)
