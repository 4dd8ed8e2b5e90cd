"""A GitHub Actions workflow: test, build, measure against the SLO, push, and release by canary."""

from typing import Any

from simulators.shipping.contract import FileKind, Files, as_yaml
from simulators.shipping.files._program import CHECK
from simulators.shipping.shipment import PORT, Shipment

PATH = ".github/workflows/release.yml"
_CHECKOUT = {"uses": "actions/checkout@v4"}
_SECONDS = 30
_TEST = "test_contract.py"


_CONTRACT = f'''\
"""What the running image must answer: python -m pytest {_TEST}, with PORT where it is not {PORT}."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ADDRESS = f"http://127.0.0.1:{{os.environ.get('PORT', '{PORT}')}}"
MANIFEST = json.loads((Path(__file__).parent / "files/model/manifest.json").read_text())
TOKEN = os.environ.get("DRYDOCK_TOKEN", "")


def ask(path, body=None):
    headers = {{"content-type": "application/json"}} | ({{"authorization": f"Bearer {{TOKEN}}"}} if TOKEN else {{}})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(ADDRESS + path, data, headers), timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def test_it_is_ready():
    for path in ("/healthz", "/readyz", "/ping"):
        ask(path)


def test_it_predicts_the_example():
    answer = ask("/predict", {{"record": MANIFEST["example"]}})
    assert answer["prediction"]
    assert MANIFEST["version"] in json.dumps(answer)


def test_sagemaker_gets_the_same_answer():
    row = list(MANIFEST["example"].values())
    answer = ask("/invocations", {{"instances": [{{"features": row}}]}})
    assert len(answer["predictions"]) == 1


def test_nonsense_is_refused():
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask("/predict", {{"record": {{"nonsense": 1}}}})
    assert 400 <= refused.value.code < 500
'''
"""Tests of a running server, with nothing but the standard library and pytest."""


class Workflow(FileKind):
    title = "GitHub Actions workflow"
    summary = (
        "On every push: builds the image, tests what it answers, measures it against the SLO at the forecast rate, and "
        "only then pushes it and begins the canary. Yours: the secrets REGISTRY_USER, REGISTRY_PASSWORD, KUBECONFIG."
    )
    use = "git push"

    def files(self, shipment: Shipment) -> Files:
        document = {
            "name": f"Release {shipment.name}",
            "on": {"push": {"branches": ["main"]}, "workflow_dispatch": {}},
            "permissions": {"contents": "read"},
            "concurrency": {"group": f"release-{shipment.name}", "cancel-in-progress": False},
            "env": {"IMAGE": shipment.image},
            "jobs": {"check": _check(shipment), "release": _release(shipment)},
        }
        return {PATH: as_yaml(document, about=self.summary), _TEST: _CONTRACT.encode()}


def _check(shipment: Shipment) -> dict[str, Any]:
    slo = shipment.slo
    measure = (
        f"PYTHONPATH=code python -m {CHECK} --package files/model --port {PORT} --rate-rps {shipment.rate_rps:g} "
        f"--duration-s {_SECONDS} --percentile {slo.percentile:g} --latency-ms {slo.latency_ms:g} "
        f"--max-error-share {slo.max_error_share:g}"
    )
    limits = f"--cpus {shipment.resources.cpus:g} --memory {shipment.resources.mib}m --read-only --tmpfs /tmp"
    return {
        "runs-on": "ubuntu-24.04",
        "timeout-minutes": 30,
        "steps": [
            _CHECKOUT,
            {
                "uses": "actions/setup-python@v5",
                "with": {"python-version": "3.11", "cache": "pip", "cache-dependency-path": "requirements/check.txt"},
            },
            {"name": "Build", "run": 'docker build -t "$IMAGE" .'},
            {"name": "Start", "run": f'docker run -d --name model {limits} -p 127.0.0.1:{PORT}:{PORT} "$IMAGE"'},
            {"name": "Install what checks it", "run": "pip install -r requirements/check.txt pytest==9.0.2"},
            {"name": "Test what it answers", "run": f"pytest {_TEST}"},
            {"name": "Measure against the SLO", "run": measure},
            {"name": "What it printed", "if": "failure()", "run": "docker logs model"},
            {"name": "Save the image", "run": 'docker save "$IMAGE" | gzip > image.tar.gz'},
            {
                "uses": "actions/upload-artifact@v4",
                "with": {"name": "image", "path": "image.tar.gz", "retention-days": 1},
            },
        ],
    }


def _release(shipment: Shipment) -> dict[str, Any]:
    login = 'echo "$PASSWORD" | docker login --username "$USERNAME" --password-stdin "${IMAGE%%/*}"'
    return {
        "needs": "check",
        "runs-on": "ubuntu-24.04",
        "timeout-minutes": 60,
        "environment": "production",
        "steps": [
            _CHECKOUT,
            {"uses": "actions/download-artifact@v4", "with": {"name": "image"}},
            {
                "name": "Push",
                "env": {"USERNAME": "${{ secrets.REGISTRY_USER }}", "PASSWORD": "${{ secrets.REGISTRY_PASSWORD }}"},
                "run": f'gunzip -c image.tar.gz | docker load\n{login}\ndocker push "$IMAGE"\n',
            },
            {
                "name": "Release by canary",
                "env": {"CONFIG": "${{ secrets.KUBECONFIG }}"},
                "run": (
                    'install -m 600 /dev/null kubeconfig\nprintf "%s" "$CONFIG" > kubeconfig\n'
                    "export KUBECONFIG=$PWD/kubeconfig\nkubectl apply -k rollouts\n"
                    f"kubectl wait --for=jsonpath='{{.status.phase}}'=Healthy --timeout=50m rollout/{shipment.name}\n"
                ),
            },
        ],
    }
