"""Evaluate every model.        models/, packed/, manifest.csv -> evaluation/, metrics.json, cost.json"""

from darkroom import evaluation_folder, packed_data, params, paths
from darkroom.evaluate import evaluation
from darkroom.evaluate.evaluation import EvaluationData, Settings
from darkroom.metrics import design
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking


def main() -> str:
    p = params.load()
    models = ["cnn", *p.transfer.backbones]
    sealing.set_aside(paths.MODELS, but=models, to=paths.CACHE / "models")  # DVC hashes models/ after this stage
    packed = packed_data.read(paths.PACKED)
    manifest = {row["path"]: row for row in files.read_rows(paths.MANIFEST)}
    data = EvaluationData(packed.split("val"), packed.split("test"), manifest)
    settings = Settings(Bootstrap(p.evaluate.resamples, p.evaluate.confidence, p.seed), p.evaluate.threshold)
    results = evaluation.evaluate_all({name: paths.MODELS / name for name in models}, data, settings)
    evaluations = {name: result.evaluation for name, result in results.items()}
    evaluation_folder.write(paths.EVALUATION, evaluations, design.test_set(design.of_split(data.test)))
    files.write_json(paths.METRICS, {name: result.scores for name, result in results.items()})
    files.write_json(paths.COST, [result.cost for result in results.values()])
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    for result in results.values():
        e = result.evaluation
        svgs = {f"{kind}.svg": svg for kind, svg in e.figures.items()}
        logged = tracking.Evaluation(result.scores, result.cost, svgs, result.pictures)
        tracking.log_evaluation(experiment, e.facts, e.history, logged)
    return "; ".join(f"{name} {evaluation.summary(result)}" for name, result in results.items())


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
