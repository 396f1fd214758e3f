"""Write the report.        reports/*, packed/ -> index.html, summary.md, cards/"""

from darkroom import packed_data, params, paths
from darkroom.report import context, report
from darkroom.runtime import files, sealing, stage
from darkroom.tracking import lineage, tracking

SOURCES = context.Sources(
    validation=paths.VALIDATION,
    trials=paths.TRIALS,
    best=paths.BEST,
    evaluation=paths.EVALUATION,
    metrics=paths.METRICS,
    cost=paths.COST,
    learning_curve=paths.LEARNING_CURVE,
    label_issues=paths.LABEL_ISSUES,
    label_quality=paths.LABEL_QUALITY,
    comparison=paths.COMPARISON,
    registration=paths.REGISTRATION,
    champions=paths.CHAMPIONS,
)


def main() -> str:
    p = params.load()
    run = context.RunInfo(dataset=p.dataset.name, seed=p.seed, data=sealing.digest_of(paths.PACKED))
    content = context.read(SOURCES, run)
    thumbnails = report.thumbnails(packed_data.read(paths.PACKED), content.shown_paths)
    files.write_text(paths.REPORT, report.page(content, thumbnails))
    cards = report.cards(content)
    files.write_files(paths.CARDS, cards)
    files.write_text(paths.SUMMARY, report.summary(content))
    experiment = tracking.Experiment(p.dataset.name, lineage.tags(paths.LOCK, paths.PACKED))
    logged = {name: tracking.Card(e.facts, e.history, cards[f"{name}.md"]) for name, e in content.evaluations.items()}
    tracking.log_cards(experiment, logged)
    registration = content.registration
    tracking.describe_version(registration["name"], registration["version"], logged[registration["candidate"]])
    return f"open {paths.REPORT} in a browser; {paths.SUMMARY} has it in short"


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
