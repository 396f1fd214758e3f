"""Say in a sentence how good the model is that stands for the run, and how it compares with the others."""

from darkroom.metrics import intervals, ranking
from darkroom.metrics.ranking import Ranked, Ranking


def sentence(ranked: Ranking, chosen: str) -> str:
    """Return the sentence on the `chosen` model, without a full stop."""
    names = [row["model"] for row in ranked["ranking"]]
    row = ranked["ranking"][names.index(chosen)]
    value, low, high = (intervals.decimals(end) for end in (row["value"], row["low"], row["high"]))
    score = f"{ranked['metric']} {value} ({low} to {high}, {_size(ranked)})"
    if len(names) == 1:
        return f"{chosen} has {score}"
    better = ranking.proven_better(names, ranked["pairs"])[chosen]
    return f"{chosen}, chosen on the validation images, has {score}, {_claim(row, better, len(names))}"


def _size(ranked: Ranking) -> str:
    n, clusters = ranked["n"], ranked["clusters"]
    return f"n = {n}" if clusters == n else f"n = {n} in {clusters} groups"


def _claim(row: Ranked, better: list[str], models: int) -> str:
    """How the model compares, and that a proven difference is one of trained models and not of recipes."""
    among = f"among these {'two' if models == 2 else models} trained models; another training could come out otherwise"
    tied = f"not distinguishable from {', '.join(row['tied_with'])}"
    if better:
        worse = f"worse than {', '.join(better)} beyond chance"
        return f"{worse}{f' and {tied}' if row['tied_with'] else ''}, {among}"
    return tied if row["tied_with"] else f"better than every other model beyond chance, {among}"
