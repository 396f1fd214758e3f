"""Say how the models compare, beyond chance.        evaluation/ (predictions, validation scores) -> comparison.json"""

from darkroom import params, paths
from darkroom.metrics import predictions, significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.runtime import files, stage


def main() -> None:
    p = params.load()
    classes, labels, predicted, design = predictions.read(paths.PREDICTIONS, paths.TEST_SET)
    bootstrap = Bootstrap(p.compare.resamples, p.compare.confidence, p.seed)
    ranking = significance.compare(labels, predicted, len(classes), p.compare.metric, bootstrap, design)
    validation = {name: scores["log_loss"] for name, scores in files.read_object(paths.VALIDATION_SCORES).items()}
    comparison = significance.choose(ranking, validation)
    files.write_json(paths.COMPARISON, comparison)
    print(comparison["sentence"])


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
