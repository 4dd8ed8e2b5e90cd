"""What is shipped for containers runs in them: the compose files' services, and the image as SageMaker runs it."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pandas as pd
import pytest
from nats.aio.client import Client

from simulators.shipping import Shipment
from strategies.containers import engine
from strategies.containers.recipe import Recipe
from strategies.measuring import served
from strategies.packaging.package import ModelPackage
from strategies.streams.broker import find_binary
from strategies.streams.topology import connected

if TYPE_CHECKING:
    from docker import DockerClient
from tests.simulators.shipping.running import ask, environment, eventually, expected, free_port

PYTHON = sys.executable
BROKER = """\
FROM python:3.11-slim
LABEL io.drydock.made="image"
COPY nats-server /usr/local/bin/nats-server
RUN chmod 755 /usr/local/bin/nats-server
ENTRYPOINT ["nats-server"]
"""


@pytest.fixture(scope="module")
def docker_client() -> "Iterator[DockerClient]":
    if missing := engine.missing():
        pytest.skip(missing)
    client = engine.connected()
    yield client
    client.close()


def built(client: "DockerClient", folder: Path, *tags: str) -> Iterator[str]:
    """Build the Dockerfile of a folder, tag it as others call it, and take the tags away afterwards."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] in ("requirements", "code", "files", "bin", "nats-server")
    }
    recipe = Recipe((folder / "Dockerfile").read_text(), files)
    engine.build(client, recipe)
    image = client.images.get(recipe.tag)
    for tag in tags:
        image.tag(*tag.rsplit(":", 1))
    yield recipe.tag
    for tag in tags:
        with contextlib.suppress(docker.errors.APIError):  # whoever tidies up meanwhile has taken it along
            client.images.remove(tag, noprune=True)
    engine.prune(client, keep=engine.KEPT_IMAGES)


@pytest.fixture(scope="module")
def server_image(
    docker_client: "DockerClient", folders: dict[str, Path], shipments: dict[str, Shipment]
) -> Iterator[str]:
    yield from built(docker_client, folders["api"], shipments["api"].image)


def compose_command() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    pytest.skip("there is no docker-compose and no compose plugin: install Debian's package docker-compose")


@contextlib.contextmanager
def up(folder: Path, project: str, *options: str, **more: str) -> Iterator[list[str]]:
    """The compose file's services, and the command that asks for them; all gone afterwards, volumes included."""
    command = [*compose_command(), "-p", f"{project}-{os.getpid()}", "--project-directory", str(folder)]
    command += ["-f", str(folder / "compose.yaml"), *options]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments], cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        run("up", "-d", "--no-build")
        yield command
    finally:
        run("down", "--volumes", "--timeout", "2")


