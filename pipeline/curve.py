"""Measure what more images, or transfer, would bring.        packed/, models/ -> learning_curve.json"""

from darkroom import params, paths
from darkroom.curve import learning_curve
from darkroom.curve.points import CurveConfig, CurvePaths
from darkroom.runtime import files, sealing, stage
from darkroom.transfer_learning.config import TransferConfig


def main() -> None:
    p = params.load()
    unlisted = paths.CACHE / "models"  # what params.yaml no longer lists: DVC hashes models/ after this stage
    sealing.set_aside(paths.MODELS, but=["cnn", *p.transfer.backbones], to=unlisted)
    transfer = TransferConfig(
        weights=p.transfer.weights,
        width=p.transfer.width,
        input_size=p.transfer.input_size,
        copies=p.transfer.copies,
        head=p.transfer.head,
        optimization=p.transfer.optimization,
        fit=p.transfer.fit,
        fine_tune=p.transfer.fine_tune,
    )
    config = CurveConfig(p.curve.fractions, p.transfer.backbones, p.seed, p.augment, p.train, transfer)
    curve_paths = CurvePaths(paths.PACKED, paths.BEST, paths.MODELS, paths.WEIGHTS, paths.CACHE)
    points = learning_curve.measure(config, curve_paths, code=("curve", "networks", "training", "transfer_learning"))
    files.write_json(paths.LEARNING_CURVE, points)
    print(learning_curve.summary(points))


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
