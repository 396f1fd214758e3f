"""Read the images that the words of a command line name: files, members of zips, and standard input.

A member is read when it is sent to a worker process, so nothing is unpacked and a few dozen are in memory at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from darkroom.commands import named_files
from darkroom.formats import names
from darkroom.ingest import inspection, zips
from darkroom.ingest.members import Member
from darkroom.params import Ingest
from darkroom.runtime import errors
from darkroom.runtime.errors import DataError

STDIN = "-"
TEXT_CONTROLS = {"\n", "\r", "\0"}  # what separates paths; `find -print0` writes NUL


class Picture(NamedTuple):
    """An image that is no file of its own."""

    name: str
    data: bytes

    def __str__(self) -> str:
        return self.name


class Refused(NamedTuple):
    """What was named and cannot be read."""

    name: str
    fault: DataError

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ZipEntry:
    """An image in a zip. Pickled, it is the Picture, or Refused: a worker has no open archive."""

    archive: Path
    member: Member

    def __str__(self) -> str:
        return f"{self.archive}!{self.member.raw}"

    def __reduce__(self) -> tuple[type, tuple]:
        read = self.read()
        return type(read), tuple(read)

    def read(self) -> Picture | Refused:
        try:
            with self.member.open() as stream:
                return Picture(str(self), stream.read(self.member.size))
        except Exception as fault:  # zipfile and zlib raise several kinds for damaged data
            what = f"cannot be unpacked: {errors.brief(fault)}"
            return Refused(str(self), DataError("E_IMAGE", what, where=self, fix="get the archive again"))


Source = Path | Picture | Refused | ZipEntry


def read(source: Source) -> bytes:
    """Return the bytes of an image. Raises OSError or DataError when it cannot be read."""
    if isinstance(source, ZipEntry):
        source = source.read()
    if isinstance(source, Refused):
        raise source.fault
    return source.data if isinstance(source, Picture) else source.read_bytes()


@contextmanager
def opened(arguments: Sequence[str], stdin: BinaryIO, limits: Callable[[], Ingest]) -> Iterator[list[Source]]:
    """Yield what the arguments name, see `named_files`; zips stay open inside the `with` block.

    A file called *.zip stands for the images in it, and `-` for standard input: an image, or paths, one a line.
    `limits` is only asked for where there is an archive or standard input.
    """
    with ExitStack() as stack:
        yield [source for argument in arguments for source in _named(argument, stdin, limits, stack)]


def _named(argument: str, stdin: BinaryIO, limits: Callable[[], Ingest], stack: ExitStack) -> Iterator[Source]:
    if argument != STDIN:
        yield from _files(named_files.named_files([argument]), limits, stack)
        return
    data = stdin.read(limits().max_entry_bytes + 1)
    if len(data) > limits().max_entry_bytes:
        what = f"has more than {limits().max_entry_bytes} bytes"
        yield Refused(STDIN, DataError("E_IMAGE", what, where="standard input", fix="name files instead"))
    elif (listed := _lines(data)) is None:
        yield Picture(STDIN, data)
    else:
        yield from _files(named_files.listed_files(listed), limits, stack)


def _files(paths: Sequence[Path], limits: Callable[[], Ingest], stack: ExitStack) -> Iterator[Source]:
    for path in paths:
        if path.suffix.lower() == ".zip" and path.is_file():
            yield from _in_zip(path, limits(), stack)
        else:
            yield path


def _in_zip(path: Path, limits: Ingest, stack: ExitStack) -> list[Source]:
    """The images in the archive; the reason alone, where it must not be read or has none."""
    try:
        members = [member for member in stack.enter_context(zips.open_members(path, limits)) if member.kind != "folder"]
        inspection.check(str(path), members, limits)
    except DataError as fault:
        return [Refused(str(path), fault)]
    wanted = [member for member in members if member.is_wanted]
    images = [member for member in wanted if not names.is_other_file(member.parts[-1])]
    if len(images) < len(wanted):
        others = (member.parts[-1] for member in wanted if names.is_other_file(member.parts[-1]))
        errors.warn(f"{path}: left out {names.kinds(others)}")
    if not images:
        empty = DataError("E_IMAGE", "holds no images", where=path, fix="name an archive of images")
        return [Refused(str(path), empty)]
    return [ZipEntry(path, member) for member in sorted(images, key=lambda member: member.parts)]


def _lines(data: bytes) -> list[str] | None:
    """The lines of a text; None where the data are no text, so an image."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if any(ord(character) < ord(" ") and character not in TEXT_CONTROLS for character in text):
        return None
    lines = text.split("\0") if "\0" in text else text.splitlines()
    return [line for line in lines if line]
