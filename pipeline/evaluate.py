"""Judge every model.        models/, packed/, manifest.csv -> metrics.json, predictions/, figures/ and more"""

from functools import partial

from darkroom import packed_data, params, paths
from darkroom.evaluate import evaluation, label_errors
from darkroom.inference import predict
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking
from darkroom.training import describe

LISTS = {paths.CALIBRATION: "calibration", paths.EXPLANATION: "explanation", paths.COST: "cost"}  # an entry a model
TABLES = {paths.PER_CLASS: "per_class", paths.RANKING: "ranking", paths.PREDICTIONS: "predictions"}  # a file a model


def main() -> None:
    p = params.load()
    models = ["cnn", *p.transfer.backbones]
    sealing.set_aside(paths.MODELS, but=models, to=paths.CACHE / "models")  # DVC hashes models/ after this stage
    sides = list(map(packed_data.read(paths.PACKED).split, ("val", "test")))
    manifest = {row["path"]: row for row in files.read_rows(paths.MANIFEST)}
    config = {"resamples": p.evaluate.resamples, "confidence": p.evaluate.confidence, "seed": p.seed}
    config |= {"manifest": manifest, "criterion": p.evaluate.threshold}
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    facts, curves, found, sheets = {}, {}, {}, {}
    for name in models:
        folder = paths.MODELS / name
        model = predict.load(folder)[0]
        facts[name], curves[name] = files.read_json(folder / "run.json"), files.read_rows(folder / "history.csv")
        sheets |= {f"{name}-{path.name}": path.read_bytes() for path in folder.glob("augmented.png")}
        ask = partial(predict.probabilities, model)
        found[name] = evaluation.evaluate(model, ask, *sides, name=name, curves=curves[name], **config)
        size = (folder / "model.keras").stat().st_size
        found[name].cost.update(bytes=size, multiply_adds=describe.multiply_adds(model))
        tracking.judged(experiment, facts[name], curves[name], found[name].metrics, found[name].figures)
    files.write_json(paths.MODEL_FACTS, list(facts.values()))
    files.write_tables(paths.CURVES, curves)
    files.write_files(paths.EXPLAINED, evaluation.together([*(each.pngs for each in found.values()), sheets]))
    _write(found)
    print(", ".join(f"{name} {each.metrics['accuracy']['value']:.4f}" for name, each in found.items()))


def _write(found: dict[str, evaluation.Evaluation]) -> None:
    files.write_json(paths.METRICS, {name: each.metrics for name, each in found.items()})
    files.write_json(paths.SLICES, [row for each in found.values() for row in each.slices])
    files.write_rows(paths.DOUBTFUL, label_errors.COLUMNS, evaluation.steadiest(found).doubtful)
    files.write_files(paths.FIGURES, evaluation.together(each.figures for each in found.values()))
    for place, part in LISTS.items():
        files.write_json(place, [getattr(each, part) for each in found.values()])
    for place, part in TABLES.items():
        files.write_tables(place, {name: rows for name, each in found.items() if (rows := getattr(each, part))})


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
