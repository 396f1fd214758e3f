"""What `import darkroom` offers: label images in Python as `darkroom predict` does in a shell, with the same code."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import overload

import numpy as np

from darkroom import paths
from darkroom.decoding import decode
from darkroom.inference import classifier
from darkroom.inference.answers import Prediction
from darkroom.inference.predict import decoded, pack_settings, predict_images
from darkroom.register import identity, promotion
from darkroom.runtime.errors import ArtifactError, DataError

Image = str | os.PathLike[str] | np.ndarray  # a file, or uint8 pixels (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)


class Model:
    """A trained classifier: a folder that `dvc repro` wrote, such as `champion/` or `models/cnn/`.

    Its files are verified now, and Keras loads them at the first prediction. Raises ArtifactError when the folder
    cannot be used.

    >>> model = darkroom.Model("models/cnn")
    >>> model.classes
    ('cat', 'dog')
    >>> [answer.label for answer in model.predict(["photo.png", np.zeros((28, 28), "uint8")])]
    ['cat', 'cat']
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self._classifier = classifier.of_model_folder(self.folder)

    def __repr__(self) -> str:
        return f"<darkroom.Model {self.folder}: {len(self.classes)} classes, {self.digest}>"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the network's outputs."""
        return tuple(self._classifier.spec["classes"])

    @cached_property
    def digest(self) -> str:
        """16 hex digits that are equal for models with equal network, weights, classes and input."""
        return identity.digest(self.folder)

    @overload  # a str is a sequence of str too; here it is a file
    def predict(self, images: Image) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, images: Sequence[Image]) -> list[Prediction]: ...
    def predict(self, images: Image | Sequence[Image]) -> Prediction | list[Prediction]:
        """Label an image, or a list of images, given as files or as arrays of pixels.

        Raises DataError for the first image that cannot be used, ArtifactError for a model that cannot be used.
        """
        if isinstance(images, str | os.PathLike | np.ndarray):
            return self.predict([images])[0]
        inputs = enumerate(self._inputs(images))
        return [_prediction(result) for _, result in predict_images(inputs, self._classifier, len(images))]

    def _inputs(self, images: Sequence[Image]) -> Iterator[np.ndarray | DataError]:
        paths = [Path(image) for image in images if not isinstance(image, np.ndarray)]
        files = decoded(paths, self._classifier.spec, Path.read_bytes)
        for number, image in enumerate(images):
            yield self._input(image, number) if isinstance(image, np.ndarray) else next(files)

    def _input(self, pixels: np.ndarray, number: int) -> np.ndarray:
        try:
            return decode.from_pixels(pixels, pack_settings(self._classifier.spec))
        except decode.BadImage as fault:
            fix = "give uint8 pixels, 0 to 255, one image at a time or a list of them"
            raise DataError("E_IMAGE", str(fault), where=f"array {number}", fix=fix) from fault


@overload
def predict(images: Image, project: str | os.PathLike[str] = ".") -> Prediction: ...  # type: ignore[overload-overlap]
@overload
def predict(images: Sequence[Image], project: str | os.PathLike[str] = ".") -> list[Prediction]: ...
def predict(images: Image | Sequence[Image], project: str | os.PathLike[str] = ".") -> Prediction | list[Prediction]:
    """Label an image, or a list of images, with the champion of a project, or with `models/cnn/` while there is none.

    The model stays loaded until another one takes its place. Raises as `Model.predict` does.

    >>> darkroom.predict("photo.png").label
    'dog'
    """
    folder = current_model(Path(project))
    return _loaded(folder.resolve(), identity.digest(folder)).predict(images)


def load_champion(project: str | os.PathLike[str] = ".") -> Model:
    """Return the champion of a project. Raises ArtifactError when there is none yet."""
    folder = Path(project) / paths.CHAMPION
    if not promotion.has_champion(folder):
        raise ArtifactError("E_MODEL", "there is no champion yet", where=folder, fix="run `dvc repro`")
    return Model(folder)


def current_model(project: Path) -> Path:
    """Return the folder of the model that predicts: that of the champion, or of the network where there is none."""
    champion = project / paths.CHAMPION
    return champion if promotion.has_champion(champion) else project / paths.MODELS / "cnn"


@lru_cache(maxsize=1)
def _loaded(folder: Path, digest: str) -> Model:
    """Return the model; the digest is that of its files as they are now."""
    return Model(folder)


def _prediction(result: Prediction | DataError) -> Prediction:
    if isinstance(result, DataError):
        raise result
    return result
