"""How a backbone is trained: the values of params.yaml's `transfer` but for the list of backbones.

`transfer` names each value, so that DVC trains one backbone again when its settings change, and not when another is
added.
"""

from typing import NamedTuple

from darkroom.params import FineTune, Fit, Head, Optimization, Transfer


class TransferConfig(NamedTuple):
    weights: str
    width: float
    input_size: int
    copies: int
    head: Head
    optimization: Optimization
    fit: Fit
    fine_tune: FineTune

    @classmethod
    def of(cls, section: Transfer) -> "TransferConfig":
        """For stages that read all of the section anyway."""
        return cls(**{name: getattr(section, name) for name in cls._fields})
