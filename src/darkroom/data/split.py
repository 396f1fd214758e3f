"""Give every picture a side: train, val or test.

Folders of the archive are respected. What they leave open is drawn, and the draw is a function of the seed
and of the picture's cluster alone (`near.clusters`: the picture itself, as a rule), so

* equal and nearly equal pictures, and those of one group, share a side, under whatever name (no leak);
* pictures added later never move old ones, unless they join them to a cluster.

What is drawn: the sides the archive lacks, out of all pictures or out of its training folder. So with a test
folder and no validation folder, `validate.val` is a share of the training folder.

The price: shares hold on average. With n pictures and a share f the standard error is sqrt(f (1 - f) / n).
"""

from collections.abc import Iterable
from hashlib import sha256

from darkroom.params import Validate


def assign(rows: Iterable[dict], how: Validate, *, seed: int) -> list[dict]:
    """The rows with `split` filled in. Each has `cluster` and `split`: the archive's, or "" where it says nothing.

    A row without cluster, a bad picture, keeps what it has: nobody will use it.
    """
    rows = list(rows)
    given = {row["split"] for row in rows}
    lacking = {side: share for side, share in (("test", how.test), ("val", how.val)) if side not in given}
    return [{**row, "split": _side(row, lacking, seed)} for row in rows]


def _side(row: dict, lacking: dict[str, float], seed: int) -> str:
    if row["split"] in ("val", "test") or not row["cluster"]:
        return row["split"]
    draw = _draw(row["cluster"], seed)
    for side, share in lacking.items():
        if draw < share:
            return side
        draw -= share
    return "train"


def _draw(cluster: str, seed: int) -> float:
    """A number in [0, 1) that looks drawn but is a function of its arguments."""
    word = sha256(f"{seed}:{cluster}".encode()).digest()[:6]
    return int.from_bytes(word, "big") / 2**48
