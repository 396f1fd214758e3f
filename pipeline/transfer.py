"""Train a new head on a pretrained backbone.        packed/, weights/ -> models/BACKBONE/"""

from darkroom import packed_data, params, paths
from darkroom.novelty import sampling
from darkroom.runtime import stage
from darkroom.saving import model_folder, versions
from darkroom.tracking import lineage, tracking
from darkroom.training import checkpoint, fit
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import transfer
from darkroom.transfer_learning.config import TransferConfig
from darkroom.workers import engine


def main(backbone: str) -> str:
    p = params.load()
    folder, data = paths.MODELS / backbone, TrainingData.read(paths.PACKED)
    config = TransferConfig(
        weights=p.transfer.weights,
        width=p.transfer.width,
        input_size=p.transfer.input_size,
        copies=p.transfer.copies,
        head=p.transfer.head,
        optimization=p.transfer.optimization,
        fit=p.transfer.fit,
        fine_tune=p.transfer.fine_tune,
    )
    base = transfer.load_base(backbone, config, paths.WEIGHTS, seed=p.seed)
    parts = *transfer.identity(base), *config, p.augment, p.seed
    state = checkpoint.resume_dir(paths.CACHE / backbone, paths.PACKED, *parts, code=("training", "transfer_learning"))
    values = transfer.settings(base, config, p.augment)
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    with tracking.run(backbone, experiment, key=state.name, params=values) as run:
        session, cache = Session(p.seed, state, run.epoch), paths.CACHE / "features" / backbone
        with engine.opened(p.engine):
            trained = transfer.train(base, data, config, session, p.augment, cache)
        facts = model_folder.TrainingFacts(
            name=backbone,
            architecture=backbone,
            pretrained=trained.pretrained,
            params=values,
            run=state.name,
            versions=versions.installed(),
            multiply_adds=trained.multiply_adds,
            best_epoch=trained.best_epoch,
            weights=trained.weights,
            head=trained.head,
            fine_tuned=trained.fine_tuned,
        )
        extra = sampling.files(trained.network, data.train, data.val, packed_data.read_appearance(paths.PACKED, "val"))
        model_folder.write(folder, trained.network, trained.rows, spec=data.train.spec, facts=facts, extra_files=extra)
        run.model(folder)
    checkpoint.clear(state)
    fit.warn_of_chance(backbone, trained.best, data.val.labels)
    return f"{fit.summary(trained)}, weights {base.source}"


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
