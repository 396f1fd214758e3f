"""Networks that were trained with a fraction of the training images: what would more images, or transfer, bring?

A subset is a fraction of each class, and a smaller subset lies within a larger one. Validation and test images are
always all of them. A smaller subset is trained for more epochs, by one over the square root of its fraction: with as
many epochs it would get too few steps to learn anything, with as many steps it would take as long as the whole.
The price: a training per fraction and network. Those of the backbone are heads on features that `transfer` cached, so
they are cheap; fine-tuning is left out.
Fractions below one half are trained several times, each time on other images: which few images they are matters most
there (300 images of MNIST: the accuracy has a standard deviation of 1.1 points between trainings; 1,000: 0.45).
"""

from collections.abc import Sequence

from darkroom.curve.points import CurveConfig, CurvePaths, Point


def measure(config: CurveConfig, paths: CurvePaths, *, code: Sequence[str]) -> list[Point]:
    """Train the tuned network and the best pretrained backbone on each fraction, and count what each gets right.

    `code` are the folders of the library that the result depends on. Resumes where an earlier run was killed. Raises
    TrainingError (exit 7) when a loss is no longer finite. Without fractions there is nothing to measure.
    """
    if not config.fractions:
        return []
    from darkroom.curve import trainings  # it takes seconds

    return trainings.measure(config, paths, code)


def summary(points: list[Point]) -> str:
    """The accuracies in one line."""
    curves = [f"{name} {_curve(points, name)}" for name in dict.fromkeys(point["model"] for point in points)]
    return "; ".join(curves) or "no learning curve: curve.fractions is empty"


def _curve(points: list[Point], model: str) -> str:
    own = [point for point in points if point["model"] == model]
    accuracies = " -> ".join(f"{point['accuracy']:.4f}" for point in own)
    return f"{accuracies} with {' -> '.join(str(point['images']) for point in own)} images"
