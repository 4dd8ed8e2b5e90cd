"""AWS's Runtime API, by its documentation, for one event: what the real runtime client is run against."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

REQUEST = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """One event, then nothing."""

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
            "Lambda-Runtime-Aws-Request-Id": REQUEST,
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


def answer_of(event: object, task: Path, environment: Mapping[str, str]) -> object:
    """What the function in a folder answers to one event, as AWS's runtime client starts it there."""
    RuntimeApi.event = json.dumps(event).encode()
    RuntimeApi.replies, RuntimeApi.answered = [], threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    more = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "LAMBDA_TASK_ROOT": str(task),
        "PYTHONPATH": str(task),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "awslambdaric", "strategies.functions.handler.handler"]
    with subprocess.Popen(command, cwd=task, env={**environment, **more}, stdout=subprocess.PIPE, text=True) as runtime:
        try:
            assert RuntimeApi.answered.wait(60)
        finally:
            runtime.kill()
            log = runtime.stdout.read() if runtime.stdout else ""
    server.shutdown()
    server.server_close()
    serving.join()
    ((path, body),) = RuntimeApi.replies
    assert path == f"/2018-06-01/runtime/invocation/{REQUEST}/response", log
    answer: object = json.loads(body)
    return answer
