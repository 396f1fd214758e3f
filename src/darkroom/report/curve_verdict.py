"""What a learning curve says: where transfer is ahead of training from scratch, and whether more images still help.

Two accuracies are told apart only when their intervals do not meet. The price: that is stricter than a test of the
pair, so some true differences stay open; none is claimed that chance explains.
"""

from collections.abc import Mapping, Sequence

from darkroom.metrics import intervals


def by_model(rows: Sequence[Mapping], confidence: float) -> dict[str, list[Mapping]]:
    """The rows of learning_curve.json of each model, the fewest images first.

    `low` and `high`, the bounds of the accuracy, are added: the stage that trains knows no metrics.
    """
    found: dict[str, list[Mapping]] = {}
    for row in sorted(rows, key=lambda row: row["images"]):
        low, high = intervals.wilson(row["correct"], row["test_images"], confidence)
        found.setdefault(row["model"], []).append({**row, "low": low, "high": high})
    return found


def contest(scratch: Sequence[Mapping], transfer: Sequence[Mapping]) -> dict[str, list[int]]:
    """The numbers of images with which `transfer` is ahead of `scratch`, behind it, or neither (open)."""
    found: dict[str, list[int]] = {"ahead": [], "behind": [], "open": []}
    others = {row["images"]: row for row in scratch}
    for row in transfer:
        if other := others.get(row["images"]):
            verdict = "ahead" if row["low"] > other["high"] else "behind" if row["high"] < other["low"] else "open"
            found[verdict].append(row["images"])
    return found


def enough(scratch: Sequence[Mapping], transfer: Sequence[Mapping]) -> Mapping | None:
    """The row of `transfer` with the fewest images that is as accurate as `scratch` with its most, if any."""
    return next((row for row in transfer if row["accuracy"] >= scratch[-1]["accuracy"]), None)


def last_step(rows: Sequence[Mapping]) -> dict | None:
    """The last two rows of a model as `before` and `after`, and whether it `rises` between them beyond chance."""
    if len(rows) < 2:
        return None
    before, after = rows[-2:]
    return {"before": before, "after": after, "rises": after["low"] > before["high"]}
