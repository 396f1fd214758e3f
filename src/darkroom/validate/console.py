"""A verdict as people read it in a terminal: the counts of each class and side, the notes, then what was expected.

The first broken expectation is left out, as it is the sentence that the stage then stops with.
"""

from collections.abc import Iterator, Sequence

from darkroom.formats import names
from darkroom.runtime.errors import printable

SHOWN = 20  # classes; with more, the rest is in the report
MARKS = {("error", False): "BROKEN", ("warning", False): "look"}


def text(verdict: dict) -> str:
    counts = verdict["counts"]
    rows = [("class", *names.SPLITS, "total")]
    rows += [_row(printable(label), sides) for label, sides in list(counts.items())[:SHOWN]]
    if len(counts) > SHOWN:
        rows.append((f"... and {len(counts) - SHOWN} more", *[""] * 4))
    rows.append(_row("all", {side: sum(sides[side] for sides in counts.values()) for side in names.SPLITS}))
    notes = [f"note    {printable(note)}" for note in verdict["notes"]]
    return "\n".join([*_aligned(rows), "", *notes, *_expected(verdict["expectations"])])


def _row(label: str, sides: dict[str, int]) -> tuple[str, ...]:
    return label, *(str(sides[side]) for side in names.SPLITS), str(sum(sides.values()))


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *others in rows:
        yield "  ".join(
            [first.ljust(widths[0]), *(o.rjust(width) for o, width in zip(others, widths[1:], strict=True))]
        )


def _expected(expectations: Sequence[dict]) -> Iterator[str]:
    good = sum(each["success"] for each in expectations)
    yield f"{good} of {len(expectations)} expectations hold"
    told = [each for each in expectations if not each["success"] and not each["follows"]]
    stopping = next((each for each in told if each["severity"] == "error"), None)
    for each in told:
        if each is not stopping:
            mark = MARKS[each["severity"], False]
            yield f"{mark:6}  {each['code']}: {each['sentence']}: {printable(each['observed'])}"
    behind = [each["code"] for each in expectations if each["follows"]]
    if behind:
        yield f"{len(behind)} more would be told ({', '.join(sorted(set(behind)))}), but follow from these"
