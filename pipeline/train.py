"""Train the tuned network.        packed/, best.json -> models/cnn/"""

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.learning import architectures, device, fit, saved, state
from darkroom.shipping import lineage, tracking

FOLDER = paths.MODELS / "cnn"


def main() -> None:
    p = params.load()
    train, val = (pack.read(paths.PACKED, side) for side in ("train", "val"))
    knobs = params.Model.model_validate(files.read_json(paths.BEST)["values"])
    print("devices:", *device.names())
    device.repeatable(p.seed)
    network = architectures.tunable(knobs, shape=train.images.shape[1:], classes=len(train.classes))
    values = params.flat({"model": knobs, "train": p.train, "augment": p.augment})
    waiting = state.folder(paths.CACHE / "train", paths.PACKED, knobs, p.train, p.augment, p.seed)
    with tracking.run(
        "cnn", experiment=p.dataset.name, params=values, tags=lineage.tags(paths.LOCK, paths.PACKED)
    ) as run:
        rows = fit.fit(
            network,
            train,
            val,
            how=p.train,
            optimizer=knobs.optimizer,
            learning_rate=knobs.learning_rate,
            augmented=p.augment,
            seed=p.seed,
            state=waiting,
            watch=run.epoch,
        )
        link = tracking.link(run, network, train.images[:8])
        facts = {"name": "cnn", "architecture": "tunable", "pretrained": None, "params": values, **link}
        saved.write(FOLDER, network, rows, spec=train.spec, facts=facts)
    fit.forget(waiting)
    print(f"models/cnn: best of {len(rows)} epochs is {fit.best(rows)}")


if __name__ == "__main__":
    errors.guard(main)
