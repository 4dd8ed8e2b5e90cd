"""The zip for AWS: unpacked where AWS unpacks it, the real runtime client runs it without the rest of the project."""

import http.server
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidValue
from strategies.functions import bundle
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """A Runtime API of the test's own, by AWS's documentation: one event, then nothing."""

    event: bytes
    replies: list[tuple[str, bytes]]
    answered: threading.Event
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.path == "/2018-06-01/runtime/invocation/next"
        if self.replies:
            self.answered.wait(30)
            self.close_connection = True
            return
        self.send_response(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": "4102444800000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-2:123456789012:function:custom-runtime",
            "Content-Type": "application/json",
            "Content-Length": str(len(self.event)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.event)

    def do_POST(self) -> None:
        self.replies.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.answered.set()

    def log_message(self, *_: object) -> None:
        return


def test_the_zip_runs_where_aws_unpacks_it(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    bundle.main(["--package", str(tumour_forest.folder), "--output", str(tmp_path / "function.zip")])
    task = tmp_path / "task"
    with zipfile.ZipFile(tmp_path / "function.zip") as archive:
        archive.extractall(task)
    RuntimeApi.event = json.dumps({"record": dict(tumour_forest.manifest.example)}).encode()
    RuntimeApi.replies, RuntimeApi.answered = [], threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DRYDOCK", "AWS"))}
    environment |= {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "LAMBDA_TASK_ROOT": str(task),
        "PYTHONPATH": str(task),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "awslambdaric", "strategies.functions.handler.handler"]
    with subprocess.Popen(command, cwd=task, env=environment, stdout=subprocess.PIPE, text=True) as runtime:
        try:
            assert RuntimeApi.answered.wait(30)
        finally:
            runtime.kill()
            log = runtime.stdout.read() if runtime.stdout else ""
    server.shutdown()
    server.server_close()
    serving.join()
    (path, body), *others = RuntimeApi.replies
    assert path == "/2018-06-01/runtime/invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response", log
    assert others == []
    row = tumour_forest.manifest.schema.encode_record(dict(tumour_forest.manifest.example))[np.newaxis]
    expected = load_predictor(tumour_forest).predict(row)[0]
    assert json.loads(body)["prediction"]["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_the_same_function_packs_to_the_same_bytes(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        bundle.pack(tumour_forest, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_libraries_go_in_and_too_much_is_refused(
    tumour_forest: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libraries" / "thing" / "__pycache__").mkdir(parents=True)
    (tmp_path / "libraries" / "thing" / "__init__.py").write_text("x = 1\n")
    (tmp_path / "libraries" / "thing" / "__pycache__" / "y.pyc").write_text("")
    bundle.pack(tumour_forest, tmp_path / "f.zip", tmp_path / "libraries")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        names = archive.namelist()
    assert "thing/__init__.py" in names
    assert not any("pyc" in name for name in names)
    assert {"package/manifest.json", "package/model.onnx", "strategies/functions/handler.py"} <= set(names)
    monkeypatch.setattr(bundle, "UNPACKED_LIMIT_BYTES", 1000)
    with pytest.raises(InvalidValue, match="AWS takes"):
        bundle.pack(tumour_forest, tmp_path / "f.zip")
    assert "onnxruntime==" in bundle.requirements(tumour_forest)
