"""Inference APIs: the six lines make of each mistake what the lesson says, for any patient; which shape is right."""

import asyncio
import importlib
import json
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from lessons.experiments._requests import Reply, bad
from lessons.experiments._six_lines import application
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

is_tf_answer = importlib.import_module("lessons.experiments.05_inference_apis")._is_tf_answer
EXPECTED = np.array([[0.25, 0.75], [0.5, 0.5]])


class Client:
    """Posts to an application in this process; what it raises becomes a 500, as it does behind a server."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    def post(self, body: bytes) -> httpx.Response:
        async def posted() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://six") as client:
                return await client.post("/predict", content=body, headers={"content-type": "application/json"})

        return asyncio.run(posted())


@pytest.fixture(scope="module")
def six() -> tuple[Client, Any, list[dict[str, Any]]]:
    trained = train(TrainingSpec(data="tumour", algorithm="logistic", learning_curve=False, track=False))
    schema = trained.prepared.schema
    records = [dict(schema.decode(row)) for row in trained.held_out[:20]]
    return Client(application(trained.pipeline, list(schema.names))), trained.pipeline, records


def test_the_six_lines_make_the_same_of_each_mistake_for_twenty_patients(six: Any) -> None:
    client, _pipeline, records = six
    found = {tuple(client.post(call.body).status_code for call in bad(row, lambda rows: rows[0])) for row in records}
    assert found == {(422, 422, 500, 500, 200, 500, 200, 200, 500, 500, 200, 200)}


def test_the_six_lines_answer_a_good_request_as_the_model_does(six: Any) -> None:
    client, pipeline, records = six
    answer = client.post(json.dumps(records[0]).encode())
    expected = pipeline.predict_proba(np.array([list(records[0].values())]))[0, 1]
    assert answer.json() == {"prediction": pytest.approx(expected)}


def test_a_class_number_of_numpy_cannot_be_written_as_the_notes_say() -> None:
    app = FastAPI()
    app.post("/predict")(lambda: {"prediction": np.array([1])[0]})
    assert Client(app).post(b"{}").status_code == 500


def test_each_bad_request_differs_from_the_others() -> None:
    calls = bad({"a": 1.5, "b": 2.5}, lambda rows: {"instances": rows})
    assert len({call.title for call in calls}) == len({call.body for call in calls}) == 12
    assert json.loads(calls[9].body.replace(b"NaN", b"1.5")) == {"instances": [{"a": 1.5, "b": 2.5}]}
    assert calls[10].body == b'{"instances": [{"a": 1.5, "a": 0, "b": 2.5}]}'


@pytest.mark.parametrize(
    ("status", "document", "valid"),
    [
        (200, {"predictions": EXPECTED.tolist()}, True),
        (200, {"predictions": EXPECTED[:1].tolist()}, False),
        (200, {"predictions": EXPECTED[::-1].tolist()}, False),
        (200, {"outputs": EXPECTED.tolist()}, False),
        (200, {"predictions": EXPECTED.tolist(), "model": "tumour"}, False),
        (200, EXPECTED.tolist(), False),
        (413, {"error": "too long"}, False),
    ],
)
def test_only_the_models_own_answers_in_their_shape_count(status: int, document: Any, valid: bool) -> None:
    assert is_tf_answer(Reply(status, json.dumps(document).encode()), EXPECTED) is valid


def test_a_refusal_is_quoted_in_its_own_words() -> None:
    assert Reply(422, b'{"detail": "a must be a number"}').said() == "a must be a number"
    assert Reply(400, b'{"error": "a must be a number"}').said() == "a must be a number"
    assert Reply(500, b"Internal Server Error").said() == ""
    assert Reply(422, b'{"detail": [{"type": "missing"}]}').said() == ""
