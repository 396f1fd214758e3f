"""The probabilities that a model gives for the same picture files on every way that darkroom offers.

HTTP is real: the applications of `darkroom serve` and of MLflow's scoring server listen on a port of this machine.
What both have around them is a process of its own, which other tests and benchmarks start.
"""

import json
import socket
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from darkroom.saving.model_folder import InputSpec
    from darkroom.serve.model import ServedModel

THREADS = 2
AT_A_TIME = 25  # images of a request; `darkroom serve` takes 32
BOUNDARY = "picture"

Send = Callable[[str, bytes, str], dict]  # to a path, a body, its content type: the answer


class Exports(NamedTuple):
    """Folders of one model in every format."""

    onnx: Path
    litert: Path
    saved_model: Path


class Files(NamedTuple):
    """Picture files, and the same ones in a folder, whose order is theirs."""

    contents: Sequence[bytes]
    folder: Path


def write(pictures: Mapping[str, bytes], folder: Path) -> Files:
    folder.mkdir(parents=True)
    for name, data in pictures.items():
        (folder / name).write_bytes(data)
    return Files([pictures[name] for name in sorted(pictures)], folder)


def decoded(files: Files, spec: "InputSpec") -> np.ndarray:
    """What `preprocess` packs of them for a model with `spec`: uint8 (n, s, s, c)."""
    from darkroom.decoding import decode
    from darkroom.inference import predict

    settings = predict.pack_settings(spec)
    return np.stack([decode.inspect_and_pack(data, settings)[2] for data in files.contents])


def differences(found: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the largest difference of a probability from `evaluate`, by way."""
    return {way: float(np.abs(rows - found["evaluate"]).max()) for way, rows in found.items() if way != "evaluate"}


def probabilities(model: Path, exports: Exports, files: Files, home: Path) -> dict[str, np.ndarray]:
    """Return float (n, k) of each way for a model folder and its exports; `home` is an empty folder."""
    from darkroom.serve import model as served_model

    opened = served_model.open_onnx(exports.onnx, THREADS)
    return (
        of_files(model, exports, files)
        | {f"serve {route}": rows for route, rows in served(opened, files.contents).items()}
        | {"pyfunc over HTTP": scored(model, files.contents, home / "pyfunc")}
    )


def of_files(model: Path, exports: Exports, files: Files) -> dict[str, np.ndarray]:
    """Of `evaluate`, `darkroom predict` with the model and its ONNX export, and each format."""
    from darkroom.export import formats
    from darkroom.inference import inference
    from darkroom.saving.export_folder import FILES

    spec = inference.read_spec(model)
    images = decoded(files, spec)
    predicts = {form: formats.opened(folder / FILES[form], form, spec) for form, folder in exports._asdict().items()}
    return {
        "evaluate": inference.probabilities(inference.load(model)[0], images),
        "predict": predicted(model, files, exported=False),
        "predict, exported": predicted(exports.onnx, files, exported=True),
        **{form: predict(images) for form, predict in predicts.items()},
    }


def predicted(model: Path, files: Files, *, exported: bool) -> np.ndarray:
    """Of `darkroom predict FOLDER --out jsonl`."""
    from darkroom.commands import predict
    from darkroom.commands.chosen_model import ChosenModel
    from darkroom.inference.answers import AS_IT_IS

    asked = predict.Asked([str(files.folder)], "jsonl", AS_IT_IS, None, False)
    with redirect_stdout(StringIO()) as printed:
        predict.predict_all(asked, ChosenModel(model, exported, None), Path("none"))
    return _rows([json.loads(line) for line in printed.getvalue().splitlines()])


def served(model: "ServedModel", files: Sequence[bytes]) -> dict[str, np.ndarray]:
    """Of `darkroom serve`, by route."""
    from darkroom.serve import app
    from darkroom.serve.limits import Limits
    from darkroom.serve.service import Service

    @asynccontextmanager
    async def running():
        service = Service(model, Limits(), THREADS)
        yield service
        service.close()

    with over_http(app.make(running)) as send:
        return {
            "raw": _rows([send("/predict", file, "image/*") for file in files]),
            "multipart": _in_parts(files, lambda part: _rows(_in_a_form(send, part))),
            "base64": _in_parts(files, lambda part: _rows(_in_json(send, part))),
            "infer": _in_parts(files, lambda part: _inferred(send, model.name, part)),
            "invocations": _in_parts(files, lambda part: _rows(_invoked(send, part))),
        }


def scored(model: Path, files: Sequence[bytes], home: Path) -> np.ndarray:
    """Of the version that `register` writes, behind MLflow's scoring server."""
    from mlflow import pyfunc
    from mlflow.entities import LoggedModel
    from mlflow.pyfunc import scoring_server

    from darkroom.register import version_files

    version_files.write(model, LoggedModel("0", "m-0", "model", home.as_uri(), 0, 0), home)
    with over_http(scoring_server.init(pyfunc.load_model(str(home)))) as send:
        return _in_parts(files, lambda part: _rows(_invoked(send, part)))


@contextmanager
def over_http(app: Callable) -> Iterator[Send]:
    """Serve an ASGI application on a port of this machine until the block ends."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield lambda path, body, kind: _post(listener.getsockname()[1], path, body, kind)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _post(port: int, path: str, body: bytes, kind: str) -> dict:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def _in_a_form(send: Send, files: Sequence[bytes]) -> list[dict]:
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="files"; filename="a"\r\n\r\n'.encode()
    body = b"".join(head + file + b"\r\n" for file in files) + f"--{BOUNDARY}--\r\n".encode()
    return send("/predict", body, f"multipart/form-data; boundary={BOUNDARY}")["predictions"]


def _in_json(send: Send, files: Sequence[bytes]) -> list[dict]:
    return send("/predict", json.dumps({"images": _base64(files)}).encode(), "application/json")["predictions"]


def _invoked(send: Send, files: Sequence[bytes]) -> list[dict]:
    return send("/invocations", json.dumps({"inputs": _base64(files)}).encode(), "application/json")["predictions"]


def _inferred(send: Send, name: str, files: Sequence[bytes]) -> np.ndarray:
    tensor = {"name": "images", "shape": [len(files)], "datatype": "BYTES", "data": _base64(files)}
    answer = send(f"/v2/models/{name}/infer", json.dumps({"inputs": [tensor]}).encode(), "application/json")
    outputs = {output["name"]: output for output in answer["outputs"]}
    return np.reshape(outputs["probabilities"]["data"], outputs["probabilities"]["shape"])


def _base64(files: Sequence[bytes]) -> list[str]:
    return [b64encode(file).decode() for file in files]


def _rows(answers: Sequence[dict]) -> np.ndarray:
    """float (n, k), the classes in the order of their names."""
    return np.array([[p for _, p in sorted(answer["probabilities"].items())] for answer in answers])


def _in_parts(files: Sequence[bytes], ask: Callable[[Sequence[bytes]], np.ndarray]) -> np.ndarray:
    return np.concatenate([ask(files[start : start + AT_A_TIME]) for start in range(0, len(files), AT_A_TIME)])
