"""Train the two best models of the run again, from other seeds and on other draws of the training images.

The two best are those with the lowest log loss on the validation images: the test images have no part in the choice.
What stays as it is: the hyperparameters that the search found, the validation images, and for a frozen backbone its
weights. A backbone that starts from random weights draws other ones.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.repeats_file import Training


def two_best(validation: Mapping[str, float]) -> list[str]:
    """Return the models with the lowest log loss, the best first; none where there is only one."""
    return sorted(validation, key=lambda name: (validation[name], name))[:2] if len(validation) > 1 else []


def repeat(
    models: Sequence[str], times: int, config: RefitConfig, paths: RefitPaths, *, code: Sequence[str]
) -> dict[Training, np.ndarray]:
    """Train each of the `models` so many `times`, and return the classes int64 `(n,)` that each predicts on test.

    `code` are the folders of the library that the result depends on. Resumes where an earlier run was killed. Raises
    TrainingError (exit 7) when a loss is no longer finite.
    """
    if not models or not times:
        return {}
    from darkroom.repeat import trainings  # it takes seconds

    return trainings.repeat(planned(models, times, config.seed), config, paths, code)


def planned(models: Sequence[str], times: int, seed: int) -> list[Training]:
    """Each training has a seed of its own, none that of the run."""
    return [Training(name, seed + 1 + i * times + j) for i, name in enumerate(models) for j in range(times)]


def summary(predicted: Mapping[Training, np.ndarray]) -> str:
    """What was trained, in one line."""
    times = Counter(training.model for training in predicted)
    again = ", ".join(f"{name} {count} times" for name, count in times.items())
    return again or "nothing trained again: compare.seeds is 0, or there is one model"
