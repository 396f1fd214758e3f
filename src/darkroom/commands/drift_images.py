"""Look at new images as the held-out ones were looked at: image files with the model, or rows of a log without it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.commands import image_sources, predict
from darkroom.commands.chosen_model import ChosenModel
from darkroom.commands.image_sources import Source
from darkroom.inference import inference, request_log, scaling
from darkroom.inference import predict as decoding
from darkroom.inference.request_log import Appearance, Measured, Row
from darkroom.novelty import held_out, penultimate
from darkroom.novelty.held_out import Images
from darkroom.packed_data import PROPERTIES
from darkroom.plots import thumbnail
from darkroom.runtime import errors, progress
from darkroom.runtime.errors import DataError

MOST = 2000  # images that are compared: more would make differences certain that are too small to matter
Sees = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # features (n, d) and probabilities (n, k) of images


class NewImages(NamedTuple):
    """n new images, copies counted once."""

    images: Images
    names: tuple[str, ...]  # n: of a file, or time and SHA-256 of a row
    thumbnails: tuple[np.ndarray, ...]  # n, uint8 (h, w, c); none for rows of a log
    unusable: int  # files and lines that were left out


class _Seen(NamedTuple):
    name: str
    thumbnail: np.ndarray
    appearance: Appearance


def is_log(path: str) -> bool:
    """Whether a file is a log: its first character begins a JSON object, as that of no image and no archive does."""
    if not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(1) == b"{"


def of_pictures(sources: Sequence[Source], model: ChosenModel) -> NewImages:
    """Decode and ask the model about MOST of the `sources`, evenly spaced. Raises ArtifactError (exit 4)."""
    chosen = sources if len(sources) <= MOST else [sources[i * len(sources) // MOST] for i in range(MOST)]
    spec, sees = _opened(model)
    made = decoding.made(chosen, spec, image_sources.read, request_log.measured)
    shown = progress.each(zip(chosen, made, strict=True), len(chosen), "looking")
    bad: list[DataError] = []
    seen, outputs = [], []
    usable = _distinct(_usable(shown, bad))
    while batch := list(islice(usable, penultimate.BATCH)):
        outputs.append(_outputs(sees, [measured.pixels for _, measured in batch]))
        seen += [_Seen(name, thumbnail.small(one.pixels), one.appearance) for name, one in batch]
    if not seen:
        return NewImages(_images([], np.zeros((0, 0)), np.zeros((0, 1))), (), (), len(bad))
    features, probabilities = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
    images = _images([one.appearance for one in seen], features, probabilities)
    return NewImages(images, tuple(one.name for one in seen), tuple(one.thumbnail for one in seen), len(bad))


def of_logs(paths: Sequence[str], digest: str, classes: int) -> NewImages:
    """Take the last MOST rows about the model with `digest` from logs; other rows are counted in a warning."""
    lines = [row for path in paths for row in request_log.read(Path(path))]
    rows = [row for row in lines if row is not None]
    fitting = [row for row in rows if row["model"] == digest and len(row["probabilities"]) == classes]
    if len(fitting) < len(rows):
        errors.warn(f"{len(rows) - len(fitting)} rows are about other models than {digest}, and left out")
    latest = list({row["sha256"]: row for row in fitting}.values())[-MOST:]
    probabilities = np.array([_as_the_network_gives_them(row) for row in latest]).reshape(len(latest), classes)
    images = _images(latest, np.zeros((len(latest), 0)), probabilities)
    names = tuple(f"{row['time']} {row['sha256'][:12]}" for row in latest)
    return NewImages(images, names, (), len(lines) - len(rows))


def _opened(model: ChosenModel) -> tuple[inference.InputSpec, Sees]:
    if model.exported:
        loaded = predict.opened(model)
        return loaded.spec, lambda images: (np.zeros((len(images), 0)), loaded.load()(images).probabilities)
    network, spec = inference.load(model.folder)
    seeing = penultimate.with_features(network)
    assert seeing is not None  # else it had no held-out images either
    return spec, lambda images: penultimate.outputs(seeing, images)


def _usable(
    looked: Iterable[tuple[Source, Measured | DataError]], bad: list[DataError]
) -> Iterator[tuple[str, Measured]]:
    """Yield the images that could be decoded; the faults of the others are printed and collected in `bad`."""
    for source, measured in looked:
        if isinstance(measured, DataError):
            errors.warn(f"{measured.where}: {measured.what}")
            bad.append(measured)
        else:
            yield str(source), measured


def _distinct(images: Iterable[tuple[str, Measured]]) -> Iterator[tuple[str, Measured]]:
    """Yield the first of the images that are copies of one file."""
    known = set()
    for name, measured in images:
        if measured.appearance["sha256"] not in known:
            known.add(measured.appearance["sha256"])
            yield name, measured


def _outputs(sees: Sees, pixels: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What the model says of `pixels`, as a batch of BATCH: one shape, so that it is compiled once."""
    images = np.zeros((penultimate.BATCH, *pixels[0].shape), np.uint8)
    images[: len(pixels)] = pixels
    features, probabilities = sees(images)
    inference.require_finite(probabilities[: len(pixels)], "the model")
    return features[: len(pixels)], probabilities[: len(pixels)]


def _images(looks: Sequence[Appearance | Row], features: np.ndarray, probabilities: np.ndarray) -> Images:
    appearance = np.array([[look[name] for name in PROPERTIES] for look in looks])  # type: ignore[literal-required]
    return held_out.images(appearance.reshape(len(looks), len(PROPERTIES)), features, probabilities)


def _as_the_network_gives_them(row: Row) -> list[float]:
    """The probabilities before a temperature was applied, as those of the held-out images are."""
    if row["temperature"] is None:
        return row["probabilities"]
    return scaling.scale(np.array([row["probabilities"]]), 1 / row["temperature"])[0].tolist()
