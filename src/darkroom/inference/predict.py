"""Predict the classes of image files. They are decoded as the images that the model was trained on.

Worker processes decode while the model computes. It gets batches of one shape, so that it is compiled once: what is
missing of the last one is filled with black images, whose outputs are dropped.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np

from darkroom.decoding import bounds, decode, levels
from darkroom.decoding.decode import PackSettings
from darkroom.inference import ahead, answers
from darkroom.inference.answers import AS_IT_IS, Choice, Outputs, Prediction
from darkroom.inference.classifier import Classifier, Compute
from darkroom.inference.inference import BATCH
from darkroom.runtime.errors import DataError
from darkroom.saving.model_folder import InputSpec
from darkroom.workers import parallel
from darkroom.workers.serving import Limits, Loss

File = TypeVar("File")  # whatever `read` reads; as text it is the name that an error shows
Name = TypeVar("Name")
Made = TypeVar("Made")

WAITING = 1 << 27  # bytes of decoded images that may wait for the model, which takes seconds to load


def predict_files(
    classifier: Classifier, files: Sequence[File], read: Callable[[File], bytes], choice: Choice = AS_IT_IS
) -> Iterator[tuple[File, Prediction | DataError]]:
    """Yield each file with what the model says about it, or with the error of the file, in the order of `files`.

    Raises ArtifactError (exit 4) when the model cannot be used.
    """
    images = zip(files, decoded(files, classifier.spec, read), strict=True)
    yield from predict_images(images, classifier, len(files), choice)


def predict_images(
    images: Iterator[tuple[Name, np.ndarray | DataError]], classifier: Classifier, most: int, choice: Choice = AS_IT_IS
) -> Iterator[tuple[Name, Prediction | DataError]]:
    """Do as `predict_files`, for images that are decoded: inputs of the model uint8 `(s, s, c)`, or errors.

    There are at most `most` of them. The model is loaded once there is one that can be used.
    """
    size = min(BATCH, 1 << max(0, most - 1).bit_length())

    def answer(batch: list[tuple[Name, np.ndarray | DataError]]) -> list[tuple[Name, Prediction | DataError]]:
        usable = [image for _, image in batch if isinstance(image, np.ndarray)]
        outputs = _outputs(classifier.load(), np.stack(usable), size) if usable else None
        said = answers.predictions(outputs, classifier.spec["classes"], choice) if outputs else iter(())
        return [(name, image if isinstance(image, DataError) else next(said)) for name, image in batch]

    for answered in ahead.map(answer, _batches(images, size), _waiting(pack_settings(classifier.spec), size)):
        yield from answered


def decoded(files: Sequence[File], spec: InputSpec, read: Callable[[File], bytes]) -> Iterator[np.ndarray | DataError]:
    """Each file as the input of a model with `spec`, uint8 `(s, s, c)`, or its error, in the order of `files`."""
    return made(files, spec, read, decode.to_array)


def made(
    files: Sequence[File], spec: InputSpec, read: Callable[[File], bytes], make: Callable[[bytes, PackSettings], Made]
) -> Iterator[Made | DataError]:
    """What `make` makes of the bytes of each file, which may raise BadImage, or its error, in the order of `files`.

    Worker processes do it, so that an image that never ends can be killed. `read` may raise OSError and DataError.
    """
    settings = pack_settings(spec)
    limits = bounds.worker_limits(settings.max_pixels)
    work, lost = partial(_make, read=read, make=make, settings=settings), partial(_lost, limits=limits)
    return iter(parallel.map(work, files, title="decoding", lost=lost, limits=limits))


def pack_settings(spec: InputSpec) -> PackSettings:
    """How a model with `spec` wants its images made."""
    return PackSettings(
        spec["image_size"], spec["color"], spec["fit"], spec["max_pixels"], levels=levels.from_spec(spec)
    )


def _batches(items: Iterator[Made], size: int) -> Iterator[list[Made]]:
    while batch := list(islice(items, size)):
        yield batch


def _waiting(settings: PackSettings, size: int) -> int:
    """How many batches of `size` images may wait."""
    return max(1, WAITING // (size * settings.size**2 * settings.channels))


def _outputs(compute: Compute, images: np.ndarray, size: int) -> Outputs:
    """The outputs for `images` uint8 `(n, s, s, c)`, computed as a batch of `size`."""
    n = len(images)
    padded = np.concatenate([images, np.zeros((size - n, *images.shape[1:]), np.uint8)])
    probabilities, unknown = compute(padded)
    return Outputs(probabilities[:n], None if unknown is None else unknown[:n])


def _make(
    file: File, *, read: Callable[[File], bytes], make: Callable[[bytes, PackSettings], Made], settings: PackSettings
) -> Made | DataError:
    try:
        return make(read(file), settings)
    except DataError as fault:
        return fault
    except OSError as fault:
        return DataError("E_IMAGE", fault.strerror or str(fault), where=file, fix="name an image file")
    except decode.BadImage as fault:
        return _bad_image(file, str(fault))


def _lost(file: object, loss: Loss, *, limits: Limits) -> DataError:
    return _bad_image(file, bounds.reason(loss, limits))


def _bad_image(file: object, why: str) -> DataError:
    return DataError("E_IMAGE", why, where=file, fix="repair it or leave it out")
