"""Which models are worth their price."""

from collections.abc import Mapping, Sequence


def front(models: Sequence[Mapping], gain: str, price: str) -> list[str]:
    """The models of which no other is at least as good for at most the same price, and better in one (Pareto).

    Each has `model`, a `gain` to have much of and a `price` to have little of; what is None is not on the front.
    """
    known = [m for m in models if m[gain] is not None and m[price] is not None]
    return [m["model"] for m in known if not any(_beats(other, m, gain, price) for other in known)]


def _beats(a: Mapping, b: Mapping, gain: str, price: str) -> bool:
    return a[gain] >= b[gain] and a[price] <= b[price] and (a[gain], a[price]) != (b[gain], b[price])
