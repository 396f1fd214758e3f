"""Write the report.        reports/*, packed/ -> index.html, summary.md, cards/"""

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.judging import cards, report, thumbnail
from darkroom.judging.findings import Findings
from darkroom.shipping import lineage


def main() -> None:
    p = params.load()
    found = Findings(
        validation=files.read_json(paths.VALIDATION),
        trials=files.read_rows(paths.TRIALS),
        best=files.read_json(paths.BEST),
        curves=files.read_tables(paths.CURVES),
        metrics=files.read_json(paths.METRICS),
        models=files.read_json(paths.MODEL_FACTS),
        per_class=files.read_tables(paths.PER_CLASS),
        predictions=files.read_tables(paths.PREDICTIONS),
        ranking=files.read_tables(paths.RANKING),
        calibration=files.read_json(paths.CALIBRATION),
        slices=files.read_json(paths.SLICES),
        cost=files.read_json(paths.COST),
        explanation=files.read_json(paths.EXPLANATION),
        doubtful=files.read_rows(paths.DOUBTFUL),
        comparison=files.read_json(paths.COMPARISON),
        registration=files.read_json(paths.REGISTRATION),
    )
    digest = lineage.tags(paths.LOCK, paths.PACKED).get("dvc.data")
    about = {"dataset": p.dataset.name, "seed": p.seed, "data": digest}
    sides = [pack.read(paths.PACKED, side) for side in ("val", "test")]
    images = {path: image for side in sides for path, image in zip(side.paths, side.images, strict=True)}
    pictures = {path: thumbnail.png(images[path]) for path in sorted(found.shown)}
    explained = files.read_files(paths.EXPLAINED)
    files.write_text(paths.REPORT, report.render(found, about=about, pictures=pictures, explained=explained))
    written = {f"{name}.md": cards.card(found, name, about=about) for name in found.ranked}
    files.write_files(paths.CARDS, written)
    files.write_text(paths.SUMMARY, report.summary(found, about=about))
    print(f"{paths.REPORT} and {paths.SUMMARY}: {found.comparison['sentence']}")


if __name__ == "__main__":
    errors.guard(main)
