"""Word the reason for a decision of the gate, with the numbers and the test that it was made by."""

from collections.abc import Collection

from darkroom.params import Register
from darkroom.register.class_losses import Loss
from darkroom.register.match import Result
from darkroom.register.registration import By
from darkroom.runtime.errors import printable


def below_minimum(accuracy: float, minimum: float) -> str:
    return f"stays below register.min_accuracy: {accuracy:.4f} < {minimum:g}"


def unopposed(accuracy: float, minimum: float, *, is_first: bool) -> str:
    why = "it is the first" if is_first else "the old one knows none of today's classes"
    return f"becomes champion: {why}, and its accuracy {accuracy:.4f} is at least {minimum:g}"


def same_classes(result: Result, *, wins: bool) -> str:
    return f"is {'better beyond chance' if wins else 'not proven better'} than the champion: {_numbers(result)}"


def other_classes(result: Result, old: Collection[str], new: Collection[str], *, wins: bool) -> str:
    """Word the comparison on the classes that the champion, of the `old` ones, and the challenger share."""
    lists = {"new": sorted(set(new) - set(old)), "gone": sorted(set(old) - set(new))}
    changes = "; ".join(f"{what}: {printable(', '.join(names))}" for what, names in lists.items() if names)
    verdict = "at least as good as" if wins else "worse than"
    shared = f"the {len(set(old) & set(new))} classes that both know ({changes})"
    return f"is {verdict} the champion on {shared}: {_numbers(result)}"


def ruined_class(reason: str, loss: Loss, register: Register) -> str:
    """Word why a challenger that would win, for `reason`, does not."""
    assert register.max_class_loss is not None  # or no class is ruined
    recalls = f"recall {loss.champion:.4f} -> {loss.challenger:.4f}"
    test = f"McNemar, mid-p, corrected for {loss.classes} classes: p = {loss.p:.3g}; n = {loss.n}"
    limit = f"more than register.max_class_loss {register.max_class_loss:g} below the champion"
    return f"ruins the class {printable(loss.label)}: {recalls}, {limit} ({test}); otherwise it {reason}"


def settled(by: By, reason: str) -> str:
    return f"had been judged when the champion was {by} ({printable(reason)}); only a person brings it back"


def _numbers(result: Result) -> str:
    assert result.difference is not None  # there is a champion
    value, low, high, p, test, _ = result.difference
    in_groups = f" in {result.clusters} groups" if result.clusters < result.n else ""
    interval = f"{low:+.4f} to {high:+.4f}"
    return f"{result.metric} {value:+.4f} ({interval}; {test}: p = {p:.3g}; n = {result.n}{in_groups})"
