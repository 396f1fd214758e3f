"""Judge every model on the test pictures.        models/, packed/ -> metrics.json, predictions.csv, figures/"""

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
    found, scores, facts, tables, curves, drawn = {}, {}, {}, [], [], {}
    for name in ["cnn", *p.transfer.backbones]:
        folder = paths.MODELS / name
        found[name] = predict.probabilities(predict.load(folder)[0], test.images)
        predicted, history = found[name].argmax(1), files.read_rows(folder / "history.csv")
        scores[name] = metrics.summary(labels, found[name], **how)
        facts[name] = files.read_json(folder / "run.json")
        tables += [{"model": name, **row} for row in metrics.per_class(labels, predicted, classes)]
        curves += [{"model": name, **row} for row in history]
        mine = {
            f"confusion_{name}.svg": figures.confusion(metrics.confusion(labels, predicted, k), classes),
            f"curves_{name}.svg": figures.curves(history),
        }
        tracking.judged(name, facts[name], history, scores[name], mine, **about)
        drawn |= mine
    files.write_json(paths.METRICS, scores)
    files.write_json(paths.MODEL_FACTS, facts)
    files.write_rows(paths.PER_CLASS, tables[0], tables)
    files.write_rows(paths.CURVES, curves[0], curves)
    files.write_texts(paths.FIGURES, drawn)
    predictions.write(paths.PREDICTIONS, classes, test.paths, labels, found)
    print(", ".join(f"{name} {score['accuracy']['value']:.4f}" for name, score in scores.items()))


if __name__ == "__main__":
    errors.guard(main)
