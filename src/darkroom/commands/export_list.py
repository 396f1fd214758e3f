"""What has been exported, what it costs, and how far it is from the model that it was made from."""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from darkroom.commands.export_table import Row, table
from darkroom.register import identity
from darkroom.runtime import files
from darkroom.runtime.errors import printable
from darkroom.saving import export_folder
from darkroom.saving.export_folder import FACTS, ExportFacts
from darkroom.saving.model_folder import MODEL


class _Export(NamedTuple):
    name: str
    written: int  # ns
    facts: ExportFacts

    @property
    def model(self) -> tuple[str, str]:
        return self.facts["model"], self.facts["digest"]


def listing(exports: Path, models: Iterable[Path]) -> str:
    """Return a table of the exports in a folder, each model above its own; `models` are the folders of today's models.

    What is still being written, or was when its process was killed, is left out. Raises ArtifactError (exit 4) for an
    export or a model that is damaged.
    """
    folders = sorted(path.parent for path in exports.glob(f"*/{FACTS}") if not files.is_partial(path.parent))
    if not folders:
        return f"there is no export in {printable(exports)}/; `darkroom export --to onnx` makes one"
    made = sorted(map(_read, folders), key=lambda export: export.model)  # a stable sort: by name within a model
    whole = [folder for folder in models if (folder / MODEL).is_file() and not files.is_partial(folder)]
    today = {identity.digest(folder) for folder in whole}
    return table([row for _, group in groupby(made, lambda export: export.model) for row in _rows([*group], today)])


def _read(folder: Path) -> _Export:
    facts = export_folder.read_facts(folder)
    return _Export(printable(folder.name), (folder / FACTS).stat().st_mtime_ns, facts)


def _rows(made: Sequence[_Export], today: Container[str]) -> Iterator[Row]:
    """The model, as the newest of its exports found it, unless all are of earlier releases; then its exports."""
    for export in sorted(made, key=lambda export: export.written, reverse=True):
        if before := export.facts.get("before"):
            yield Row(printable(export.facts["model"]), before["bytes"], before["ms"], before["accuracy"])
            break
    for name, _, facts in made:
        notes = [f"{facts['largest_difference']:.1e} from the model, on {facts['images']} images"]
        notes += [] if facts["digest"] in today else ["of an earlier model"]
        yield Row(name, facts["bytes"], facts["ms"], facts.get("accuracy"), "; ".join(notes))
