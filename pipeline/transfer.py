"""Train a new head on a pretrained backbone.        packed/, weights/ -> models/BACKBONE/"""

from darkroom import errors, params, paths
from darkroom.data import pack
from darkroom.learning import backbones, device, fit, saved, state
from darkroom.shipping import lineage, tracking


def main(backbone: str) -> None:
    p = params.load()
    train, val = (pack.read(paths.PACKED, side) for side in ("train", "val"))
    device.repeatable(p.seed)
    how = backbones.How(p.transfer.weights, p.transfer.width, p.transfer.image_size, p.transfer.dropout)
    shape, classes = train.images.shape[1:], len(train.classes)
    network, pretrained = backbones.build(backbone, shape=shape, classes=classes, how=how, folder=paths.WEIGHTS)
    values = params.flat(
        {"transfer": how._asdict(), "model": p.transfer.descent, "train": p.transfer.fit, "augment": p.augment}
    )
    waiting = state.folder(
        paths.CACHE / backbone, paths.PACKED, str(how), p.transfer.fit, p.transfer.descent, p.augment, p.seed
    )
    with tracking.run(
        backbone, experiment=p.dataset.name, params=values, tags=lineage.tags(paths.LOCK, paths.PACKED)
    ) as run:
        rows = fit.fit(
            network,
            train,
            val,
            how=p.transfer.fit,
            down=p.transfer.descent,
            augmented=p.augment,
            seed=p.seed,
            state=waiting,
            watch=run.epoch,
        )
        kept = fit.kept(rows, p.transfer.fit)
        link = tracking.link(run, network, train.images[:8])
        facts = {"name": backbone, "architecture": backbone, "pretrained": pretrained, "params": values, **link}
        saved.write(paths.MODELS / backbone, network, rows, kept=kept, spec=train.spec, facts=facts)
    fit.forget(waiting)
    print(f"models/{backbone}: pretrained {pretrained}, of {len(rows)} epochs kept {kept}")


if __name__ == "__main__":
    errors.guard(main)
