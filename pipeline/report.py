"""Write the report.        reports/*, packed/ -> index.html, summary.md, cards/"""

from darkroom import evaluation_folder, packed_data, params, paths
from darkroom.evaluation_folder import ModelEvaluation
from darkroom.plots import thumbnail
from darkroom.report import cards, report
from darkroom.report.context import Findings
from darkroom.runtime import files, stage

OLD = {"feature_maps": "maps"}
FOUND = {
    files.read_json: {
        "validation": paths.VALIDATION,
        "best": paths.BEST,
        "metrics": paths.METRICS,
        "cost": paths.COST,
        "learning_curve": paths.LEARNING_CURVE,
        "comparison": paths.COMPARISON,
        "registration": paths.REGISTRATION,
    },
    files.read_rows: {"trials": paths.TRIALS},
}


def main() -> None:
    p = params.load()
    evaluations = evaluation_folder.read(paths.EVALUATION)
    found = Findings(
        **{field: read(place) for read, places in FOUND.items() for field, place in places.items()},
        **_by_part(evaluations),
    )
    about = {"dataset": p.dataset.name, "seed": p.seed, "data": files.digest_of(paths.PACKED)}
    sides = list(map(packed_data.read(paths.PACKED).split, ("val", "test")))
    images = {path: image for side in sides for path, image in zip(side.paths, side.images, strict=True)}
    thumbnails = {path: thumbnail.png(images[path]) for path in sorted(found.shown)}
    explained = {
        f"{name}-{OLD.get(kind, kind.replace('heatmap', 'heat'))}.png": png
        for name, e in evaluations.items()
        for kind, png in e.images.items()
    }
    files.write_text(paths.REPORT, report.render(found, about=about, thumbnails=thumbnails, explained=explained))
    files.write_files(paths.CARDS, {f"{name}.md": cards.card(found, name, about=about) for name in found.ranked})
    files.write_text(paths.SUMMARY, report.summary(found, about=about))
    print(f"{paths.REPORT} and {paths.SUMMARY}: {found.comparison['sentence']}")


def _by_part(evaluations: dict[str, ModelEvaluation]) -> dict:
    """The fields of Findings that hold every model's."""
    models = evaluations.items()
    return {
        "models": [e.facts for e in evaluations.values()],
        "calibration": [{"model": name, **e.calibration, "threshold": e.threshold} for name, e in models],
        "slices": [{"model": name, **row} for name, e in models for row in e.slices],
        "explanation": [
            {
                "model": name,
                "mistakes": e.explanation["mistakes"],
                "hits": e.explanation["correct"],
                "heat": e.explanation["heatmaps"],
                "filters": e.explanation["filters"],
                "seen": e.explanation["feature_maps_row"],
                "maps": e.explanation["feature_maps"],
            }
            for name, e in models
        ],
        "doubtful": [issue for e in evaluations.values() for issue in e.label_issues],
        "curves": {name: e.history for name, e in models},
        "per_class": {name: e.per_class for name, e in models},
        "predictions": {name: e.predictions for name, e in models},
        "ranking": {name: e.roc_curves for name, e in models},
    }


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
