"""The same ONNX file behind BentoML, written as its documentation shows."""

import os

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(workers=1, traffic={"timeout": 10})
class Forest:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

    @bentoml.api
    def predict(self, record: dict[str, float]) -> list[float]:
        row = np.array([list(record.values())], np.float32)
        return self.session.run(["probabilities"], {"features": row})[0][0].tolist()
