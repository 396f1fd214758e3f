"""Train the tuned network.        packed/, best.json, start/ -> models/cnn/"""

from darkroom import packed_data, params, paths, png
from darkroom.networks import recipe, tuned
from darkroom.novelty import sampling
from darkroom.runtime import sealing, stage
from darkroom.saving import model_folder, versions
from darkroom.tracking import lineage, tracking
from darkroom.training import augment, checkpoint, fit, start_weights
from darkroom.training.session import Session, TrainingData

FOLDER = paths.MODELS / tuned.NAME


def main() -> str:
    p = params.load()
    data, hparams = TrainingData.read(paths.PACKED), tuned.hyperparameters(paths.BEST)
    start = start_weights.read(paths.START)
    origin = sealing.digest_of(paths.START)
    state = checkpoint.resume_dir(
        paths.CACHE / "train", paths.PACKED, hparams, p.train, p.augment, p.seed, origin, code=("networks", "training")
    )
    computation = recipe.computation(p.train)
    values = params.flat({"model": hparams, "train": p.train, "augment": p.augment}) | computation.params("train")
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    with tracking.run(FOLDER.name, experiment, key=state.name, params=values) as run:
        trained = recipe.train_network(hparams, data, p.train, p.augment, Session(p.seed, state, run.epoch), start)
        facts = model_folder.TrainingFacts(
            name=FOLDER.name,
            architecture=hparams.architecture,
            pretrained=None,
            params=values,
            run=state.name,
            versions=versions.installed(),
            multiply_adds=trained.multiply_adds,
            best_epoch=trained.best_epoch,
            taken_over=trained.taken_over,
        )
        extra = augment.example_sheet(data.train.images, p.augment, seed=p.seed, encode=png.encode)
        extra |= sampling.files(trained.network, data.train, data.val, packed_data.read_appearance(paths.PACKED, "val"))
        model_folder.write(FOLDER, trained.network, trained.rows, spec=data.train.spec, facts=facts, extra_files=extra)
        run.model(FOLDER)
    checkpoint.clear(state)
    fit.warn_of_chance(FOLDER.name, trained.best, data.val.labels)
    return f"{fit.summary(trained)}, in {computation}"


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
