"""What the benchmark of `darkroom serve` serves: a small network, in the form that each server wants, and pictures."""

from io import BytesIO
from pathlib import Path

import numpy as np

SIZE, CLASSES = 64, 10
FILTERS = (16, 32, 64)  # of three convolutions of 3 x 3 with stride 2
JPEGS = 50


def write_export(folder: Path, number: int = 0) -> None:
    """Write what `darkroom export --to onnx` would for the network, with random weights and a digest of `number`."""
    from darkroom.runtime import files, sealing
    from darkroom.saving import export_folder
    from darkroom.saving.export_folder import ExportFacts

    spec = {
        "classes": [f"class {number}" for number in range(CLASSES)],
        "image_size": SIZE,
        "color": "rgb",
        "fit": "stretch",
        "max_pixels": 50_000_000,
    }
    folder.mkdir(parents=True)
    data = onnx_model(export_folder.metadata(spec, None), number).SerializeToString()
    (folder / export_folder.FILES["onnx"]).write_bytes(data)
    files.write_json(folder / "classes.json", spec)
    facts = ExportFacts(
        model="cnn", digest=f"{number:016x}", format="onnx", int8=False, temperature=None, largest_difference=0.0,
        images=0, bytes=len(data), ms=0.0,
    )  # fmt: skip
    files.write_json(folder / export_folder.FACTS, facts)
    sealing.seal(folder)


def onnx_model(metadata: dict[str, str], seed: int):
    """uint8 (batch, 64, 64, 3) to float32 (batch, 10)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random, weights, nodes, channels = np.random.default_rng(seed), [], [], 3

    def weight(name: str, array: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    nodes.append(helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Div", ["floats", weight("white", np.float32(255))], ["scaled"]))
    nodes.append(helper.make_node("Transpose", ["scaled"], ["x0"], perm=[0, 3, 1, 2]))
    for number, filters in enumerate(FILTERS):
        kernel = random.normal(0, (2 / (9 * channels)) ** 0.5, (filters, channels, 3, 3))
        inputs = [f"x{number}", weight(f"kernel{number}", kernel)]
        nodes.append(helper.make_node("Conv", inputs, [f"conv{number}"], strides=[2, 2], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"conv{number}"], [f"x{number + 1}"]))
        channels = filters
    nodes.append(helper.make_node("GlobalAveragePool", [f"x{len(FILTERS)}"], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    dense = weight("dense", random.normal(0, 1, (channels, CLASSES)))
    nodes.append(helper.make_node("MatMul", ["flat", dense], ["logits"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", SIZE, SIZE, 3])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", CLASSES])
    graph = helper.make_graph(nodes, "network", [images], [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    return model


def write_mlflow(folder: Path, export: Path) -> None:
    """Save the same ONNX file with MLflow's own flavour for ONNX, which takes a tensor."""
    import mlflow.onnx
    import onnx
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    images = TensorSpec(np.dtype(np.uint8), (-1, SIZE, SIZE, 3), "images")
    probabilities = TensorSpec(np.dtype(np.float32), (-1, CLASSES), "probabilities")
    signature = ModelSignature(Schema([images]), Schema([probabilities]))
    mlflow.onnx.save_model(onnx.load(export / "model.onnx"), folder, signature=signature)


def jpegs() -> list[bytes]:
    """JPEGs of 100 to 192 pixels, of smooth noise, of about 4 kB."""
    from PIL import Image

    random, made = np.random.default_rng(1), []
    for size in random.integers(100, 193, JPEGS):
        buffer = BytesIO()
        coarse = Image.fromarray(random.integers(0, 256, (12, 12, 3), np.uint8))
        coarse.resize((int(size), int(size)), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
        made.append(buffer.getvalue())
    return made


def inputs(pictures: list[bytes]) -> np.ndarray:
    """The pictures as inputs of the network, uint8 (n, 64, 64, 3)."""
    from darkroom.decoding import decode

    settings = decode.PackSettings(SIZE, "rgb", "stretch", 50_000_000)
    return np.stack([decode.to_array(picture, settings) for picture in pictures])
