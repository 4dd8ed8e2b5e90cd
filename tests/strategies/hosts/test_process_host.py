"""The process host: starting, watching, measuring and ending real processes."""

import http.client
import os
import pickle
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from data.errors import InvalidValue
from strategies.hosts._log import KEPT_BYTES, LIMIT_BYTES, Log
from strategies.hosts.contract import Running, Service, StartFailed
from strategies.hosts.process import ProcessHost

Make = Callable[..., Service]


def get(port: int) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode().split(" ")
    finally:
        connection.close()


def wait_for(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    deadline_s = time.perf_counter() + within_s
    while time.perf_counter() < deadline_s:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def drydock_folders() -> set[str]:
    import tempfile

    return {p.name for p in Path(tempfile.gettempdir()).glob("drydock-*")}


def test_it_serves_and_leaves_nothing_behind(service: Make) -> None:
    before = drydock_folders()
    with ProcessHost().run(service(environment={"GREETING": "hello"})) as running:
        pid, number, greeting = get(running.port)
        assert (int(pid), number, greeting) == (running.pids[0], "0", "hello")
        assert running.health() == ""
        assert "mode plain" in running.log()
        folders = drydock_folders() - before
        assert len(folders) == 1
    assert not psutil.pid_exists(int(pid))
    assert is_free(running.port)
    assert not drydock_folders() & folders


def test_replicas_share_one_port_and_have_their_own_numbers(service: Make) -> None:
    with ProcessHost().run(service(replicas=3)) as running:
        assert len(set(running.pids)) == 3
        seen = {tuple(get(running.port)[:2]) for _ in range(60)}
        assert {int(pid) for pid, _ in seen} <= set(running.pids)
        numbers = dict(seen)
        assert len(set(numbers.values())) == len(numbers)


def test_a_file_is_filled_into_arguments_and_environment(service: Make, tmp_path: Path) -> None:
    made = service(files={"data": tmp_path}, environment={"GREETING": "{files:data}"})
    with ProcessHost().run(made) as running:
        assert get(running.port)[2] == str(tmp_path.resolve())


def test_a_failed_start_says_how_and_why(service: Make) -> None:
    with pytest.raises(StartFailed, match=r"(?s)ended with status 1 .*there is no such file") as found:
        with ProcessHost().run(service("fails")):
            pytest.fail("it never got ready")
    assert pickle.loads(pickle.dumps(found.value)).args == found.value.args


def test_a_start_that_takes_too_long_is_ended(service: Make) -> None:
    before = set(psutil.Process().children())
    with pytest.raises(StartFailed, match=r"not ready after 0\.5 s"):
        with ProcessHost().run(service("hangs", start_timeout_s=0.5)):
            pytest.fail("it never got ready")
    assert set(psutil.Process().children()) <= before


def test_health_names_what_died(service: Make) -> None:
    with ProcessHost().run(service(replicas=2)) as running:
        victim = running.pids[1]
        os.kill(victim, signal.SIGKILL)
        assert wait_for(lambda: running.health() != "")
        assert f"replica 1 (process {victim}) was killed by SIGKILL" in running.health()
        assert "mode plain" in running.health()
        assert running.pids == (running.pids[0],)
        assert get(running.port)[1] == "0"  # the other one goes on


def test_a_service_deaf_to_sigterm_is_killed(service: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strategies.hosts.process.GRACE_S", 0.3)
    with ProcessHost().run(service("deaf")) as running:
        pid = running.pids[0]
    assert not psutil.pid_exists(pid)


def test_what_a_service_started_ends_with_it(service: Make) -> None:
    with ProcessHost().run(service("parent")) as running:
        child = int(running.log().split("child ")[1].split()[0])
        assert psutil.pid_exists(child)
    assert wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_usage_counts_time_memory_and_instances(service: Make) -> None:
    with ProcessHost().run(service("busy", replicas=2)) as running:
        begun = running.usage()
        time.sleep(0.2)
        later = running.usage()
        assert begun.cpu_s is not None
        assert begun.peak_bytes is not None
        assert begun.instance_s is not None
        assert later.instance_s is not None
        assert 0.6 <= begun.cpu_s < 30  # two processes, each at least 0.3 s
        assert 100e6 < begun.peak_bytes < 1e9  # and at least 50 MB
        assert later.instance_s - begun.instance_s >= 0.4
        at_death = _usage_after_death(running)
    assert at_death[0] >= begun.cpu_s
    assert at_death[1] >= begun.peak_bytes * 0.95


def _usage_after_death(running: Running) -> tuple[float, int]:
    for pid in running.pids:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not running.pids)
    used = running.usage()
    assert used.cpu_s is not None
    assert used.peak_bytes is not None
    return used.cpu_s, used.peak_bytes


def test_the_log_is_bounded(service: Make) -> None:
    with ProcessHost().run(service("chatty")) as running:
        assert wait_for(lambda: "line 59999" in running.log())
        assert len(running.log()) <= KEPT_BYTES


def test_a_log_keeps_its_end_when_cut() -> None:
    log = Log()
    try:
        with open(os.dup(log.fd), "wb", buffering=0, closefd=True) as writer:
            writer.write(b"first line\n" + b"x" * LIMIT_BYTES + b"\nlast before\n")
            log.trim()
            assert os.fstat(log.fd).st_size == 0
            writer.write(b"after\n")
            assert log.last_lines(2) == "last before\nafter"
            assert os.fstat(log.fd).st_size == len(b"after\n")
    finally:
        log.close()


@pytest.mark.parametrize("limit", [{"cpus": 0.5}, {"memory_bytes": 1 << 28}])
def test_limits_that_it_cannot_hold_are_refused(service: Make, limit: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match="choose the host container"), ProcessHost().run(service(**limit)):
        pytest.fail("it must not start")
