"""Write the report.        reports/*, packed/ -> index.html, summary.md, cards/"""

from darkroom import packed_data, params, paths
from darkroom.plots import thumbnail
from darkroom.report import cards, report
from darkroom.report.context import Findings
from darkroom.runtime import files, sealing, stage

FOUND = {
    files.read_json: {
        "validation": paths.VALIDATION,
        "best": paths.BEST,
        "metrics": paths.METRICS,
        "models": paths.MODEL_FACTS,
        "calibration": paths.CALIBRATION,
        "slices": paths.SLICES,
        "cost": paths.COST,
        "explanation": paths.EXPLANATION,
        "learning_curve": paths.LEARNING_CURVE,
        "comparison": paths.COMPARISON,
        "registration": paths.REGISTRATION,
    },
    files.read_rows: {"trials": paths.TRIALS, "doubtful": paths.DOUBTFUL},
    files.read_tables: {
        "curves": paths.CURVES,
        "per_class": paths.PER_CLASS,
        "predictions": paths.PREDICTIONS,
        "ranking": paths.RANKING,
    },
}


def main() -> None:
    p = params.load()
    found = Findings(**{field: read(place) for read, places in FOUND.items() for field, place in places.items()})
    about = {"dataset": p.dataset.name, "seed": p.seed, "data": sealing.digest_of(paths.PACKED)}
    sides = list(map(packed_data.read(paths.PACKED).split, ("val", "test")))
    images = {path: image for side in sides for path, image in zip(side.paths, side.images, strict=True)}
    thumbnails = {path: thumbnail.png(images[path]) for path in sorted(found.shown)}
    explained = files.read_files(paths.EXPLAINED)
    files.write_text(paths.REPORT, report.render(found, about=about, thumbnails=thumbnails, explained=explained))
    files.write_files(paths.CARDS, {f"{name}.md": cards.card(found, name, about=about) for name in found.ranked})
    files.write_text(paths.SUMMARY, report.summary(found, about=about))
    print(f"{paths.REPORT} and {paths.SUMMARY}: {found.comparison['sentence']}")


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
