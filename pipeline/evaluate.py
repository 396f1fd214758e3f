"""Judge every model.        models/, packed/, manifest.csv -> metrics.json, predictions/, figures/ and more"""

from functools import partial

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.judging import doubt, evaluation
from darkroom.shipping import lineage, predict, tracking


def main() -> None:
    p = params.load()
    sides = [pack.read(paths.PACKED, side) for side in ("val", "test")]
    manifest = {row["path"]: row for row in files.read_rows(paths.MANIFEST)}
    how = {"resamples": p.evaluate.resamples, "confidence": p.evaluate.confidence, "seed": p.seed}
    how |= {"manifest": manifest, "criterion": p.evaluate.threshold}
    about = {"experiment": p.dataset.name, "tags": lineage.tags(paths.LOCK, paths.PACKED)}
    facts, curves, found = {}, {}, {}
    for name in ["cnn", *p.transfer.backbones]:
        folder = paths.MODELS / name
        model = predict.load(folder)[0]
        facts[name], curves[name] = files.read_json(folder / "run.json"), files.read_rows(folder / "history.csv")
        ask = partial(predict.probabilities, model)
        found[name] = evaluation.evaluate(model, ask, *sides, name=name, curves=curves[name], **how)
        found[name].cost["bytes"] = (folder / "model.keras").stat().st_size
        tracking.judged(name, facts[name], curves[name], found[name].metrics, found[name].figures, **about)
    files.write_json(paths.METRICS, {name: each.metrics for name, each in found.items()})
    files.write_json(paths.MODEL_FACTS, list(facts.values()))
    files.write_json(paths.CALIBRATION, [each.calibration for each in found.values()])
    files.write_json(paths.SLICES, [row for each in found.values() for row in each.slices])
    files.write_json(paths.EXPLANATION, [each.explanation for each in found.values()])
    files.write_json(paths.COST, [each.cost for each in found.values()])
    files.write_rows(paths.DOUBTFUL, doubt.COLUMNS, evaluation.steadiest(found).doubtful)
    files.write_tables(paths.CURVES, curves)
    files.write_tables(paths.PER_CLASS, {name: each.per_class for name, each in found.items()})
    files.write_tables(paths.RANKING, {name: each.ranking for name, each in found.items() if each.ranking})
    files.write_tables(paths.PREDICTIONS, {name: each.predictions for name, each in found.items()})
    files.write_files(paths.FIGURES, evaluation.together(each.figures for each in found.values()))
    files.write_files(paths.EXPLAINED, evaluation.together(each.pngs for each in found.values()))
    print(", ".join(f"{name} {each.metrics['accuracy']['value']:.4f}" for name, each in found.items()))


if __name__ == "__main__":
    errors.guard(main)
