"""The server that tutorials write: FastAPI, a pydantic model, a joblib file and `model.predict`."""

import argparse

import joblib
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import create_model

parser = argparse.ArgumentParser()
parser.add_argument("--model")
parser.add_argument("--features")
parser.add_argument("--port", type=int)
arguments = parser.parse_args()

model = joblib.load(arguments.model)
app = FastAPI()
Features = create_model("Features", **dict.fromkeys(arguments.features.split(","), (float, ...)))


@app.get("/readyz")
def ready():
    return {"status": "ready"}


@app.post("/predict")
def predict(features: Features):
    row = np.array([list(features.model_dump().values())])
    return {"prediction": int(model.predict(row)[0])}


uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")
