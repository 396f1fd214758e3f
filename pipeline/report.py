"""Write the report.        reports/*, packed/ -> index.html, summary.md"""

from darkroom import errors, files, params, paths
from darkroom.data import pack
from darkroom.judging import report, thumbnail
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
        comparison=files.read_json(paths.COMPARISON),
        registration=files.read_json(paths.REGISTRATION),
    )
    digest = lineage.tags(paths.LOCK, paths.PACKED).get("dvc.data")
    about = {"dataset": p.dataset.name, "seed": p.seed, "data": digest}
    images = pack.read(paths.PACKED, "test").images
    pictures = {each["row"]: thumbnail.png(images[each["row"]]) for each in found.surest}
    files.write_text(paths.REPORT, report.render(found, about=about, pictures=pictures))
    files.write_text(paths.SUMMARY, report.summary(found, about=about))
    print(f"{paths.REPORT} and {paths.SUMMARY}: {found.comparison['sentence']}")


if __name__ == "__main__":
    errors.guard(main)