@pytest.mark.docker
def test_the_composed_server_passes_its_own_tests_and_is_measured_against_its_promise(
    server_image: str, folders: dict[str, Path]
) -> None:
    assert server_image
    folder, port = folders["api"], free_port()
    with up(folder, "shipped-api", HOST_PORT=str(port)):
        assert eventually(lambda: ask(port, "/readyz")[0] == 200)
        tests = subprocess.run(
            [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_contract.py"], cwd=folder,
            env=environment(PORT=str(port)), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert tests.returncode == 0, tests.stdout + tests.stderr
        assert "4 passed" in tests.stdout
        # As the workflow does it: with the code that was shipped, and in another interpreter.
        command = [
            PYTHON, "-P", "-m", "strategies.measuring.served", "--package", "files/model", "--port", str(port),
            "--rate-rps", "100", "--max-error-share", "0.5",
        ]  # fmt: skip

        def measured(*more: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*command, *more], cwd=folder, env=environment(PYTHONPATH=str(folder / "code")), capture_output=True,
                text=True, timeout=120, check=False,
            )  # fmt: skip

        kept = measured("--latency-ms", "4000", "--duration-s", "5")
        assert kept.returncode == served.MET, kept.stdout + kept.stderr
        found = json.loads(kept.stdout)
        assert found["requests"] == pytest.approx(500, abs=100)
        assert found["latency_ms"]["low"] <= found["latency_ms"]["value"] <= found["latency_ms"]["high"]
        assert measured("--latency-ms", "0.001", "--percentile", "50", "--duration-s", "1").returncode == served.MISSED
        assert measured("--percentile", "99.99", "--duration-s", "1").returncode == served.TOO_FEW


@pytest.mark.docker
def test_the_image_keeps_sagemakers_contract(
    docker_client: "DockerClient", server_image: str, tumour_forest: ModelPackage
) -> None:
    # As SageMaker runs it: `docker run IMAGE serve`, without a network to the outside that it could need.
    container = docker_client.containers.run(
        server_image, ["serve"], detach=True, read_only=True, tmpfs={"/tmp": ""}, cap_drop=["ALL"],
        ports={"8080/tcp": ("127.0.0.1", None)},
        labels={engine.LABEL: "container", engine.OWNER_LABEL: str(os.getpid())},
    )  # fmt: skip
    try:

        def port() -> int:
            container.reload()
            return int(container.ports["8080/tcp"][0]["HostPort"])

        assert eventually(lambda: bool(container.reload() or container.ports.get("8080/tcp")))
        at = port()
        assert eventually(lambda: ask(at, "/ping")[0] == 200)
        row = list(tumour_forest.manifest.example.values())
        status, body = ask(at, "/invocations", {"instances": [{"features": row}]})
        assert status == 200
        score = json.loads(body)["predictions"][0]["score"]
        assert score == pytest.approx(expected(tumour_forest)[1], abs=1e-5)
        status, body = ask(at, "/invocations", ",".join(map(str, row)).encode(), "text/csv")
        assert float(body.decode().strip()) == pytest.approx(score, abs=1e-6)
        container.stop(timeout=12)
        assert container.wait(timeout=20)["StatusCode"] == 0, container.logs().decode()
    finally:
        container.remove(force=True)


@pytest.mark.docker
def test_the_composed_stream_answers_what_is_published(
    docker_client: "DockerClient",
    folders: dict[str, Path],
    shipments: dict[str, Shipment],
    tumour_forest: ModelPackage,
    tmp_path: Path,
) -> None:
    # The broker's image comes from a registry; here the server that the bundled package brings stands in for it.
    (tmp_path / "Dockerfile").write_text(BROKER)
    shutil.copy(find_binary(), tmp_path / "nats-server")
    port, token = free_port(), "a-token-of-the-tests"
    over = {"services": {"nats": {"image": "drydock-tests-nats:latest", "ports": [f"127.0.0.1:{port}:4222"]}}}
    (tmp_path / "over.json").write_text(json.dumps({"version": "2.4", **over}))
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.contextmanager(built)(docker_client, tmp_path, "drydock-tests-nats:latest"))
        image = shipments["streaming"].image
        stack.enter_context(contextlib.contextmanager(built)(docker_client, folders["streaming"], image))
        own = shutil.copytree(folders["streaming"], tmp_path / "stream")
        (own / "over.json").write_text(json.dumps(over))
        stack.enter_context(up(own, "shipped-stream", "-f", str(own / "over.json"), NATS_TOKEN=token))
        names = shipments["streaming"].names

        async def published(client: Client) -> dict[str, Any]:
            js = client.jetstream(timeout=30)
            answers = await js.subscribe(names.answers, ordered_consumer=True)
            body = json.dumps({"features": dict(tumour_forest.manifest.example)}).encode()
            await js.publish(names.requests, body, headers={"Nats-Msg-Id": "one"})
            found: dict[str, Any] = json.loads((await answers.next_msg(timeout=60)).data)
            return found

        url, answer = f"nats://{token}@127.0.0.1:{port}", {}

        def answered() -> bool:
            with contextlib.suppress(Exception):  # until the broker and the streams are there, whatever it raises
                answer.update(asyncio.run(connected(url, published)))
            return bool(answer)

        assert eventually(answered)
        assert answer["status"] == "ok"
        assert answer["version"] == tumour_forest.version
        assert list(answer["outputs"].values()) == pytest.approx(expected(tumour_forest), abs=1e-5)


@pytest.mark.docker
def test_the_composed_job_predicts_a_file(
    docker_client: "DockerClient",
    folders: dict[str, Path],
    shipments: dict[str, Shipment],
    tumour_forest: ModelPackage,
    tmp_path: Path,
) -> None:
    rows = pd.DataFrame([dict(tumour_forest.manifest.example)] * 30)
    rows.to_parquet(tmp_path / "input.parquet")
    more = {"DATA": str(tmp_path), "UID": str(os.getuid()), "GID": str(os.getgid())}
    command = [*compose_command(), "-p", f"shipped-job-{os.getpid()}", "-f", str(folders["batch"] / "compose.yaml")]
    with contextlib.contextmanager(built)(docker_client, folders["batch"], shipments["batch"].image):
        for arguments in (["run", "--rm", "job"], ["down"]):
            done = subprocess.run(
                [*command, *arguments], cwd=folders["batch"], env=environment(**more), capture_output=True, text=True,
                timeout=240, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
    assert len(pd.read_parquet(tmp_path / "predictions.parquet")) == 30
