"""The function's code: ``strategies.functions.handler.handler``, here and on AWS.

All that an instance prepares happens when this module is imported, which is what AWS calls the init phase. On AWS the
package lies beside the code in a folder named ``package``; elsewhere `DRYDOCK_ARGUMENTS` holds the server's arguments
as a JSON list, and `DRYDOCK_SPAWNED_S` the moment at which the process was asked for, on the `time.perf_counter` clock.

The first HTTP answer of an instance carries ``x-drydock-phases``: how long its cold start took, in seconds.

start
    From the process being asked for until this line: interpreter and Lambda's runtime client.
import
    Modules: numpy, ONNX Runtime, ours.
load
    Reading and checking the package, the model, and the routes.
first_prediction
    The first call of the model, which allocates what later ones reuse.
"""

import time

_REACHED_S = time.perf_counter()

import json  # noqa: E402 - the clock comes first
import os  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402, F401 - here, where its time counts as an import; the runtime's own import is lazy

from data.errors import DrydockError, InvalidValue  # noqa: E402
from strategies.functions import events  # noqa: E402
from strategies.functions.application import FunctionApplication  # noqa: E402
from strategies.hosts.lifeline.place import Place  # noqa: E402
from strategies.packaging.package import ModelPackage  # noqa: E402
from strategies.packaging.runtime import load_predictor  # noqa: E402
from strategies.serving.models import Served  # noqa: E402
from strategies.serving.settings import from_command_line  # noqa: E402

_IMPORTED_S = time.perf_counter()


class Refused(DrydockError):
    """A direct invocation that the API refuses; over HTTP it is an answer with the same text."""


def _arguments() -> list[str]:
    given = os.environ.get("DRYDOCK_ARGUMENTS")
    if given:
        return [str(part) for part in json.loads(given)]
    return ["--package", str(Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "package")]


def _prepared() -> tuple[FunctionApplication, dict[str, float]]:
    settings = from_command_line(_arguments())
    package = ModelPackage.open(settings.package)
    predictor = load_predictor(package)
    row = np.zeros((1, len(package.manifest.schema)), np.float32)
    called_s = time.perf_counter()
    predictor.predict(row)
    first_s = time.perf_counter() - called_s
    application = FunctionApplication(Served(package.manifest, predictor.predict), settings, Place.here())
    spawned = os.environ.get("DRYDOCK_SPAWNED_S")
    phases = {"start": _REACHED_S - float(spawned)} if spawned else {}
    load_s = time.perf_counter() - _IMPORTED_S - first_s
    return application, phases | {"import": _IMPORTED_S - _REACHED_S, "load": load_s, "first_prediction": first_s}


_application, _phases = _prepared()


def handler(event: Any, context: Any) -> Any:  # noqa: ARG001 - Lambda's signature
    """Answer one event: HTTP in the event's own format; directly, the answer's document, or `Refused`."""
    try:
        asked = events.read(event)
    except InvalidValue as error:
        body = json.dumps({"type": "about:blank", "title": "Bad event", "status": 400, "detail": str(error)}).encode()
        return events.written(events.HttpAnswer(400, [(b"content-type", b"application/problem+json")], body))
    if asked is None:
        return _direct(event)
    answer = _application.ask(asked)
    if _phases:
        text = ",".join(f"{name}={value:.6f}" for name, value in _phases.items())
        answer.headers.append((b"x-drydock-phases", text.encode()))
        _phases.clear()  # an instance starts once
    return events.written(answer, asked.payload)


def _direct(event: Any) -> Any:
    """An event that is not HTTP is what would be the body of a prediction's request."""
    headers = [(b"content-type", b"application/json")]
    answer = _application.ask(events.HttpRequest("POST", "/predict", b"", headers, json.dumps(event).encode()))
    if answer.status != 200:
        raise Refused(answer.body.decode(errors="replace"))
    return json.loads(answer.body)
