"""Does every network predict the same in every format and on every way to ask it, and what does it cost there?

    python -m benchmarks.exports                        # networks of random weights, small images
    python -m benchmarks.exports --model lenet5         # one of them; the others keep their figures
    python -m benchmarks.exports --trained FOLDER --packed FOLDER --as NAME    # a trained model, in 8 bits too
    python -m benchmarks.exports --table                # the figures as docs/export.md has them

Pictures of every mode (`pictures`) are sent on every way (`routes`); a trained model is compared on its test images,
too. Otherwise the weights are random and the batch norms have seen the images, so that the probabilities of a class
differ from image to image by what `spread` says (a standard deviation); a network that answers every image alike would
prove nothing. Milliseconds are of one image at a time, on all processors of this machine, and compare within a row.
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks import interleave, pictures, routes
from benchmarks.routes import Exports, Files

OUT = Path("reports/benchmarks/exports.json")
CLASSES, CHANNELS = 10, 3
SIZES = {  # pixels
    "tunable": 32, "cats_dogs_cnn": 64, "cifar10_convnet": 32, "mnist_cnn": 28, "lenet5": 28, "alexnet": 67,
    "zfnet": 55, "vgg16": 32, "vgg19": 32, "inception": 75, "resnet": 32,
}  # fmt: skip
BACKBONES = (
    "efficientnet_lite0", "mobilenet-25", "mobilenet_v2-35", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny",
)  # fmt: skip
SIZE, INPUT_SIZE = 32, 64  # of the images, and as the backbone gets them
FORMATS = ("saved_model", "onnx", "litert")
WAYS = {"predict": "predict", "serve": "serve", "pyfunc": "pyfunc"}  # column of the table, and how its ways begin
PICTURES = 100
SPREAD = 0.5  # of the logits
VENDORS = ("ai-edge-litert", "keras", "onnx", "onnxruntime", "tensorflow", "tf2onnx")


def network(name: str):
    from darkroom import params
    from darkroom.networks import architectures
    from darkroom.training import device

    device.make_repeatable(1)
    if name in SIZES:
        hparams = params.with_value(params.load().model, "architecture", name)
        return architectures.build(hparams, shape=(SIZES[name], SIZES[name], CHANNELS), classes=CLASSES, spec={})
    return transferred(name)


def transferred(name: str):
    from darkroom import params
    from darkroom.transfer_learning import backbones, head_training

    choice = backbones.choose(name, width=1.0, size=INPUT_SIZE)
    extractor = backbones.extractor(choice, choice.build(), shape=(SIZE, SIZE, CHANNELS))
    hparams = head_training.combinations(params.load().transfer.head)[0]
    return head_training.joined(extractor, head_training.build(extractor.output_shape[-1], CLASSES, hparams))


def enliven(model, images) -> float:
    """Make the probabilities depend on the image; returns their spread."""
    import keras
    import numpy as np

    layers = list(model._flatten_layers())
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    model(images, training=True)
    for layer, momentum in zip(norms, before, strict=True):
        layer.momentum = momentum
    last = [layer for layer in layers if isinstance(layer, keras.layers.Dense)][-1]
    for _ in range(4):  # at first the logits may differ by less than a float32 can tell
        logits = np.log(np.maximum(model.predict_on_batch(images), 1e-30))
        last.kernel.assign(last.kernel * min(1000.0, SPREAD / max(logits.std(0).max(), 1e-7)))
    return float(model.predict_on_batch(images).std(0).max())


def measure(name: str, folder: Path) -> dict:
    """The row of a network with random weights."""
    from darkroom.export.evidence import Evidence
    from darkroom.saving import model_folder

    model = network(name)
    spec = {
        "classes": [f"class {i}" for i in range(CLASSES)], "image_size": model.input_shape[1], "color": "rgb",
        "fit": "stretch", "max_pixels": 10_000, "levels": pictures.LEVELS,
    }  # fmt: skip
    files = routes.write(pictures.pictures(PICTURES), folder / "pictures")
    images = routes.decoded(files, spec)
    spread = enliven(model, images)
    facts = {
        "name": name, "architecture": name, "pretrained": False, "params": {}, "run": name, "versions": {},
        "multiply_adds": 1, "best_epoch": 1,
    }  # fmt: skip
    model_folder.write(folder / "model", model, [dict.fromkeys(model_folder.HistoryRow.__annotations__, 1)], spec=spec,
                       facts=facts)  # fmt: skip
    return {"spread": spread} | exported(folder / "model", Evidence(images, None), files, folder)


def measure_trained(source: Path, packed: Path, n_images: int, folder: Path) -> dict:
    """The row of a trained model, with its int8 forms and their accuracy on `n_images` of its test images."""
    import numpy as np

    from darkroom.export import evidence
    from darkroom.export.evidence import Evidence, Labels
    from darkroom.export.exporting import Int8
    from darkroom.inference import inference
    from darkroom.metrics.design import Design

    spec = inference.read_spec(source)
    known, images = evidence.read(packed, spec), evidence.calibration_images(packed, spec)
    n = len(known.images)
    rows = np.sort(np.random.default_rng(1).permutation(n)[:n_images])  # packed images are sorted by class
    drawn = Design(known.labels.design.clusters[rows], known.labels.design.given)
    seen = Evidence(known.images[rows], Labels(known.labels.numbers[rows], drawn))
    shown = pictures.pictures(PICTURES, deep=spec.get("levels", {}).get("depth") == "full")
    row = exported(source, seen, routes.write(shown, folder / "pictures"), folder)
    int8 = Int8(images, 0.95)
    return row | {f"{form}-int8": one(source, form, seen, folder / "int8", int8) for form in ("onnx", "litert")}


def exported(source: Path, seen, files: Files, folder: Path) -> dict:
    """What Keras takes, what each format does, and how far each way is from `evaluate`."""
    from darkroom.evaluate import timing
    from darkroom.inference import inference

    model, _ = inference.load(source)
    milliseconds = timing.latency(model.predict_on_batch, seen.images)["value"]
    row = {"image_size": model.input_shape[1], "parameters": model.count_params(), "keras_ms": milliseconds}
    row |= {form: one(source, form, seen, folder / form) for form in FORMATS}
    exports = Exports(*(folder / form for form in Exports._fields))
    if all(path.exists() for path in exports):
        row["ways"] = routes.differences(routes.probabilities(source, exports, files, folder))
    return row


def one(source: Path, form: str, seen, out: Path, int8=None) -> dict:
    from darkroom.export import exporting
    from darkroom.export.exporting import Order
    from darkroom.runtime.errors import DarkroomError

    try:
        facts = exporting.export(Order(source, form, None, int8), seen, out)
    except DarkroomError as fault:
        return {"error": fault.what}
    wanted = ("largest_difference", "images", "bytes", "ms", "comparison")
    return {key: facts[key] for key in wanted if key in facts}


def table(rows: dict) -> str:
    """The tables of docs/export.md: of all models, and of the trained ones in 8 bits."""
    names = ["network", "pixels", "parameters", "SavedModel", "ONNX", "LiteRT", *WAYS]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for name, row in sorted(rows.items(), key=lambda pair: pair[1]["parameters"]):
        cells = [cell(row[form]) for form in FORMATS] + [farthest(row, start) for start in WAYS.values()]
        lines.append(" | ".join([f"| {name}", str(row["image_size"]), f"{row['parameters']:,}", *cells]) + " |")
    lines += ["", "| in 8 bits | accuracy before | after | loss, in points | MB |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        lines += [judged(f"{name}, {form}", row[form]) for form in ("onnx-int8", "litert-int8") if form in row]
    return "\n".join(lines)


def cell(result: dict) -> str:
    if "error" in result:
        return f"refused ({result['error'].rpartition(', ')[2]})"
    return f"{short(result['largest_difference'])}, {result['bytes'] / 1e6:.3g} MB"


def farthest(row: dict, start: str) -> str:
    """The largest difference of the ways that begin with `start`; a dash where they were not measured."""
    found = [difference for way, difference in row.get("ways", {}).items() if way.startswith(start)]
    return short(max(found)) if found else "–"


def short(difference: float) -> str:
    return f"{difference:.0e}" if difference else "0"


def judged(name: str, result: dict) -> str:
    if "error" in result:
        return f"| {name} | {result['error']} |"
    c = result["comparison"]
    loss = f"{100 * c['loss']:.1f} ({100 * c['low']:.1f} to {100 * c['high']:.1f}, n = {result['images']})"
    accuracies = f"{c['accuracy_before']:.3f} | {c['accuracy']:.3f}"
    return f"| {name} | {accuracies} | {loss} | {result['bytes'] / 1e6:.2g} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", choices=[*SIZES, *BACKBONES], default=[*SIZES, *BACKBONES])
    parser.add_argument("--trained", type=Path, help="a model folder")
    parser.add_argument("--packed", type=Path, help="the packed images that it was trained on")
    parser.add_argument("--images", type=int, default=2000, help="test images of it, at most")
    parser.add_argument("--as", dest="name", help="what its row is called")
    parser.add_argument("--table", action="store_true", help="print the figures and measure nothing")
    args = parser.parse_args()
    if args.table:
        print(table(json.loads(OUT.read_text())["models"]))
        return

    from darkroom.runtime import files

    for name in [args.name] if args.trained else args.model:
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home)
            row = (
                measure_trained(args.trained, args.packed, args.images, folder)
                if args.trained
                else measure(name, folder)
            )
        print(name, json.dumps(row), flush=True)
        rows = files.read_object(OUT)["models"] if OUT.exists() else {}
        files.write_json(OUT, {"models": rows | {name: row}, **interleave.provenance(*VENDORS)})


if __name__ == "__main__":
    main()
