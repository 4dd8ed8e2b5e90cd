"""What is shipped runs where it is meant to: the handler under AWS's runtime client, the streams on a real broker, the
job's command and the embedded package with nothing but the code that is shipped."""

import asyncio
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nats.aio.client import Client

from simulators.shipping import Shipment
from strategies.measuring import served
from strategies.packaging.package import ModelPackage
from strategies.streams.broker import own_broker
from strategies.streams.topology import connected
from tests.simulators.shipping.running import environment, expected, free_port
from tests.strategies.functions.runtime_api import answer_of

PYTHON = sys.executable


def test_the_streams_are_what_a_real_broker_takes(
    folders: dict[str, Path], shipments: dict[str, Shipment], home: Path
) -> None:
    assert home
    names, folder = shipments["streaming"].names, folders["streaming"] / "nats"

    async def made(client: Client) -> list[dict[str, Any]]:
        replies = []
        for path in sorted(folder.glob("stream-*.json")):
            config = path.read_bytes()
            subject = f"$JS.API.STREAM.CREATE.{json.loads(config)['name']}"
            replies.append(json.loads((await client.request(subject, config, timeout=30)).data))
        for path in sorted(folder.glob("consumer-*.json")):
            config = json.loads(path.read_bytes())
            subject = f"$JS.API.CONSUMER.DURABLE.CREATE.{names.requests}.{config['durable_name']}"
            body = json.dumps({"stream_name": names.requests, "config": config}).encode()
            replies.append(json.loads((await client.request(subject, body, timeout=30)).data))
        return replies

    with own_broker() as broker:
        replies = asyncio.run(connected(broker.url, made))
        assert len(replies) == 6
        assert [reply for reply in replies if "error" in reply] == []
        # The set-up program finds all of it as it would have made it itself, and may be asked again.
        command = [
            PYTHON, "-P", "-m", "strategies.streams.set_up", "--prefix", names.prefix,
            "--package", str(folders["streaming"] / "files" / "model"),
        ]  # fmt: skip
        more = {"PYTHONPATH": str(folders["streaming"] / "code"), "DRYDOCK_NATS_URL": broker.url}
        for _ in range(2):
            done = subprocess.run(
                command, env=environment(**more), capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr
            assert "is published" in done.stdout


def test_the_handler_answers_an_http_api_under_awss_runtime_client(
    folders: dict[str, Path], tumour_forest: ModelPackage
) -> None:
    task = folders["api"] / "sam" / "function"
    body = json.dumps({"record": dict(tumour_forest.manifest.example)})
    http_event = {
        "version": "2.0", "rawPath": "/predict", "rawQueryString": "", "isBase64Encoded": False, "body": body,
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/predict"}, "stage": "$default"},
    }  # fmt: skip
    answer: Any = answer_of(http_event, task, environment())
    assert answer["statusCode"] == 200
    found = json.loads(answer["body"])["prediction"]["probabilities"]
    assert found == pytest.approx(expected(tumour_forest), abs=1e-5)


def test_the_jobs_command_predicts_a_file_with_the_code_that_is_shipped(
    folders: dict[str, Path], tumour_forest: ModelPackage, tmp_path: Path
) -> None:
    import yaml

    spec = yaml.safe_load((folders["batch"] / "kubernetes" / "cronjob.yaml").read_text())["spec"]
    command = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
    rows = pd.DataFrame([dict(tumour_forest.manifest.example)] * 40)
    rows.to_parquet(tmp_path / "input.parquet")
    places = {"/data": str(tmp_path), "/drydock/files": str(folders["batch"] / "files"), "python": PYTHON}
    for inside, here in places.items():
        command = [here + part.removeprefix(inside) if part.startswith(inside) else part for part in command]
    done = subprocess.run(
        command, env=environment(PYTHONPATH=str(folders["batch"] / "code"), DRYDOCK_HOME=str(tmp_path / "home")),
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(pd.read_parquet(tmp_path / "predictions.parquet")) == 40


def test_the_embedded_package_predicts_in_a_program_of_its_own(
    folders: dict[str, Path], tumour_forest: ModelPackage, tmp_path: Path
) -> None:
    library = folders["embedded"] / "library"
    project = tomllib.loads((library / "pyproject.toml").read_text())
    for package in project["tool"]["setuptools"]["packages"]:
        assert (library / package.replace(".", "/")).is_dir()
    assert any(line.startswith("onnxruntime==") for line in project["project"]["dependencies"])
    record = json.dumps(dict(tumour_forest.manifest.example))
    code = f"import json, tumour; print(json.dumps(tumour.predict(json.loads({record!r}))))"
    done = subprocess.run(
        [PYTHON, "-P", "-c", code], env=environment(PYTHONPATH=str(library)), cwd=tmp_path, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout).values()) == pytest.approx(expected(tumour_forest), abs=1e-5)


def test_a_server_that_is_not_there_fails_its_promise(tumour_forest: ModelPackage) -> None:
    command = ["--package", str(tumour_forest.folder), "--port", str(free_port()), "--rate-rps", "50"]
    assert served.main([*command, "--duration-s", "1"]) == served.MISSED
    assert served.main([*command, "--duration-s", "-1"]) == served.SENSELESS
