"""The server of many a tutorial: FastAPI around a pickled model, and no check of its own.

``python -m lessons.experiments._six_lines --model FILE --port 8080``. What a request holds goes to the model as it is;
only the readiness path is added, which a host waits for.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import joblib
import uvicorn
from fastapi import FastAPI

from strategies.hosts.lifeline.place import Place


def application(model: Any, features: list[str]) -> FastAPI:
    """The tutorial's six lines, for any number of features."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/predict")
    def predict(data: dict[str, Any]) -> dict[str, Any]:
        input_data = [data[feature] for feature in features]
        prediction = model.predict_proba([input_data])
        return {"prediction": prediction[0, 1]}

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lessons.experiments._six_lines", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a joblib file that this machine wrote itself")
    parser.add_argument("--features", required=True, help="their names, as a JSON list")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args(arguments)
    app = application(joblib.load(asked.model), json.loads(asked.features))
    listener = Place.here().listener("127.0.0.1", asked.port)
    Place.here().announce()
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
