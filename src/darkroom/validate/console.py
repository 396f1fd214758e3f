"""A verdict as people read it in a terminal: its notes, what is broken, and the numbers in one line.

The counts of each class are in the report. The first broken expectation is left out, as it is the sentence that the
stage then stops with.
"""

from collections.abc import Iterator, Sequence

from darkroom.formats import names
from darkroom.runtime.errors import printable
from darkroom.verdict import Expectation, Verdict

MARKS = {"error": "BROKEN", "warning": "WARN"}


def lines(verdict: Verdict) -> Iterator[str]:
    """What may need action, a line each: nothing where all is well."""
    yield from (f"note: {printable(note)}" for note in verdict["notes"])
    yield from _unmet(verdict["expectations"])


def totals(verdict: Verdict) -> str:
    """The numbers of the manifest in one line; whatever is none is left out."""
    splits = ", ".join(f"{_images(verdict, split):,} {split}" for split in names.SPLITS)
    met = sum(expectation["success"] for expectation in verdict["expectations"])
    problems = {
        "bad": len(verdict["bad"]),
        "groups of equal images": len(verdict["duplicates"]),
        "without a label": len(verdict["unlabelled"]),
    }
    return ", ".join(
        [
            f"{verdict['images']:,} images of {len(verdict['classes'])} classes ({splits})",
            *[f"{count:,} {what}" for what, count in problems.items() if count],
            f"{met} of {len(verdict['expectations'])} expectations met",
        ]
    )


def _images(verdict: Verdict, split: str) -> int:
    return sum(splits[split] for splits in verdict["counts"].values())


def _unmet(expectations: Sequence[Expectation]) -> Iterator[str]:
    failed = [result for result in expectations if not result["success"] and not result["follows"]]
    stopping = next((result for result in failed if result["severity"] == "error"), None)
    for result in failed:
        if result is not stopping:
            mark = MARKS[result["severity"]]
            yield f"{mark:6}  {result['code']}: {result['sentence']}: {printable(result['observed'])}"
    consequences = [result["code"] for result in expectations if result["follows"]]
    if consequences:
        yield f"{len(consequences)} more not met ({', '.join(sorted(set(consequences)))}), as a consequence of these"
