"""Train the two best models again, from other seeds.        packed/, best.json, weights/ -> repeats.csv"""

from contextlib import nullcontext

from darkroom import params, paths, repeats_file
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.repeat import repetition
from darkroom.runtime import files, stage
from darkroom.transfer_learning.config import TransferConfig
from darkroom.workers import engine


def main() -> str:
    p = params.load()
    validation = {name: scores["log_loss"] for name, scores in files.read_object(paths.VALIDATION_SCORES).items()}
    reads = paths.PACKED, paths.BEST, paths.WEIGHTS, paths.CACHE / "features"
    with engine.opened(p.engine, reads) if p.compare.seeds else nullcontext():
        predicted = repetition.repeat(
            repetition.two_best(validation),
            p.compare.seeds,
            RefitConfig(p.seed, p.augment, p.train, TransferConfig.of(p.transfer)),
            RefitPaths(paths.PACKED, paths.BEST, paths.WEIGHTS, paths.CACHE),
            code=("networks", "refit", "repeat", "training", "transfer_learning"),
        )
    repeats_file.write(paths.REPEATS, predicted)
    return repetition.summary(predicted)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
