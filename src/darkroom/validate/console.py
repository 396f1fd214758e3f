"""A verdict as people read it in a terminal: the counts of each class and split, the notes, then the expectations.

The first broken expectation is left out, as it is the sentence that the stage then stops with.
"""

from collections.abc import Iterator, Sequence

from darkroom.formats import names
from darkroom.runtime.errors import printable
from darkroom.verdict import Expectation, Verdict

SHOWN = 20  # classes; with more, the rest is in the report
MARKS = {"error": "BROKEN", "warning": "WARN"}

Row = tuple[str, ...]


def text(verdict: Verdict) -> str:
    counts = verdict["counts"]
    rows: list[Row] = [("class", *names.SPLITS, "total")]
    rows += [_row(printable(label), splits) for label, splits in list(counts.items())[:SHOWN]]
    if len(counts) > SHOWN:
        rows.append((f"... and {len(counts) - SHOWN} more", *[""] * 4))
    rows.append(_row("all", {split: sum(splits[split] for splits in counts.values()) for split in names.SPLITS}))
    notes = [f"note    {printable(note)}" for note in verdict["notes"]]
    return "\n".join([*_aligned(rows), "", *notes, *_expectations(verdict["expectations"])])


def totals(verdict: Verdict) -> str:
    """The numbers of the manifest in one line."""
    images = f"{verdict['images']} images of {len(verdict['classes'])} classes"
    duplicates = f"{len(verdict['duplicates'])} groups of equal images"
    return f"{images}, {len(verdict['bad'])} bad, {duplicates}, {len(verdict['unlabelled'])} without a label"


def _row(label: str, splits: dict[str, int]) -> Row:
    return label, *(str(splits[split]) for split in names.SPLITS), str(sum(splits.values()))


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *others in rows:
        yield "  ".join(
            [first.ljust(widths[0]), *(o.rjust(width) for o, width in zip(others, widths[1:], strict=True))]
        )


def _expectations(expectations: Sequence[Expectation]) -> Iterator[str]:
    met = sum(expectation["success"] for expectation in expectations)
    yield f"{met} of {len(expectations)} expectations met"
    failed = [result for result in expectations if not result["success"] and not result["follows"]]
    stopping = next((result for result in failed if result["severity"] == "error"), None)
    for result in failed:
        if result is not stopping:
            mark = MARKS[result["severity"]]
            yield f"{mark:6}  {result['code']}: {result['sentence']}: {printable(result['observed'])}"
    consequences = [result["code"] for result in expectations if result["follows"]]
    if consequences:
        yield f"{len(consequences)} more not met ({', '.join(sorted(set(consequences)))}), as a consequence of these"
