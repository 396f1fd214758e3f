"""Say which model is best, beyond chance.        evaluation/predictions/ -> comparison.json"""

from darkroom import params, paths
from darkroom.metrics import predictions, significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.runtime import files, stage


def main() -> None:
    p = params.load()
    classes, labels, predicted = predictions.read(paths.PREDICTIONS)
    bootstrap = Bootstrap(p.compare.resamples, p.compare.confidence, p.seed)
    comparison = significance.compare(labels, predicted, len(classes), p.compare.metric, bootstrap)
    files.write_json(paths.COMPARISON, comparison)
    print(comparison["sentence"])


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
