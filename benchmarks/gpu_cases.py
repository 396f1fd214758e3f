"""What benchmarks.gpu runs, each in a process of its own: presets as darkroom trains them, and two references.

`scan` is the network and the augmentation of a preset as one compiled loop over an epoch, with nothing around it:
neither validation nor a state on disk. `airbench94` is that of Keller Jordan (2024), the package `airbench` of PyPI,
which needs PyTorch, torchvision and CUDA.
"""

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NotRequired, TypedDict

import numpy as np

from benchmarks import gpu_images, interleave
from benchmarks.gpu_images import SIZE
from benchmarks.gpu_usage import Utilisation

VALIDATED = 1000  # images
REHEARSED = {"images": 96, "filters": 4, "batch": 32}  # of a rehearsal, which a processor ends within minutes
AIRBENCH_EPOCHS = 9.9  # of train94
AIRBENCH_IMAGES = 48 * 1024  # of an epoch: it leaves out the last batch of 50,000


class Result(TypedDict):
    """Of one process; seconds unless it says otherwise."""

    skipped: NotRequired[str]  # why there is nothing else
    precision: NotRequired[str]
    first_epoch: NotRequired[float]
    epoch: NotRequired[dict]  # the spread of the others
    images_per_second: NotRequired[int]
    seconds_after_first_epoch: NotRequired[float]
    test_accuracy: NotRequired[float | None]
    utilisation: NotRequired[float | None]  # percent


class Job(NamedTuple):
    """A preset in batches of `batch` images for so many epochs, on the images of a file; a rehearsal is a small one."""

    path: Path
    preset: str
    batch: int | str
    epochs: int
    seed: int
    rehearsal: bool


def darkroom(job: Job) -> Result:
    """Train as darkroom does, and score on the test images."""
    from darkroom.networks import recipe
    from darkroom.training.session import Session, TrainingData

    p = _params(job)
    train, test = _images(job, p.preprocess.image_size)
    data = TrainingData(train, replace(test, images=test.images[:VALIDATED], labels=test.labels[:VALIDATED]))
    ends: list[float] = []
    used = Utilisation()

    def on_epoch(epoch: int, row: dict) -> None:
        ends.append(time.perf_counter())
        if epoch == 1:
            used.begin()

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as state:
        session = Session(job.seed, Path(state), on_epoch, quiet=True)
        network = recipe.train_network(p.model, data, p.train, p.augment, session)
    used.end()
    correct = network.network.predict(test.images, batch_size=1000, verbose=0).argmax(1) == test.labels
    accuracy = float(correct.mean()) if p.preprocess.image_size == SIZE else None
    return _result(network.computation.precision, [start, *ends], len(train.labels), accuracy, used)


def scan(job: Job) -> Result:
    import keras

    if keras.backend.backend() != "jax":
        return Result(skipped="it needs KERAS_BACKEND=jax")
    import jax

    from darkroom.networks import architectures
    from darkroom.training import device, optimizers
    from darkroom.training.training_model import TrainingModel

    p = _params(job)
    train, _ = _images(job, p.preprocess.image_size)
    size = device.batch_size(p.train.batch_size, n_images=len(train.labels), size=SIZE)
    steps, shape = len(train.labels) // size, train.images.shape[1:]
    precision = device.compute_in("auto")
    device.make_repeatable(job.seed)
    network = architectures.build(p.model, shape=shape, classes=len(train.classes), spec={})
    training = TrainingModel(network, p.augment, smoothing=p.model.label_smoothing, seed=job.seed)
    training.build([(None, *shape), (None,)])
    optimizer = optimizers.build(p.model, steps * job.epochs, training.trainable_variables)

    def loss(trainable: list, fixed: list, images: object, labels: object) -> tuple:
        outputs, fixed = training.stateless_call(trainable, fixed, (images, labels), training=True)
        losses = keras.losses.categorical_crossentropy(outputs["targets"], outputs["probabilities"])
        return losses.mean(), fixed

    def epoch(state: tuple, images: object, labels: object, order: object) -> tuple:
        def step(now: tuple, rows: object) -> tuple:
            trainable, fixed, kept = now
            gradient = jax.value_and_grad(loss, has_aux=True)
            (value, fixed), gradients = gradient(trainable, fixed, images[rows], labels[rows])
            trainable, kept = optimizer.stateless_apply(kept, gradients, trainable)
            return (trainable, fixed, kept), value

        return jax.lax.scan(step, state, order)

    compiled = jax.jit(epoch, donate_argnums=0)
    groups = training.trainable_variables, training.non_trainable_variables, optimizer.variables
    state: tuple = tuple([variable.value for variable in group] for group in groups)
    images, labels = jax.device_put(train.images), jax.device_put(train.labels.astype("int32"))
    used, ends = Utilisation(), [time.perf_counter()]
    for number in range(job.epochs):
        order = np.random.default_rng(number).permutation(len(train.labels))[: steps * size]
        state, losses = compiled(state, images, labels, order.reshape(steps, size))
        jax.block_until_ready(losses)
        ends.append(time.perf_counter())
        if number == 0:
            used.begin()
    used.end()
    return _result(precision, ends, steps * size, None, used)


