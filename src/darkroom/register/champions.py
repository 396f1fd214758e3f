"""Keep the history of champions: who it was since when, and why.

MLflow's aliases have no history, and its store may be lost; DVC's lock names a champion by the hash of its folder.
So each change adds a row to a small file in git. The champion's folder is authoritative: a row is made of what it
holds, so a row that a killed process did not write is written by the next.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from darkroom.register.registration import By
from darkroom.runtime import cells, files


class Row(TypedDict):
    """A row of champions.csv; the score is that on the test images which judged the model, None where none did."""

    when: str  # ISO 8601, UTC
    version: int | None  # in the MLflow store of the time; another store numbers anew
    model: str
    digest: str
    metric: str | None
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    by: By
    reason: str


COLUMNS = list(Row.__annotations__)


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows as they are written, the oldest first; none where there is no file yet.

    Raises ArtifactError (exit 4) when the file is damaged.
    """
    rows = files.read_rows(path) if path.exists() else []
    if any(list(row) != COLUMNS for row in rows):
        raise files.unusable(path, "is no history of champions", fix=f"take it from git: `git checkout {path}`")
    return rows


def note(path: Path, row: Row | None) -> None:
    """Add a row, unless the last one is about the same model; None, where there is no champion, adds none.

    The file is written in any case, because DVC demands it.
    """
    rows: list[Mapping[str, object]] = [*read(path)]
    if row and (not rows or rows[-1]["digest"] != row["digest"]):
        rows.append(row)
    with files.durable(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        cells.write(file, COLUMNS, rows)


def predecessor(rows: Sequence[Mapping[str, str]], digest: str) -> Mapping[str, str] | None:
    """Return the row of the champion before the present one, whose digest is `digest`; None before the first.

    A rollback is no promotion: the champion before a model that was rolled back to is the one before its promotion.
    So going back twice leads to the champion before the last but one, and not to the one just left.
    """
    promotions = [number for number, row in enumerate(rows) if row["digest"] == digest and row["by"] != "rolled back"]
    before = rows[: promotions[-1]] if promotions else rows[:-1]
    return before[-1] if before else None
