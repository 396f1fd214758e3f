"""Make what tells new images from old ones, of a trained network: from the same few images whenever it is trained."""

from typing import TYPE_CHECKING

import numpy as np

from darkroom.novelty import held_out, penultimate, reference
from darkroom.novelty.held_out import HeldOut

if TYPE_CHECKING:
    import keras

    from darkroom.packed_data import Split

SAMPLE = 2000  # images of each split; the file then has 520 kB at most


def files(network: "keras.Model", train: "Split", val: "Split", appearance: np.ndarray) -> dict[str, bytes]:
    """Return the reference and the held-out images, by name of file; nothing for a network without features.

    `appearance` is float `(v, 6)`, that of the validation images, see `packed_data.read_appearance`.
    """
    model = penultimate.with_features(network)
    if model is None:
        return {}
    seen, unseen = (split.images[rows(np.asarray(split.labels))] for split in (train, val))
    fitted = reference.fit(penultimate.features(model, seen), penultimate.features(model, unseen))
    kept = _held_out(model, val, appearance)
    return {reference.FILE: reference.to_bytes(fitted), held_out.FILE: held_out.to_bytes(kept)}


def _held_out(model: "keras.Model", val: "Split", appearance: np.ndarray) -> HeldOut:
    kept = held_out.rows(len(val.labels))
    images = held_out.images(appearance[kept], *penultimate.outputs(model, val.images[kept]))
    return HeldOut(*images, np.asarray(val.labels[kept]))


def rows(labels: np.ndarray, most: int = SAMPLE) -> np.ndarray:
    """Return at most `most` row numbers, ascending int64, evenly spaced within each class.

    No class has more than its equal share unless others have less; as many classes as fit have at least one image.
    """
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    share = _share([len(members) for members in classes], most)
    chosen = np.concatenate([_spaced(members, share) for members in classes])
    return np.sort(_spaced(chosen, most))


def _share(sizes: list[int], most: int) -> int:
    """How many images each class may give, at least 1, so that all give `most` together where they have as many."""
    left = most
    for number, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - number)
        if size > share:
            return max(1, share)
        left -= size
    return max(sizes)


def _spaced(members: np.ndarray, most: int) -> np.ndarray:
    if len(members) <= most:
        return members
    return members[np.linspace(0, len(members) - 1, most).astype(np.int64)]
