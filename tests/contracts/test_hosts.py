"""What every host must satisfy; a new one is found and tested by itself."""

import http.client
import os
import time

import psutil
import pytest

from data.discovery import kinds
from strategies.hosts.contract import Host, Service, StartFailed
from strategies.packaging.package import ModelPackage

HOSTS = kinds("strategies.hosts", Host)  # type: ignore[type-abstract]


DOCKER = {"container": pytest.mark.docker}


@pytest.fixture(params=[pytest.param(name, marks=DOCKER.get(name, ())) for name in sorted(HOSTS)])
def host(request: pytest.FixtureRequest) -> Host:
    made = HOSTS[request.param]()
    if made.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(made.missing())
    return made


def service(package: ModelPackage, **other: object) -> Service:
    arguments = ("--package", "{files:package}")
    return Service("api", "strategies.serving", arguments, {"package": package.folder}, **other)  # type: ignore[arg-type]


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_it_introduces_itself(name: str) -> None:
    kind = HOSTS[name]
    assert 3 <= len(kind.title) <= 40
    assert 40 <= len(kind.summary) <= 300
    missing = kind().missing()
    assert missing == "" or missing.endswith("."), "says what is missing and how to get it, in sentences"


@pytest.mark.parametrize("replicas", [1, 2])
def test_it_serves_until_its_block_ends(host: Host, tumour_forest: ModelPackage, replicas: int) -> None:
    with host.run(service(tumour_forest, replicas=replicas)) as running:
        assert status(running.port, "/readyz") == 200
        assert len(running.pids) >= (1 if host.scales_to_zero else replicas)
        assert all(psutil.pid_exists(pid) for pid in running.pids)
        assert running.health() == ""
        before = running.usage()
        time.sleep(0.05)
        after = running.usage()
        pids, port = running.pids, running.port
    assert before.cpu_s is not None
    assert after.cpu_s is not None
    assert after.cpu_s >= before.cpu_s > 0
    assert before.peak_bytes is not None
    assert before.peak_bytes > 10_000_000
    assert before.instance_s is not None
    assert after.instance_s is not None
    assert after.instance_s - before.instance_s >= 0.05 * (1 if host.scales_to_zero else replicas)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(OSError, match=r"refused|reset"):
        status(port, "/readyz")


def test_what_does_not_start_says_why(host: Host, tumour_forest: ModelPackage) -> None:
    made = service(tumour_forest)
    wrong = Service(made.name, made.module, (*made.arguments, "--no-such-option"), made.files)
    with pytest.raises(StartFailed, match="unrecognized arguments: --no-such-option"):
        with host.run(wrong):
            pytest.fail("it started with an unknown option")


def test_two_services_do_not_disturb_each_other(
    host: Host, tumour_forest: ModelPackage, digits_network: ModelPackage
) -> None:
    with host.run(service(tumour_forest)) as first, host.run(service(digits_network)) as second:
        assert first.port != second.port
        assert status(first.port, "/v1/models/tumour") == 200
        assert status(second.port, f"/v1/models/{digits_network.manifest.name}") == 200
        assert not set(first.pids) & set(second.pids)
