"""What the gate judges: the classes that a model predicts for today's test images, made as its own input spec says."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from darkroom.image_store.reading import ImageStore
from darkroom.inference import inference, predict
from darkroom.packed_data import Split
from darkroom.runtime.errors import DataError
from darkroom.saving.model_folder import InputSpec


class TestImages(NamedTuple):
    """Today's n test images: packed, as files in `store`, and the digest of the packed data."""

    split: Split
    store: ImageStore
    digest: str
    fresh: np.ndarray  # bool (n,): newer than the champion's coronation, see `looks`

    @property
    def labels(self) -> np.ndarray:
        """The name of the class of each image, str `(n,)`."""
        return np.array(self.split.classes)[np.asarray(self.split.labels)]


def predictions(folder: Path, test: TestImages) -> np.ndarray:
    """Return the class that the model in `folder` predicts for each test image, str `(n,)`.

    Raises ArtifactError (exit 4) when the model cannot be used, DataError (exit 3) for a file that is no longer the
    image it was.
    """
    model, spec = inference.load(folder)
    batches = [inference.probabilities(model, images).argmax(1) for images in inputs(spec, test)]
    return np.array(spec["classes"])[np.concatenate(batches)]


def inputs(spec: InputSpec, test: TestImages) -> Iterator[np.ndarray]:
    """Yield the test images as inputs of a model with `spec`, in batches uint8 `(b, s, s, c)`.

    They are the packed ones where the spec agrees with theirs, and decoded again otherwise. Raises DataError (exit 3)
    for a file that is no longer the image it was.
    """
    todays_limit: InputSpec = {**spec, "max_pixels": test.split.spec["max_pixels"]}
    if predict.pack_settings(todays_limit) == predict.pack_settings(cast(InputSpec, test.split.spec)):
        yield test.split.images
        return
    images = predict.decoded(list(map(test.store.file, test.split.paths)), todays_limit, test.store.shards.read)
    while batch := list(islice(images, inference.BATCH)):
        yield np.stack([_require_image(image) for image in batch])


def _require_image(image: np.ndarray | DataError) -> np.ndarray:
    if isinstance(image, DataError):
        raise image
    return image
