"""Evaluate every model.        models/, packed/, manifest.csv -> evaluation/, metrics.json, cost.json"""

from functools import partial

from darkroom import evaluation_folder, params, paths
from darkroom.evaluate import evaluation
from darkroom.evaluate.evaluation import Settings
from darkroom.metrics import design
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking
from darkroom.workers import engine


def main() -> str:
    p = params.load()
    models = ["cnn", *p.transfer.backbones]
    sealing.set_aside(paths.MODELS, but=models, to=paths.CACHE / "models")  # DVC hashes models/ after this stage
    read = partial(evaluation.read, paths.PACKED, paths.MANIFEST)
    settings = Settings(Bootstrap(p.evaluate.resamples, p.evaluate.confidence, p.seed), p.evaluate.threshold)
    with engine.opened(p.engine, [paths.PACKED, paths.MANIFEST, paths.MODELS]):
        results = evaluation.evaluate_all({name: paths.MODELS / name for name in models}, read, settings)
    evaluations = {name: result.evaluation for name, result in results.items()}
    evaluation_folder.write(paths.EVALUATION, evaluations, design.test_set(design.of_split(read().test)))
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
