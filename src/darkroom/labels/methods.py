"""The methods that `labels.method` stands for, ready to be asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from darkroom.labels import folds, linear, pixels, pretrained
from darkroom.labels.config import LabelData, LabelsConfig, LabelsPaths
from darkroom.labels.method import Method


@contextmanager
def of_config(
    data: LabelData, config: LabelsConfig, paths: LabelsPaths, code: Sequence[str]
) -> Iterator[Sequence[Method]]:
    """Give the candidates; what a training of folds left to resume from is removed if the block succeeds."""
    fold = folds.assign(data["train"].clusters, config.labels.folds, config.refit.seed)
    if config.labels.method == "features":
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # two threads on a busy machine took 166 s for the digits, one takes 6
            yield _on_features(data, fold, config, paths)
    else:
        from darkroom.labels import network_folds  # Keras takes seven seconds to import

        with network_folds.ready(data, fold, config.refit, paths.refit, code) as network:
            yield [network]


def _on_features(data: LabelData, fold: np.ndarray, config: LabelsConfig, paths: LabelsPaths) -> list[Method]:
    """Linear models on the pixels and on the features of each pretrained backbone."""
    images, train = {name: split.images for name, split in data.items()}, data["train"]
    labels, k = np.asarray(train.labels), len(train.classes)
    named = dict(pretrained.features(config.backbones, images, paths.models, config.refit, paths.refit))
    named[pixels.NAME] = pixels.features(images, config.refit.seed)
    return [model for name, values in named.items() for model in linear.candidates(name, values, labels, k, fold)]
