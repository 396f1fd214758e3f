"""Judge every model on the test pictures.        models/, packed/ -> metrics.json, predictions.csv, figures/"""

import numpy as np

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.judging import metrics, predictions
from darkroom.shipping import predict


def main() -> None:
    p = params.load()
    test = pack.read(paths.PACKED, "test")
    labels, classes = np.asarray(test.labels), test.classes
    found, scores, facts, tables, curves = {}, {}, {}, [], []
    for name in ["cnn", *p.transfer.backbones]:
        folder = paths.MODELS / name
        found[name] = predict.probabilities(predict.load(folder)[0], test.images)
        scores[name] = metrics.summary(
            labels,
            found[name],
            k=len(classes),
            resamples=p.evaluate.resamples,
            confidence=p.evaluate.confidence,
            seed=p.seed,
        )
        facts[name] = files.read_json(folder / "run.json")
        tables += [{"model": name, **row} for row in metrics.per_class(labels, found[name].argmax(1), classes)]
        curves += [{"model": name, **row} for row in files.read_rows(folder / "history.csv")]
    predictions.write(paths.PREDICTIONS, classes, {name: (test.paths, labels, found[name]) for name in found})
    files.write_json(paths.METRICS, scores)


if __name__ == "__main__":
    errors.guard(main)
