"""The same network behind LitServe, with darkroom's decoder: `python -m benchmarks.serving_litserve FOLDER PORT`."""

import base64
import sys
from pathlib import Path

import litserve
import numpy as np


class Api(litserve.LitAPI):
    def setup(self, device):
        from darkroom.inference import onnx_model, predict

        self.compute, spec = onnx_model.load(Path(sys.argv[1]), 2)
        self.settings, self.classes = predict.pack_settings(spec), spec["classes"]

    def decode_request(self, request):
        from darkroom.decoding import decode

        return decode.to_array(base64.b64decode(request["image"]), self.settings)

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, images):
        return self.compute(images)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        probabilities = dict(zip(self.classes, output.tolist(), strict=True))
        return {"label": max(probabilities, key=probabilities.get), "probabilities": probabilities}


if __name__ == "__main__":
    server = litserve.LitServer(Api(max_batch_size=32, batch_timeout=0.003), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
