"""Say what more images, or transfer, would buy.        packed/, models/ -> learning_curve.json"""

from darkroom import params, paths
from darkroom.runtime import files, sealing, stage


def main() -> None:
    p = params.load()
    others = paths.CACHE / "models"  # what is no longer listed: DVC hashes models/ after this stage
    sealing.set_aside(paths.MODELS, but=["cnn", *p.transfer.backbones], to=others)
    rows = _measured(p) if p.curve.fractions else []
    files.write_json(paths.LEARNING_CURVE, rows)
    print(", ".join(f"{row['model']} {row['images']}: {row['accuracy']:.4f}" for row in rows) or "no curve asked for")


def _measured(p: params.Params) -> list[dict]:
    from darkroom import packed_data
    from darkroom.curve import learning_curve
    from darkroom.metrics import intervals
    from darkroom.training import device, fit, resume  # seconds: only if asked for
    from darkroom.transfer_learning import backbones, transfer, weights

    sides = list(map(packed_data.read(paths.PACKED).split, ("train", "val", "test")))
    hparams = params.Model.model_validate(files.read_json(paths.BEST)["values"])
    config = transfer.How(
        p.transfer.copies, p.transfer.head, p.transfer.optimization, p.transfer.fit, p.transfer.fine_tune
    )
    waiting = resume.folder(
        paths.CACHE / "curve",
        paths.PACKED,
        hparams,
        p.train,
        str(config),
        p.augment,
        p.seed,
        code=("curve", "networks", "training", "transfer_learning"),
    )
    task = learning_curve.Task(*sides, p.curve.fractions, p.augment, p.seed, waiting)
    points = [("cnn", point) for point in learning_curve.scratch(hparams, task, config=p.train)]
    if best := learning_curve.best(paths.MODELS, p.transfer.backbones):
        chosen = backbones.choose(best, width=p.transfer.width, side=p.transfer.input_size)
        device.compute_in(p.transfer.fit.precision, depthwise=True)
        base, source = weights.base(chosen, p.transfer.weights, paths.WEIGHTS)
        found = learning_curve.pretrained(chosen, base, task, config=config, cache=paths.CACHE / "features" / best)
        points += [(best, point) for point in (found if source else [])]
    rows = []
    for model, (fraction, images, hits) in points:
        score = intervals.fraction(hits, len(sides[2].labels), p.compare.confidence)
        found = {"accuracy": score["value"], "low": score["low"], "high": score["high"]}
        rows.append({"model": model, "fraction": fraction, "images": images, **found})
    fit.forget(waiting)
    return rows


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
