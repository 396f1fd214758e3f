"""Does every network predict the same in every format and on every way to ask it, and what does it cost there?

    python -m benchmarks.exports                        # networks that saw 100 pictures, small images
    python -m benchmarks.exports --model lenet5         # one of them; the others keep their figures
    python -m benchmarks.exports --trained FOLDER --packed FOLDER --as NAME    # a trained model, in 8 bits too
    python -m benchmarks.exports --table                # the figures as docs/export.md has them

Pictures of every mode (`pictures`) are sent on every way (`routes`); a trained model is compared on its test images,
too. The weights of the others come from `export_networks`: the probabilities of a class differ from image to image by
what `spread` says (a standard deviation), as a network that answers every image alike would prove nothing, and
`float64` is by how much what Keras computes in float32 differs from what it computes in float64. Milliseconds are of
one image at a time, on all processors of this machine, and compare within a row.
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks import export_networks, interleave, pictures, routes
from benchmarks.export_networks import BACKBONES, CLASSES, SIZES
from benchmarks.routes import Exports, Files

OUT = Path("reports/benchmarks/exports.json")
FORMATS = ("saved_model", "onnx", "litert")
WAYS = {"predict": "predict", "serve": "serve", "pyfunc": "pyfunc"}  # column of the table, and how its ways begin
PICTURES = 100
VENDORS = ("ai-edge-litert", "keras", "onnx", "onnxruntime", "tensorflow", "tf2onnx")


def measure(name: str, folder: Path) -> dict:
    """The row of a network of `export_networks`."""
    from darkroom.export.evidence import Evidence
    from darkroom.saving import model_folder

    model = export_networks.named(name)
    spec = {
        "classes": [f"class {i}" for i in range(CLASSES)], "image_size": model.input_shape[1], "color": "rgb",
        "fit": "stretch", "max_pixels": 10_000, "levels": pictures.LEVELS,
    }  # fmt: skip
    files = routes.write(pictures.pictures(PICTURES), folder / "pictures")
    images = routes.decoded(files, spec)
    spread = export_networks.enliven(model, images)
    exactness = export_networks.from_float64(model, model.predict_on_batch(images), images)
    facts = {
        "name": name, "architecture": name, "pretrained": False, "params": {}, "run": name, "versions": {},
        "multiply_adds": 1, "best_epoch": 1,
    }  # fmt: skip
    model_folder.write(folder / "model", model, [dict.fromkeys(model_folder.HistoryRow.__annotations__, 1)], spec=spec,
                       facts=facts)  # fmt: skip
    return {"spread": spread, "float64": exactness} | exported(folder / "model", Evidence(images, None), files, folder)


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
    names = ["network", "pixels", "parameters", "float32", "SavedModel", "ONNX", "LiteRT", *WAYS]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for name, row in sorted(rows.items(), key=lambda pair: pair[1]["parameters"]):
        exactness = short(row["float64"]) if "float64" in row else "–"
        cells = [exactness, *(cell(row[form]) for form in FORMATS)] + [farthest(row, start) for start in WAYS.values()]
        lines.append(" | ".join([f"| {name}", str(row["image_size"]), f"{row['parameters']:,}", *cells]) + " |")
    lines += ["", "| in 8 bits | accuracy before | after | loss, in points | MB |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        lines += [judged(f"{name}, {form}", row[form]) for form in ("onnx-int8", "litert-int8") if form in row]
    return "\n".join(lines)


def cell(result: dict) -> str:
    if "error" in result:
        return f"refused ({result['error'].rpartition(' ')[2]})"
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
