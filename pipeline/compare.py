"""Say which model is best, beyond chance.        predictions/ -> comparison.json"""

from darkroom import params, paths
from darkroom.metrics import predictions, significance
from darkroom.runtime import files, stage


def main() -> None:
    p = params.load()
    classes, labels, predicted = predictions.read(paths.PREDICTIONS)
    found = significance.compare(labels, predicted, k=len(classes), config=p.compare, seed=p.seed)
    files.write_json(paths.COMPARISON, found)
    print(found["sentence"])


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
