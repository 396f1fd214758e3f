"""What has been exported, what it costs, and how far it is from the model that it was made from."""

from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path

from darkroom.commands.export_table import Row, table
from darkroom.register import identity
from darkroom.runtime.errors import printable
from darkroom.saving import export_folder
from darkroom.saving.export_folder import FACTS, ExportFacts
from darkroom.saving.model_folder import MODEL


def listing(exports: Path, models: Iterable[Path]) -> str:
    """Return a table of the exports in a folder, each model above its own; `models` are the folders of today's models.

    Raises ArtifactError (exit 4) for an export or a model that is damaged.
    """
    folders = sorted(path.parent for path in exports.glob(f"*/{FACTS}"))
    if not folders:
        return f"there is no export in {printable(exports)}/; `darkroom export --to onnx` makes one"
    made = [(printable(folder.name), export_folder.read_facts(folder)) for folder in folders]
    made.sort(key=lambda pair: (pair[1]["model"], pair[1]["digest"]))  # a stable sort: by name within a model
    return table(list(_rows(made, {identity.digest(folder) for folder in models if (folder / MODEL).is_file()})))


def _rows(made: Sequence[tuple[str, ExportFacts]], today: Container[str]) -> Iterator[Row]:
    shown = None
    for name, facts in made:
        if (before := facts.get("before")) and facts["digest"] != shown:
            shown = facts["digest"]
            yield Row(printable(facts["model"]), before["bytes"], before["ms"], before["accuracy"])
        notes = [f"{facts['largest_difference']:.1e} from the model, on {facts['images']} images"]
        notes += [] if facts["digest"] in today else ["of an earlier model"]
        yield Row(name, facts["bytes"], facts["ms"], facts.get("accuracy"), "; ".join(notes))