def airbench94(job: Job) -> Result:
    try:
        import torch
        import torchvision  # noqa: F401  # airbench imports it
    except ModuleNotFoundError as missing:
        return Result(skipped=f"{missing.name} is not installed")
    if not torch.cuda.is_available():
        return Result(skipped="it needs CUDA")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.mkdir("cifar10")  # where it looks for its files, when it is imported already
        for name, part in zip(("train", "test"), gpu_images.read(job.path, 0), strict=True):
            tensors = {"images": torch.tensor(part.images), "labels": torch.tensor(part.labels)}
            torch.save({**tensors, "classes": list(part.classes)}, f"cifar10/{name}.pt")
        try:
            import airbench
        except ModuleNotFoundError:
            return Result(skipped="airbench is not installed")

        start = time.perf_counter()
        airbench.warmup94(verbose=False)
        airbench.train94(epochs=1, verbose=False)
        torch.cuda.synchronize()
        warm, used = time.perf_counter(), Utilisation()
        used.begin()
        model = airbench.train94(run=job.seed, verbose=False)
        torch.cuda.synchronize()
        end = time.perf_counter()
        used.end()
        accuracy = airbench.evaluate(model, airbench.CifarLoader("cifar10", train=False, batch_size=2000), 2)
    per_epoch = (end - warm) / AIRBENCH_EPOCHS
    ends = [start, warm, *(warm + per_epoch * i for i in range(1, 10)), end]
    return _result("float16", ends, AIRBENCH_IMAGES, accuracy, used)


WAYS: dict[str, Callable[[Job], Result]] = {way.__name__: way for way in (darkroom, scan, airbench94)}


def _params(job: Job):
    """The preset with the batch and the epochs of the job, and with a small network for a rehearsal."""
    from darkroom import paths
    from darkroom.commands import presets

    p = presets.load(job.preset, paths.PRESETS)
    batch = REHEARSED["batch"] if job.rehearsal else job.batch
    fit = {"batch_size": batch, "precision": "auto", "epochs": job.epochs, "patience": job.epochs}
    model = p.model.model_copy(update={"filters": REHEARSED["filters"]}) if job.rehearsal else p.model
    return p.model_copy(update={"train": p.train.model_copy(update=fit), "model": model})


def _images(job: Job, size: int) -> tuple:
    """Training and test images; noise where the preset wants another size, as what it shows matters to no speed."""
    train, test = gpu_images.read(job.path, REHEARSED["images"] if job.rehearsal else 0)
    if size == SIZE:
        return train, test
    return gpu_images.noise(min(8000, len(train.labels)), size), gpu_images.noise(256, size)


def _result(precision: str, ends: list[float], images: int, accuracy: float | None, used: Utilisation) -> Result:
    """From the start and the end of each epoch, of so many images."""
    seconds = [later - earlier for earlier, later in zip(ends, ends[1:], strict=False)]
    return Result(
        precision=precision,
        first_epoch=round(seconds[0], 1),
        epoch=interleave.spread(seconds[1:]),
        images_per_second=round(images / statistics.median(seconds[1:])),
        seconds_after_first_epoch=round(sum(seconds[1:]), 2),
        test_accuracy=None if accuracy is None else round(accuracy, 4),
        utilisation=used.median(),
    )
