"""The same ONNX file behind LitServe, written as its documentation shows."""

import os
import sys

import litserve
import numpy as np
import onnxruntime


class Forest(litserve.LitAPI):
    def setup(self, device):  # noqa: ARG002 - named by LitServe
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

    def decode_request(self, request):
        return np.array([list(request["record"].values())], np.float32)

    def predict(self, row):
        return self.session.run(["probabilities"], {"features": row})[0][0]

    def encode_response(self, probabilities):
        return {"probabilities": probabilities.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Forest(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
