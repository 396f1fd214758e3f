"""Answer the images that MLflow's clients send: Base64 text, file contents or pixels.

They are decoded in this process, so the limit on pixels holds and that on time does not: no thread can interrupt a
decoder, and MLflow's server would start a worker process for every request. `darkroom predict` has both limits.
"""

import binascii
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np

from darkroom.decoding import decode
from darkroom.decoding.bad_image import BadImage
from darkroom.decoding.decode import PackSettings
from darkroom.inference import inference, predict
from darkroom.saving.model_folder import InputSpec


class Answer(TypedDict):
    """What a model says about one image: either `error` is None, or the others are."""

    label: str | None  # the likeliest class
    probabilities: dict[str, float] | None  # of every class, in the order of the network's outputs
    error: str | None  # why the image cannot be used


class Classifier(NamedTuple):
    """A loaded model, with its input spec."""

    network: Any  # a Keras model
    spec: InputSpec

    def answers(self, images: np.ndarray) -> list[Answer]:
        """Return an answer to each image.

        `images` is `(n,)` of Base64 text, of bytes or of arrays of pixels, or `(n, h, w, c)` of pixels: whole numbers
        from 0 to 255. An image that cannot be used has an error, and the others are answered. Raises ArtifactError
        when the model gives NaN.
        """
        settings = predict.pack_settings(self.spec)
        inputs = [_input(image, settings) for image in images]
        usable = [image for image in inputs if isinstance(image, np.ndarray)]
        rows = iter(inference.probabilities(self.network, np.stack(usable)) if usable else ())
        return [_failed(entry) if isinstance(entry, str) else self._answer(next(rows)) for entry in inputs]

    def _answer(self, row: np.ndarray) -> Answer:
        probabilities = dict(zip(self.spec["classes"], map(float, row), strict=True))
        return {"label": self.spec["classes"][row.argmax()], "probabilities": probabilities, "error": None}


def load(folder: Path) -> Classifier:
    """Load a model folder. Raises ArtifactError (exit 4) when its seal is broken or it cannot be used."""
    return Classifier(*inference.load(folder))


def _failed(why: str) -> Answer:
    return {"label": None, "probabilities": None, "error": why}


def _input(image: Any, settings: PackSettings) -> np.ndarray | str:
    """Return the input of the network, uint8 `(s, s, c)`, or why there is none."""
    if isinstance(image, np.ndarray) and image.ndim == 0:  # MLflow packs each of the `instances` so
        image = image.item()
    try:
        if isinstance(image, str):
            return decode.to_array(b64decode(image, validate=True), settings)
        if isinstance(image, bytes):
            return decode.to_array(image, settings)
        return decode.from_pixels(_pixels(image), settings)
    except binascii.Error as fault:
        return f"it is not Base64: {fault}"
    except (BadImage, MemoryError) as fault:
        return str(fault) or "there is not enough memory"


def _pixels(image: Any) -> np.ndarray:
    """Return pixels as uint8: JSON has no small numbers, so they come as any."""
    try:
        numbers = np.asarray(image, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise BadImage("it is neither text, bytes nor an array of numbers") from fault
    pixels = np.clip(np.nan_to_num(numbers), 0, 255).astype(np.uint8)
    if not np.array_equal(pixels, numbers):
        raise BadImage("its pixels are not whole numbers from 0 to 255")
    return pixels
