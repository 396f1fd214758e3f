"""What a retraining changed, in Markdown, for a comment: the verdict, the data, the scores and the figures that matter.

Everything is compared with the commit in which the champion that stood before was crowned. The summary is a file
beside the report's own `summary.md`, which DVC would take for changed if more were written into it.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from darkroom.commands import data_changes, repository
from darkroom.commands.branch import GENERATED
from darkroom.commands.data_changes import Counts, DataChanges
from darkroom.metrics import metric_table
from darkroom.metrics.metric_table import Show
from darkroom.plots import number_format
from darkroom.report.templates import escape_markdown
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError
from darkroom.saving import model_folder
from darkroom.saving.model_folder import RunFacts
from darkroom.training.start_weights import TakenOver

SUMMARY = Path("reports/retrain.md")
REGISTRATION, METRICS, MANIFEST = "reports/registration.json", "reports/metrics.json", "data/manifest.csv"
FIGURES = {"confusion": "Confusion matrix", "history": "Training", "reliability": "Calibration"}
SHOWN = 20  # classes with changes
TUNED = Path("models/cnn")  # the network that may start from the champion's weights


class Past(NamedTuple):
    """The commit in which the champion of before was crowned."""

    commit: str
    metrics: Mapping[str, Any]  # by model; empty where the commit has none
    data: DataChanges | None  # since then; None where its manifest is neither here nor on the DVC remote


def write(base: str) -> None:
    """Write the summary of what differs from the commit `base`, if anything does."""
    if Path(REGISTRATION).exists() and _differs(base):
        registration, metrics = files.read_object(Path(REGISTRATION)), files.read_object(Path(METRICS))
        facts = model_folder.read_facts(TUNED) if (TUNED / model_folder.RUN).exists() else None
        files.write_text(SUMMARY, text(registration, metrics, _past(base), facts))


def text(
    registration: Mapping[str, Any], metrics: Mapping[str, Any], past: Past | None, tuned: RunFacts | None = None
) -> str:
    """Return the summary; `registration` and `metrics` are those of now, `tuned` says how its network was trained."""
    lines = [f"## Retrained: {escape_markdown(registration['name'])}", ""]
    lines += [f"**{escape_markdown(registration['reason'])}**", "", *_data(past)]
    lines += _judgement(registration)
    lines += _scores(metrics, past.metrics if past else {})
    lines += _warm_start(tuned) if tuned else []
    model = registration["candidate"]
    lines += [f"![{name} of {escape_markdown(model)}]({_figure(model, stem)})" for stem, name in FIGURES.items()]
    return "\n".join(lines) + "\n"


def _differs(base: str) -> bool:
    is_changed = repository.git("diff", "--quiet", base, "--", *GENERATED).returncode != 0
    return is_changed or bool(repository.git_output("ls-files", "--others", "--exclude-standard", "--", *GENERATED))


def _past(base: str) -> Past | None:
    champion = (_committed(base, REGISTRATION).get("champion") or {}).get("digest")
    if champion is None:
        return None
    crowned = f'-S"digest": "{champion}"'  # the commits in which the number of such lines changes
    commits = repository.git_output("log", "--reverse", "--format=%h", crowned, base, "--", REGISTRATION).splitlines()
    return Past(commits[0], _committed(commits[0], METRICS), _changes_since(commits[0])) if commits else None


def _committed(commit: str, path: str) -> dict[str, Any]:
    try:
        return json.loads(repository.git("show", f"{commit}:./{path}").stdout)
    except ValueError:
        return {}


def _changes_since(commit: str) -> DataChanges | None:
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder, "manifest.csv")
        repository.dvc_output("get", ".", MANIFEST, "--rev", commit, "--out", str(before))
        try:
            return data_changes.compare(files.each_row(before), files.each_row(Path(MANIFEST)))
        except (ArtifactError, KeyError):  # nobody has it any more, or an old release wrote it
            return None


def _data(past: Past | None) -> Iterator[str]:
    if past is None:
        yield "It is the first champion, so there is nothing to compare the data with."
    elif past.data is None:
        yield f"The data of the champion before (commit {past.commit}) are no longer there to compare with."
    else:
        yield f"Since the data of the champion before (commit {past.commit}): {_in_words(past.data)}."
        yield from _class_table(past.data.classes)
    yield ""


def _in_words(changes: DataChanges) -> str:
    total = changes.total
    words = [f"{total.added:,} images added", f"{total.removed:,} removed", f"{total.relabelled:,} relabelled"]
    for verb, classes in (("added", changes.new_classes), ("removed", changes.gone_classes)):
        names = ", ".join(map(escape_markdown, classes[:SHOWN])) + (", …" if len(classes) > SHOWN else "")
        words.append(f"classes {verb}: {names or 'none'}")
    return "; ".join([", ".join(words[:3]), *words[3:], f"{total.now:,} images now"])


def _class_table(classes: Mapping[str, Counts]) -> list[str]:
    changed = [name for name in sorted(classes, key=lambda name: -classes[name].changes) if classes[name].changes]
    rows = [[escape_markdown(name), *(f"{count:,}" for count in classes[name])] for name in changed[:SHOWN]]
    return ["", *_table(["class", *Counts._fields], rows)] if rows else []


def _judgement(registration: Mapping[str, Any]) -> list[str]:
    """The scores of challenger and champion on the same images: what decided."""
    scores = registration["scores"]
    champion = number_format.with_interval(scores["champion"]) if scores["champion"] else "there was none"
    names = {f"challenger ({escape_markdown(registration['candidate'])})": scores["challenger"]}
    rows = [[name, number_format.with_interval(score)] for name, score in names.items()]
    header = [f"on the same {registration['n']:,} test images", metric_table.label(registration["metric"])]
    return [*_table(header, [*rows, ["champion before", champion]]), ""]


def _scores(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    rows = [
        [escape_markdown(model), metric_table.label(metric), _score(before, model, metric), _score(now, model, metric)]
        for model in now
        for metric in metric_table.shown(Show.HEADLINE)
    ]
    header = ["model", "metric", "then, on the test images of then", "now, on those of now"]
    return [*_table(header, rows), ""]


def _warm_start(tuned: RunFacts) -> list[str]:
    """What the training took over from the champion, and what that saved."""
    if not (taken := cast(TakenOver | None, tuned.get("taken_over"))):
        return []
    new = ", ".join(map(escape_markdown, taken["new_classes"])) or "none"
    layers = f"{taken['layers']} of {taken['of']} layers with weights, classes that started anew: {new}"
    epochs = f"It was trained for {tuned['epochs']} epochs, the champion for {taken['epochs']}."
    return [f"{tuned['name']} started from the weights of champion {taken['champion']}: {layers}. {epochs}", ""]


def _score(metrics: Mapping[str, Any], model: str, metric: str) -> str:
    score = metrics.get(model, {}).get(metric)
    return number_format.with_interval(score) if score else "–"


def _figure(model: str, stem: str) -> str:
    return f"evaluation/figures/{model}/{stem}.svg"


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    ruler = ["---", *["---:"] * (len(header) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (header, ruler, *rows)]
