"""Judge every model on the test pictures.        models/, packed/ -> metrics.json, predictions/, figures/"""

import numpy as np

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.judging import figures, metrics, predictions
from darkroom.shipping import lineage, predict, tracking


def main() -> None:
    p = params.load()
    test = pack.read(paths.PACKED, "test")
    labels, classes, k = np.asarray(test.labels), test.classes, len(test.classes)
    how = {"k": k, "resamples": p.evaluate.resamples, "confidence": p.evaluate.confidence, "seed": p.seed}
    about = {"experiment": p.dataset.name, "tags": lineage.tags(paths.LOCK, paths.PACKED)}
    scores, facts, per_class, curves, said, drawn = {}, {}, {}, {}, {}, {}
    for name in ["cnn", *p.transfer.backbones]:
        folder = paths.MODELS / name
        found = predict.probabilities(predict.load(folder)[0], test.images)
        predicted = found.argmax(1)
        scores[name] = metrics.summary(labels, found, **how)
        facts[name], curves[name] = files.read_json(folder / "run.json"), files.read_rows(folder / "history.csv")
        per_class[name] = metrics.per_class(labels, predicted, classes)
        said[name] = predictions.rows(classes, test.paths, labels, found)
        mine = {
            f"confusion_{name}.svg": figures.confusion(metrics.confusion(labels, predicted, k), classes),
            f"curves_{name}.svg": figures.curves(curves[name]),
        }
        tracking.judged(name, facts[name], curves[name], scores[name], mine, **about)
        drawn |= mine
    files.write_json(paths.METRICS, scores)
    files.write_json(paths.MODEL_FACTS, list(facts.values()))
    files.write_tables(paths.CURVES, curves)
    files.write_tables(paths.PER_CLASS, per_class)
    files.write_tables(paths.PREDICTIONS, said)
    files.write_texts(paths.FIGURES, drawn)
    print(", ".join(f"{name} {score['accuracy']['value']:.4f}" for name, score in scores.items()))


if __name__ == "__main__":
    errors.guard(main)
