"""An image that is worth a label, as lists of such images hold it."""

from typing import NamedTuple


class Suggestion(NamedTuple):
    path: str  # of the image, or how else it was named
    predicted: str  # the likeliest class
    confidence: float  # its probability
    margin: float  # by which the second one is less likely
    width: int  # pixels
    height: int
