"""How much faster a head trains on features that were computed once.

    python -m benchmarks.transfer BACKBONE [IMAGES]

after `dvc repro preprocess`, on the training images (or the first IMAGES of a seeded shuffle of them), with the
values of params.yaml but 10 epochs for both and one head, the first of `transfer.head`:

    darkroom    the frozen base looks once at each image and at each of its `transfer.copies`, kept on disk; then
                the head is trained on what it saw.
    frozen_fit  the usual way: augmentation, frozen base and head in one model, and `model.fit` on all of it, so that
                each epoch sees every image changed anew.

Both are judged on the test images. Seconds are of the wall and of all processors (the machine may have others to
serve). Nothing is read from or left in `.cache`. `reports/benchmarks/transfer.json` keeps the ratios.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np

from benchmarks import interleave
from darkroom import packed_data, params, paths
from darkroom.metrics import metrics
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import from_probabilities
from darkroom.runtime import files
from darkroom.training import augment, device, io_layers, optimizers
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import backbones, head_training, transfer, weights
from darkroom.transfer_learning.config import TransferConfig

EPOCHS = 10
OUT = Path("reports/benchmarks/transfer.json")


def main(backbone: str, n_images: str = "0") -> None:
    p = params.load()
    train, val, test = map(packed_data.read(paths.PACKED).split, ("train", "val", "test"))
    train = some(train, int(n_images), p.seed)
    print(f"{backbone} at {p.transfer.input_size} pixels, {len(train.labels)} images, {EPOCHS} epochs")
    results = {}
    for name, arm in (("darkroom", darkroom), ("frozen_fit", frozen_fit)):
        base = transfer.load_base(backbone, settings(p), paths.WEIGHTS, seed=p.seed)
        assert base.source, "this needs pretrained weights"
        network, wall, processors = timed(arm, base, TrainingData(train, val), p)
        results[name] = wall, processors, network.predict(np.asarray(test.images), verbose=0)
        print(f"{name:11}{wall:8.1f} s wall {processors:8.1f} s of processors  {accuracy(test, results[name][2], p)}")
    (a, b, one), (c, d, other) = results.values()
    print(f"darkroom is {c / a:.1f} x as fast by the wall, {d / b:.1f} x by processors")
    right = [probabilities.argmax(1) == np.asarray(test.labels) for probabilities in (one, other)]
    mean, reach = difference(*right)
    print(f"difference of accuracy {mean:+.4f} +- {reach:.4f}")
    result = {
        "ratios": {"frozen_fit": interleave.spread([c / a])},
        "ratio_of_processor_time": round(d / b, 3),
        "accuracy_difference": {"value": mean, "low": mean - reach, "high": mean + reach},
        "backbone": backbone, "input_size": p.transfer.input_size, "images": len(train.labels), "epochs": EPOCHS,
        **interleave.provenance("keras", "tensorflow"),
    }  # fmt: skip
    files.write_json(OUT, result)


def settings(p: params.Params) -> TransferConfig:
    """Those of params.yaml, but for the epochs, the first head only and no fine-tuning."""
    return TransferConfig(
        weights=p.transfer.weights,
        width=p.transfer.width,
        input_size=p.transfer.input_size,
        copies=p.transfer.copies,
        head=params.Head(**{key: values[:1] for key, values in p.transfer.head.model_dump().items()}),
        optimization=p.transfer.optimization,
        fit=p.transfer.fit.model_copy(update={"epochs": EPOCHS, "patience": EPOCHS}),
        fine_tune=p.transfer.fine_tune.model_copy(update={"layers": 0}),
    )


def darkroom(base: weights.Base, data: TrainingData, p: params.Params) -> keras.Model:
    with TemporaryDirectory() as folder:
        session = Session(p.seed, Path(folder, "state"))
        return transfer.train(base, data, settings(p), session, p.augment, Path(folder, "features")).network


def frozen_fit(base: weights.Base, data: TrainingData, p: params.Params) -> keras.Model:
    base.network.trainable = False
    train, val = data
    shape, classes = train.images.shape[1:], len(train.classes)
    extractor = backbones.extractor(base.choice, base.network, shape=shape)
    head = head_training.build(extractor.output_shape[-1], classes, head_training.combinations(p.transfer.head)[0])
    network = head_training.joined(extractor, head)
    changing = augment.network(shape, p.augment, seed=p.seed)
    pixels = io_layers.pixels(shape)
    model = keras.Model(pixels, network(changing(pixels)))
    size = device.batch_size(p.transfer.fit.batch_size, n_images=len(train.labels), size=shape[0])
    steps = EPOCHS * -(-len(train.labels) // size)
    model.compile(
        optimizers.optimizer(p.transfer.optimization, steps), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    validation = np.asarray(val.images), val.labels
    model.fit(np.asarray(train.images), train.labels, size, EPOCHS, verbose=0, validation_data=validation)
    return network


def timed(arm: Callable, *given) -> tuple[keras.Model, float, float]:
    """What `arm` returns, and its seconds by the wall and of all processors."""
    wall, processors = time.perf_counter(), time.process_time()
    made = arm(*given)
    return made, time.perf_counter() - wall, time.process_time() - processors


def some(split: packed_data.Split, count: int, seed: int) -> packed_data.Split:
    if not count:
        return split
    rows = np.sort(np.random.default_rng(seed).permutation(len(split.labels))[:count])
    images, labels = np.asarray(split.images[rows]), np.asarray(split.labels)[rows]
    return replace(split, images=images, labels=labels, paths=tuple(split.paths[row] for row in rows))


def accuracy(test: packed_data.Split, probabilities: np.ndarray, p: params.Params) -> str:
    predictions = from_probabilities(np.asarray(test.labels), probabilities)
    score = metrics.scores(predictions, Bootstrap(1000, 0.95, p.seed)).overall["accuracy"]
    return "accuracy {value:.4f} [{low:.4f}, {high:.4f}]".format(**score)


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Of two accuracies on the same images, and half its 95 % interval by the normal approximation."""
    values = one.astype(float) - other
    return values.mean(), 1.96 * values.std() / len(values) ** 0.5


if __name__ == "__main__":
    main(*sys.argv[1:])
