"""List labels worth a second look.        packed/, models/ -> label_issues.csv, label_quality.json"""

from contextlib import nullcontext

from darkroom import label_review, packed_data, params, paths
from darkroom.labels import review
from darkroom.labels.config import LabelsConfig, LabelsPaths
from darkroom.networks import tuned
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.runtime import sealing, stage
from darkroom.transfer_learning.config import TransferConfig
from darkroom.workers import engine


def main() -> str:
    p = params.load()
    unlisted = paths.CACHE / "models"  # what params.yaml no longer lists: DVC hashes models/ after this stage
    sealing.set_aside(paths.MODELS, but=[tuned.NAME, *p.transfer.backbones], to=unlisted)
    packed = packed_data.read(paths.PACKED)
    data = {name: packed.split(name) for name in ("train", "val", "test")}
    refit = RefitConfig(p.seed, p.augment, p.train, TransferConfig.of(p.transfer))
    config = LabelsConfig(p.labels, p.transfer.backbones, refit)
    labels_paths = LabelsPaths(paths.MODELS, RefitPaths(paths.PACKED, paths.BEST, paths.WEIGHTS, paths.CACHE))
    reads = paths.PACKED, paths.BEST, paths.WEIGHTS, paths.CACHE / "features"
    with engine.opened(p.engine, reads) if p.labels.method == "network" else nullcontext():
        reviewed = review.review(
            data, config, labels_paths, code=("labels", "networks", "refit", "training", "transfer_learning")
        )
    label_review.write(reviewed, paths.LABEL_ISSUES, paths.LABEL_QUALITY)
    return review.summary(reviewed)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
