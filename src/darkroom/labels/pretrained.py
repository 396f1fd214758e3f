"""Features of the pretrained backbones of a run, which `transfer` cached: they saw ImageNet's labels and none of these.

A fine-tuned model is left out of it: what counts is the backbone as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.saving import model_folder


def features(
    names: Sequence[str], images: Mapping[str, np.ndarray], models: Path, config: RefitConfig, paths: RefitPaths
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Each name and float32 `(n, d)` by split, of images uint8 `(n, s, s, c)` by split.

    `names` are those of folders in `models`; a backbone with random weights is left out, since a network that has
    learnt nothing sees less than `pixels`.
    """
    for name in names:
        if model_folder.read_facts(models / name)["pretrained"]:
            yield from _of_backbone(name, images, config, paths)


def _of_backbone(
    name: str, images: Mapping[str, np.ndarray], config: RefitConfig, paths: RefitPaths
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    from darkroom.transfer_learning import transfer  # Keras takes seven seconds to import

    base = transfer.load_base(name, config.transfer, paths.weights, seed=config.seed)
    if base.source is not None:  # transfer found the weights, but they may be gone since
        cached = transfer.feature_cache(base, images["train"].shape[1:], paths.cache / "features" / name)
        yield name, {split: cached.read(values) for split, values in images.items()}
