"""Judge every model.        models/, packed/, manifest.csv -> evaluation/, metrics.json, cost.json"""

from functools import partial

from darkroom import evaluation_folder, packed_data, params, paths
from darkroom.evaluate import evaluation
from darkroom.evaluation_folder import ModelEvaluation
from darkroom.inference import predict
from darkroom.runtime import files, stage
from darkroom.tracking import lineage, tracking
from darkroom.training import describe


def main() -> None:
    p = params.load()
    models = ["cnn", *p.transfer.backbones]
    files.set_aside(paths.MODELS, but=models, to=paths.CACHE / "models")  # DVC hashes models/ after this stage
    sides = list(map(packed_data.read(paths.PACKED).split, ("val", "test")))
    manifest = {row["path"]: row for row in files.read_rows(paths.MANIFEST)}
    config = {"resamples": p.evaluate.resamples, "confidence": p.evaluate.confidence, "seed": p.seed}
    config |= {"manifest": manifest, "criterion": p.evaluate.threshold}
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    facts, curves, found = {}, {}, {}
    for name in models:
        folder = paths.MODELS / name
        model = predict.load(folder)[0]
        facts[name], curves[name] = files.read_json(folder / "run.json"), files.read_rows(folder / "history.csv")
        ask = partial(predict.probabilities, model)
        found[name] = evaluation.evaluate(model, ask, *sides, name=name, curves=curves[name], **config)
        found[name].pngs.update({path.stem: path.read_bytes() for path in folder.glob("augmented.png")})
        size = (folder / "model.keras").stat().st_size
        found[name].cost.update(bytes=size, multiply_adds=describe.multiply_adds(model))
        svgs = {f"{kind}_{name}.svg": svg for kind, svg in found[name].figures.items()}
        tracking.judged(experiment, facts[name], curves[name], found[name].metrics, svgs)
    files.write_json(paths.METRICS, {name: each.metrics for name, each in found.items()})
    files.write_json(paths.COST, [each.cost for each in found.values()])
    evaluation_folder.write(paths.EVALUATION, _records(facts, curves, found))
    print(", ".join(f"{name} {each.metrics['accuracy']['value']:.4f}" for name, each in found.items()))


def _records(facts: dict, curves: dict, found: dict[str, evaluation.Evaluation]) -> dict[str, ModelEvaluation]:
    doubting = evaluation.steadiest(found)
    return {
        name: ModelEvaluation(
            facts=facts[name],
            history=curves[name],
            per_class=each.per_class,
            predictions=each.predictions,
            roc_curves=each.ranking,
            calibration=each.calibration,
            threshold=each.threshold,
            slices=each.slices,
            explanation=each.explanation,
            label_issues=each.doubtful if each is doubting else [],
            figures=each.figures,
            images=each.pngs,
        )
        for name, each in found.items()
    }


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
