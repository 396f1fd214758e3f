"""Train the tuned network.        packed/, best.json -> models/cnn/"""

from darkroom import packed_data, params, paths, png
from darkroom.networks import architectures
from darkroom.runtime import files, stage
from darkroom.saving import model_folder, versions
from darkroom.tracking import lineage, tracking
from darkroom.training import augment, describe, device, fit, resume, warp

FOLDER = paths.MODELS / "cnn"


def main() -> None:
    p = params.load()
    train, val = map(packed_data.read(paths.PACKED).split, ("train", "val"))
    hparams = params.Model.model_validate(files.read_json(paths.BEST)["values"])
    precision, xla = device.compute_in(p.train.precision), device.xla(moved=warp.moves(p.augment))
    print("devices:", *device.names(), "| computing in", precision, "with XLA" if xla else "without XLA")
    device.repeatable(p.seed)
    values = params.flat({"model": hparams, "train": p.train, "augment": p.augment})
    values |= {"train.precision": precision, "train.xla": xla}
    waiting = resume.folder(
        paths.CACHE / "train", paths.PACKED, hparams, p.train, p.augment, p.seed, code=("networks", "training")
    )
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    with tracking.run("cnn", experiment, key=waiting.name, params=values) as run, device.spread():
        network = architectures.build(
            hparams, shape=train.images.shape[1:], classes=len(train.classes), spec=train.spec
        )
        going = {"augmented": p.augment, "seed": p.seed, "state": waiting, "on_epoch": run.epoch}
        rows = fit.fit(network, train, val, config=p.train, optimization=hparams, **going)
        network, kept = architectures.finished(network, hparams), fit.kept(rows, p.train)
        facts = {"name": "cnn", "architecture": hparams.architecture, "pretrained": None, "params": values}
        facts |= {"run": waiting.name, "versions": versions.installed()}
        facts |= {"multiply_adds": describe.multiply_adds(network), "best_epoch": int(kept["epoch"])}
        sheet = _augmented(train, p) if augment.changes(p.augment) else {}
        model_folder.write(FOLDER, network, rows, spec=train.spec, facts=facts, extra_files=sheet)
        run.model(FOLDER)
    fit.forget(waiting)
    fit.warn_of_chance("cnn", kept, val.labels)
    print(f"models/cnn: of {len(rows)} epochs kept {kept}")


def _augmented(train: packed_data.Split, p: params.Params) -> dict[str, bytes]:
    some = train.images[:: -(-len(train.images) // 5)]  # five or fewer, from all over the classes
    return {"augmented.png": png.encode(augment.sheet(some, p.augment, seed=p.seed, times=7))}


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
