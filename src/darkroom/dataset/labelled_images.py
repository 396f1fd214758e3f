"""The labelled images of a data set, held as a table: in a file where there are many, and no memory for each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from darkroom.formats.label_tables import LabelledImage
from darkroom.table.rows import Rows


class LabelledImages(Sequence[LabelledImage]):
    """An image is made when it is asked for."""

    def __init__(self, images: Iterable[LabelledImage]):
        self._rows: Rows[Any] = Rows.gather(image._asdict() for image in images)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> LabelledImage: ...
    @overload
    def __getitem__(self, number: slice) -> list[LabelledImage]: ...
    def __getitem__(self, number: int | slice) -> LabelledImage | list[LabelledImage]:
        if isinstance(number, slice):
            return [LabelledImage(**row) for row in self._rows[number]]
        return LabelledImage(**self._rows[number])

    def __iter__(self) -> Iterator[LabelledImage]:
        return (LabelledImage(*row.values()) for row in self._rows)
