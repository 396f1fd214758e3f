"""Train a new head on a pretrained backbone.        packed/, weights/ -> models/BACKBONE/"""

from darkroom import packed_data, params, paths
from darkroom.runtime import stage
from darkroom.saving import model_folder, versions
from darkroom.tracking import lineage, tracking
from darkroom.training import describe, device, fit, resume
from darkroom.transfer_learning import backbones, transfer, weights


def main(backbone: str) -> None:
    p = params.load()
    train, val = map(packed_data.read(paths.PACKED).split, ("train", "val"))
    chosen = backbones.choose(backbone, width=p.transfer.width, side=p.transfer.input_size)
    config = transfer.How(
        p.transfer.copies, p.transfer.head, p.transfer.optimization, p.transfer.fit, p.transfer.fine_tune
    )
    precision = device.compute_in(p.transfer.fit.precision, depthwise=True)
    print("devices:", *device.names(), "| computing in", precision)
    device.repeatable(p.seed)
    base, source = weights.base(chosen, p.transfer.weights, paths.WEIGHTS)
    known = [backbone, str(chosen.width), chosen.side, str(source), weights.digest(base)]
    waiting = resume.folder(
        paths.CACHE / backbone,
        paths.PACKED,
        *known,
        str(config),
        p.augment,
        p.seed,
        code=("training", "transfer_learning"),
    )
    shape = {"width": chosen.width, "input_size": chosen.side}
    values = params.flat({"transfer": {**config._asdict(), **shape}, "augment": p.augment})
    values["transfer.fit.precision"] = precision
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    with tracking.run(backbone, experiment, key=waiting.name, params=values) as run:
        made = transfer.train(
            chosen,
            base,
            source,
            train,
            val,
            config=config,
            augmented=p.augment,
            seed=p.seed,
            cache=paths.CACHE / "features" / backbone,
            state=waiting,
            on_epoch=run.epoch,
        )
        facts = {"name": backbone, "architecture": backbone, "params": values, **made.facts}
        facts |= {"run": waiting.name, "versions": versions.installed()}
        network = device.in_float32(made.network)
        facts |= {"multiply_adds": describe.multiply_adds(network), "best_epoch": int(made.kept["epoch"])}
        model_folder.write(paths.MODELS / backbone, network, made.rows, spec=train.spec, facts=facts)
        run.model(paths.MODELS / backbone)
    fit.forget(waiting)
    fit.warn_of_chance(backbone, made.kept, val.labels)
    print(f"models/{backbone}: weights {source}, of {len(made.rows)} epochs kept {made.kept}")


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
