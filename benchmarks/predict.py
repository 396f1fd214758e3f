"""How many pictures a second `darkroom predict` labels, and the usual loops of Keras, on the same files.

    python -m benchmarks.predict [--model models/cnn] [--data FOLDER] [--images 10000] [--rounds 3]

Without `--data` the pictures are made: JPEGs of 160 x 120 pixels with grain. Without `--model` it is the network of
params.yaml, untrained, for 64 x 64 pixels in colour and ten classes: what it costs does not depend on its weights.

Each run is a process of its own, and rounds take turns, so that whatever else the machine does hits all alike.
`darkroom` and both loops are measured from the first picture on: imports, the loading of the model and one batch to
warm up are not counted. `darkroom_command` is the whole command, from its start to its last line. A ratio is ours
divided by the other in the same round: above 1, ours labels more pictures a second. The loop of one picture at a time
takes LOOP of them: it is a rate.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import interleave

LOOP = 250  # pictures
BATCH = 256  # pictures, of the other loop too
SIZE, CLASSES = 64, 10  # of the network that is made
WIDTH, HEIGHT, GRAIN, QUALITY = 160, 120, 6.0, 85  # of pictures that are made: pixels, grey levels, of JPEG
VENDORS = ("keras", "tensorflow", "numpy", "pillow", "simplejpeg")
OUT = Path("reports/benchmarks/predict.json")


def darkroom(model: Path, pictures: list[Path]) -> float:
    import numpy as np

    from darkroom.inference import classifier, predict

    loaded = classifier.of_model_folder(model)
    size, channels = loaded.spec["image_size"], 3 if loaded.spec["color"] == "rgb" else 1
    loaded.load()(np.zeros((BATCH, size, size, channels), np.uint8))
    start = time.perf_counter()
    answers = list(predict.predict_files(loaded, pictures, Path.read_bytes))
    assert len(answers) == len(pictures)
    return len(pictures) / (time.perf_counter() - start)


def darkroom_command(model: Path, pictures: list[Path]) -> float:
    folder = os.path.commonpath(pictures)
    command = [sys.executable, "-m", "darkroom.cli", "predict", folder, "--model", str(model), "--out", "csv"]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    assert len(done.stdout.splitlines()) == len(pictures) + 1  # the header
    return len(pictures) / seconds


def keras_one_by_one(model: Path, pictures: list[Path]) -> float:
    load, network = _keras(model)
    network.predict(load(pictures[0])[None], verbose=0)
    start = time.perf_counter()
    for path in pictures[:LOOP]:
        network.predict(load(path)[None], verbose=0)
    return min(LOOP, len(pictures)) / (time.perf_counter() - start)


def keras_batches(model: Path, pictures: list[Path]) -> float:
    import numpy as np

    load, network = _keras(model)
    network.predict(np.stack([load(pictures[0])] * BATCH), verbose=0)
    start = time.perf_counter()
    for first in range(0, len(pictures), BATCH):
        network.predict(np.stack([load(path) for path in pictures[first : first + BATCH]]), verbose=0)
    return len(pictures) / (time.perf_counter() - start)


OTHERS = {variant.__name__: variant for variant in (keras_one_by_one, keras_batches)}
VARIANTS = {"darkroom": darkroom, "darkroom_command": darkroom_command, **OTHERS}


def _keras(model: Path) -> tuple[Callable[[Path], Any], Any]:
    """A function that loads a picture as an input of the model, uint8 (s, s, c), and the model, as tutorials do."""
    import keras

    spec = json.loads((model / "classes.json").read_text())
    square, color = (spec["image_size"],) * 2, "rgb" if spec["color"] == "rgb" else "grayscale"

    def load(path: Path) -> Any:
        picture = keras.utils.load_img(path, target_size=square, color_mode=color, interpolation="bilinear")
        return keras.utils.img_to_array(picture, dtype="uint8")

    return load, keras.models.load_model(model / "model.keras", compile=False)


def make_pictures(folder: Path, n: int) -> None:
    """`n` JPEGs in `folder`: soft blobs of colour, with grain."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    for number in range(n):
        random = np.random.default_rng(number)
        soft = Image.fromarray(random.integers(0, 256, (4, 5, 3), np.uint8)).resize((WIDTH, HEIGHT))
        grain = random.normal(0, GRAIN, (HEIGHT, WIDTH, 1))
        pixels = (np.asarray(soft) + grain).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05}.jpg", quality=QUALITY)


def make_model(folder: Path) -> None:
    """The network of params.yaml with random weights, as a model folder, with a reference of random images."""
    import numpy as np

    from darkroom import params
    from darkroom.networks import architectures
    from darkroom.novelty import sampling
    from darkroom.packed_data import PROPERTIES, Split
    from darkroom.saving import model_folder
    from darkroom.training import describe

    names = [f"class {number}" for number in range(CLASSES)]
    spec = {"classes": names, "image_size": SIZE, "color": "rgb", "fit": "stretch", "max_pixels": 50_000_000}
    network = architectures.build(params.load().model, shape=(SIZE, SIZE, 3), classes=CLASSES, spec=spec)
    facts = model_folder.TrainingFacts(
        name="cnn", architecture="tunable", pretrained=None, params={}, run="benchmark", versions={},
        multiply_adds=describe.multiply_adds(network), best_epoch=1,
    )  # fmt: skip
    pixels = np.random.default_rng(1).integers(0, 256, (2000, SIZE, SIZE, 3), np.uint8)
    labels = np.arange(len(pixels)) % CLASSES
    split = Split(pixels, labels, tuple(map(str, labels)), labels, tuple(names), spec)
    extra = sampling.files(network, split, split, np.zeros((len(pixels), len(PROPERTIES))))
    model_folder.write(folder, network, [], spec=spec, facts=facts, extra_files=extra)


def compare(model: Path, data: Path, rounds: int) -> dict:
    words = "--model", model, "--data", data
    rates = interleave.run_interleaved("benchmarks.predict", VARIANTS, rounds, *words)
    ratios = {other: interleave.ratios(rates["darkroom"], rates[other]) for other in OTHERS}
    started = {other: interleave.ratios(rates["darkroom_command"], rates[other]) for other in OTHERS}
    spreads = {variant: interleave.spread(result) for variant, result in rates.items()}
    return {"ratios": ratios, "ratios_of_the_whole_command": started, "pictures_per_second": spreads}


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a model folder; default: one that is made")
    parser.add_argument("--data", type=Path, help="a folder of JPEG or PNG pictures; default: some that are made")
    parser.add_argument("--images", type=int, default=10_000, help="how many pictures to make")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        print(VARIANTS[args.variant](args.model, _pictures(args.data)))
        return

    from darkroom.runtime import files
    from darkroom.saving import model_folder

    with tempfile.TemporaryDirectory() as home:
        data, model = args.data or Path(home) / "pictures", args.model or Path(home) / "model"
        if not args.data:
            make_pictures(data, args.images)
        if not args.model:
            make_model(model)
        result = compare(model, data, args.rounds)
        spec = model_folder.read_spec(model)
        settings = {
            "pictures": len(_pictures(data)),
            "image_size": spec["image_size"],
            "multiply_adds": model_folder.read_facts(model)["multiply_adds"],
        }
    files.write_json(OUT, {**result, **settings, **interleave.provenance(*VENDORS)})
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
