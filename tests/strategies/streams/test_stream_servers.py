"""Streaming on a server of somebody else's, on one that is not there, and what is left when it ends."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from nats.aio.client import Client

from data.errors import Unavailable
from strategies.contract import Limits
from strategies.hosts.contract import StartFailed
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.streaming import Streaming
from tests.strategies.streams.steps import (
    ROOT,
    Ask,
    Rows,
    checked,
    consumer_pids,
    deployed,
    dying,
    foreign_server,
    gone,
    on_server,
    stream_names,
)

pytestmark = pytest.mark.usefixtures("own_home")


def test_nothing_is_left_after_close(home: Path, tumour_forest: ModelPackage, rows: Rows) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with deployed(tumour_forest, rows, workers=2) as deployment:
        port = int(deployment.broker.url.rpartition(":")[2])
        pids = [*consumer_pids(deployment), *deployment.broker.pids]  # type: ignore[attr-defined]
        assert len(pids) == 4
    assert all(gone(pid) for pid in pids)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    assert list((home / "streams").iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_consumers_that_cannot_start_say_why_and_leave_nothing(
    home: Path, tumour_forest: ModelPackage, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(monkeypatch, "nowhere")
    with pytest.raises(StartFailed, match="is no place to die at"):
        with deployed(tumour_forest, rows, workers=2):
            pass
    assert list((home / "streams").iterdir()) == []


def test_a_server_of_ones_own_is_used_and_left_as_it_was(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make_other(client: Client) -> None:
        await client.jetstream().add_stream(name="not_ours", subjects=["not_ours"])

    with foreign_server(tmp_path / "store", "-js", "--user", "me", "--pass", "p@ss") as address:
        url = f"nats://me:p%40ss@{address}"
        on_server(url, make_other)
        monkeypatch.setenv("NATS_URL", url)
        with deployed(tumour_forest, rows, workers=2) as one, deployed(tumour_forest, rows) as other:
            assert one.names.prefix != other.names.prefix
            assert len(on_server(url, stream_names)) == 11
            for deployment in (one, other):
                ask = asker(deployment)
                ask.send(range(50), len(rows))
                checked(ask.wait(50), right, 50)
            pids = [*consumer_pids(one), *consumer_pids(other)]
        assert on_server(url, stream_names) == ["not_ours"]
        assert all(gone(pid) for pid in pids)


def test_what_a_killed_process_left_on_a_shared_server_is_removed_by_the_next(
    tumour_forest: ModelPackage, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(tumour_forest.folder, tmp_path / "package")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from strategies.contract import Limits\nfrom strategies.hosts.process import ProcessHost\n"
        "from strategies.packaging.package import ModelPackage\nfrom strategies.streaming import Streaming\n"
        f"with Streaming().deploy(ModelPackage.open(Path({str(package)!r})), ProcessHost(), Limits()) as d:\n"
        "    print(*[pid for pids in d.keeper.pids for pid in pids], flush=True)\n    sys.stdin.read()\n"
    )
    with foreign_server(tmp_path / "store", "-js") as address:
        url = f"nats://{address}"
        monkeypatch.setenv("NATS_URL", url)
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            pids = [int(word) for word in parent.stdout.readline().split()]
            parent.kill()
        assert len(pids) == 1
        assert all(gone(pid) for pid in pids)
        left = on_server(url, stream_names)
        assert len(left) == 5
        with deployed(tumour_forest, rows):
            assert not set(left) & set(on_server(url, stream_names))
        assert on_server(url, stream_names) == []


def test_no_server_at_nats_url_is_said_at_once(tumour_forest: ModelPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", "nats://s3cret@127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9: .*refused.*correct NATS_URL") as caught:
        with Streaming().deploy(tumour_forest, ProcessHost(), Limits()):
            pass
    assert "s3cret" not in str(caught.value)


def test_a_server_without_jetstream_is_told_apart(
    tumour_forest: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with foreign_server(tmp_path / "store") as address:
        monkeypatch.setenv("NATS_URL", f"nats://{address}")
        with pytest.raises(Unavailable, match="enable JetStream"):
            with Streaming().deploy(tumour_forest, ProcessHost(), Limits()):
                pass
