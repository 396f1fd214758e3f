"""The Pareto front of models: those that no other model beats in both gain and price."""

from collections.abc import Mapping, Sequence


def front(models: Sequence[Mapping], gain: str, price: str) -> list[str]:
    """Return the models that no other model dominates.

    A model dominates another if it is at least as good in both the key `gain` (more is better) and the key `price`
    (less is better), and better in one. Each row has `model`; a model with None for either is not on the front.
    """
    measured = [m for m in models if m[gain] is not None and m[price] is not None]
    return [m["model"] for m in measured if not any(_dominates(other, m, gain, price) for other in measured)]


def _dominates(a: Mapping, b: Mapping, gain: str, price: str) -> bool:
    return a[gain] >= b[gain] and a[price] <= b[price] and (a[gain], a[price]) != (b[gain], b[price])
