"""Say how the models compare, beyond chance.        evaluation/, repeats.csv -> comparison.json"""

from darkroom import params, paths, repeats_file
from darkroom.metrics import predictions, recipe_difference, significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.runtime import files, stage


def main() -> str:
    p = params.load()
    classes, labels, predicted, design = predictions.read(paths.PREDICTIONS, paths.TEST_SET)
    bootstrap = Bootstrap(p.compare.resamples, p.compare.confidence, p.seed)
    ranking = significance.compare(labels, predicted, len(classes), p.compare.metric, bootstrap, design)
    validation = {name: scores["log_loss"] for name, scores in files.read_object(paths.VALIDATION_SCORES).items()}
    again = {
        name: recipe_difference.values(labels, trainings, len(classes), p.compare.metric)
        for name, trainings in repeats_file.read(paths.REPEATS).items()
    }
    comparison = significance.choose(ranking, validation, recipe_difference.compare(ranking, again))
    files.write_json(paths.COMPARISON, comparison)
    return comparison["sentence"]


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
