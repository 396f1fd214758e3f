"""Measure what more images, or transfer, would bring.        packed/, models/ -> learning_curve.json"""

from darkroom import params, paths
from darkroom.curve import learning_curve
from darkroom.curve.points import CurveConfig, CurvePaths
from darkroom.networks import tuned
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.runtime import files, sealing, stage
from darkroom.transfer_learning.config import TransferConfig


def main() -> str:
    p = params.load()
    unlisted = paths.CACHE / "models"  # what params.yaml no longer lists: DVC hashes models/ after this stage
    sealing.set_aside(paths.MODELS, but=[tuned.NAME, *p.transfer.backbones], to=unlisted)
    refit = RefitConfig(p.seed, p.augment, p.train, TransferConfig.of(p.transfer))
    config = CurveConfig(p.curve.fractions, p.curve.repeats, p.transfer.backbones, refit)
    curve_paths = CurvePaths(paths.MODELS, RefitPaths(paths.PACKED, paths.BEST, paths.WEIGHTS, paths.CACHE))
    points = learning_curve.measure(
        config, curve_paths, code=("curve", "networks", "refit", "training", "transfer_learning")
    )
    files.write_json(paths.LEARNING_CURVE, points)
    return learning_curve.summary(points)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
