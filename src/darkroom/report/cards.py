"""Model cards (Mitchell et al. 2019): what a model is for, how good it is, for whom, and what is not known.

They lie beside the report and not in the model's folder, because that folder is the output of the stage which
trained the model: a later stage that wrote into it would make DVC train again.
"""

from collections.abc import Mapping

from darkroom.report import templates
from darkroom.report.context import Findings


def card(found: Findings, name: str, *, about: Mapping[str, object]) -> str:
    """Markdown of the model `name`; `about` has dataset, seed and data (the digest of the packed images)."""
    return templates.card().get_template("card.md.j2").render(
        found=found,
        name=name,
        about=about,
        facts=found.facts[name],
        scores=found.metrics[name],
        rank=next(row for row in found.comparison["ranking"] if row["model"] == name),
        weakest=_weakest(found, name),
        honest=found.calibrations[name],
        cost=found.costs[name],
        odd=[row for row in found.slices if row["model"] == name and row["p_corrected"] < _level(found)],
        slices=[row for row in found.slices if row["model"] == name],
    )  # fmt: skip


def _weakest(found: Findings, name: str) -> list[Mapping]:
    """The three classes with the lowest F1."""
    known = [row for row in found.per_class[name] if row["f1"] not in ("", None)]
    return sorted(known, key=lambda row: float(row["f1"]))[:3]


def _level(found: Findings) -> float:
    return 1 - found.comparison["confidence"]
