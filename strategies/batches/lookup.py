"""An HTTP API for answers computed beforehand: ``python -m strategies.batches.lookup --output FILE --port 8080``.

It loads no model. A key that was not predicted is a 404 that says so; refusals look as the server's do (RFC 9457).
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from data.errors import InvalidValue
from strategies.batches.published import Found, Published, UnknownKey
from strategies.hosts.lifeline.place import Place
from strategies.serving.problems import Problem

_PROBLEM = {"application/problem+json": {"schema": {"type": "object"}}}
_REFUSED = {404: "No prediction has this key", 422: "The key is not of the keys' type", 503: "No output is there yet"}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": _PROBLEM} for status, text in _REFUSED.items()
}


def application(published: Published) -> FastAPI:
    """The API over one output; it follows when a job replaces the file."""
    # Its pages of documentation would load scripts from elsewhere; /openapi.json has all that they show.
    app = FastAPI(title="Drydock: predictions computed beforehand", docs_url=None, redoc_url=None)

    @app.get("/predictions.csv", response_class=StreamingResponse, responses={503: _REFUSALS[503]})
    def export() -> StreamingResponse:
        """All predictions, each with its age when the export began."""
        lines = published.csv()
        headers = {"content-disposition": 'attachment; filename="predictions.csv"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    @app.get("/predictions/{key:path}", response_class=Response, responses=_REFUSALS)
    def look_up(key: str) -> Response:
        """The prediction for the row with this key, its version and its age"""
        return _json(document(published.find(key)))

    @app.get("/model", response_class=Response, responses={503: _REFUSALS[503]})
    def about() -> Response:
        """What was predicted, with which version, and how old it is"""
        return _json({**asdict(published.about), "age_s": published.age_s()})

    @app.get("/healthz", response_class=Response)
    def alive() -> Response:
        """Whether the process lives"""
        return _json({"status": "alive"})

    @app.get("/readyz", response_class=Response, responses={503: _REFUSALS[503]})
    def ready() -> Response:
        """Whether there is anything to look up"""
        return _json({"status": "ready", "version": published.about.version})

    for error in (Problem, UnknownKey, InvalidValue, HTTPException):
        app.add_exception_handler(error, _refused)
    return app


def document(found: Found) -> dict[str, Any]:
    """An answer as the API gives it."""
    prediction: dict[str, Any] = {"value": found.prediction}
    if found.probabilities:
        prediction = {"label": found.prediction, "probabilities": list(found.probabilities.values())}
    answer: dict[str, Any] = {"key": found.key, "version": found.version, "prediction": prediction}
    if found.probabilities:
        answer["classes"] = list(found.probabilities)
    return {**answer, "computed_at": found.computed_at.isoformat(), "age_s": found.age_s}


def problem_of(error: Exception, path: str) -> Problem:
    """Why a look-up is refused."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownKey):
        remedy = "look into the rejects, or run the job again"
        key = repr(str(error.key)[:120])
        return Problem(404, "Unknown key", str(error), field=error.name, value=key, rule="is unknown", remedy=remedy)
    if isinstance(error, InvalidValue):
        if error.name == "output":
            return Problem(503, "No output yet", str(error), headers={"retry-after": "5"})
        return Problem.from_value(error)
    assert isinstance(error, HTTPException)
    known = {404: "There is nothing at this path", 405: "This path does not take this method"}
    detail = f"{known.get(error.status_code, error.detail)}: {path[:200]}."
    return Problem(error.status_code, error.detail, detail, headers=error.headers)


async def _refused(request: Request, error: Exception) -> Response:
    problem = problem_of(error, f"{request.method} {request.url.path}")
    body = orjson.dumps(problem.document())
    return Response(body, problem.status, {"content-type": "application/problem+json", **problem.headers})


def _json(value: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m strategies.batches.lookup", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the file that a job has made, or will make")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    asked = parser.parse_args(arguments)
    listener = Place.here().listener(asked.host, asked.port)
    config = uvicorn.Config(
        application(Published(asked.output)), log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    Place.here().announce()
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
