"""Read labels and splits from folder names.

Two layouts: class folders (`cats/1.jpg`), or split folders with class folders (`train/cats/1.jpg`). Anything else
stops with a sentence that names the folder in the way: a guess here would silently train on the wrong labels.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from darkroom.formats import names
from darkroom.formats.label_tables import LabelledImage
from darkroom.runtime.errors import DataError, printable

EXPECTED = "expected cats/1.jpg, dogs/2.jpg, … or train/cats/1.jpg, test/dogs/2.jpg, …"
ALL = ""  # the split of an image that the archive leaves open
MOST = 0.75  # of all images; where so many make a data set of their own, the others are in its way
SHOWN = 3  # folders in the way that a sentence names

Parts = Sequence[str]


def read(images: Sequence[Parts]) -> list[LabelledImage]:
    """The images that lie in class folders, paths relative to the data set. The others have no label.

    Raises DataError (exit 3) when the folders do not tell the classes.
    """
    try:
        return _labelled(images)
    except DataError as fault:
        raise (_in_the_way(images) if fault.code in ("E_LAYOUT", "E_NESTED_CLASSES") else None) or fault from None


def splits(images: Iterable[Parts]) -> dict[str, str]:
    """Split folder -> split, {} where no folder at the top is called so. Raises DataError when two mean the same."""
    tops = sorted({parts[0] for parts in images if len(parts) > 1})
    found = {top: side for top in tops if (side := names.split_of(top))}
    folders: dict[str, list[str]] = defaultdict(list)
    for top, side in found.items():
        folders[side].append(top)
    for side, several in folders.items():
        if len(several) > 1:
            raise _fault("E_SPLIT_AMBIGUOUS", f"{_listed(several)} both mean {side}", "join them or rename one")
    return found


def check_classes(labelled: Sequence[LabelledImage]) -> None:
    """Raises DataError when there are not two classes at least, each with one name and with images to learn from."""
    learned = sorted({image.label for image in labelled if image.split in (ALL, "train")})
    if not learned:
        raise _fault("E_LAYOUT", f"no image lies in a class folder; {EXPECTED}", "make one folder a class")
    unknown = next((image.path for image in labelled if image.label not in learned), None)
    if unknown:
        raise _fault("E_UNKNOWN_CLASS", f"{printable(unknown)}: a class without training images", "add some")
    aliases: dict[str, list[str]] = defaultdict(list)
    for label in learned:
        aliases[names.composed(label).casefold().strip()].append(label)
    for several in aliases.values():
        if len(several) > 1:
            raise _fault("E_CLASS_ALIAS", f"{_listed(several)} look like one class", "give it one spelling")
    if len(learned) < 2:
        raise _fault("E_ONE_CLASS", f"one class only: {_listed(learned)}; {EXPECTED}", "add a folder of another class")


def _labelled(images: Sequence[Parts]) -> list[LabelledImage]:
    _check_hidden(images)
    sides = splits(images)
    _check_splits(images, sides)
    found = [_image(parts, sides) for parts in images if not _is_aside(parts, sides)]
    check_classes(found)
    _check_unlabelled(images, found, sides)
    _check_loose(images, found, sides)
    return found


def _check_hidden(images: Iterable[Parts]) -> None:
    hidden = Counter("/".join(parts[:-1]) for parts in images if any(part.startswith(".") for part in parts[:-1]))
    for folder, count in sorted(hidden.items()):
        what = f"the hidden folder {_quoted(folder)} holds {_images(count)}"
        raise _fault("E_HIDDEN_FOLDER", what, "rename it without the dot if it is a class, else remove it")


def _check_splits(images: Iterable[Parts], sides: Mapping[str, str]) -> None:
    tops = {parts[0] for parts in images if len(parts) > 1}
    others = sorted(top for top in tops if top not in sides and not names.is_unlabelled(top))
    if sides and others:
        what = f"split folders ({_listed(sides)}) beside other folders ({_listed(others)}); {EXPECTED}"
        fix = "move every class folder into a split folder, or rename the split folder if it is a class"
        raise _fault("E_LAYOUT", what, fix)
    if sides and "train" not in sides.values():
        raise _fault("E_LAYOUT", f"no training folder beside {_listed(sides)}; {EXPECTED}", "add train/")


def _is_aside(parts: Parts, sides: Mapping[str, str]) -> bool:
    if not sides:
        return len(parts) == 1
    return parts[0] not in sides or len(parts) == 2


def _image(parts: Parts, sides: Mapping[str, str]) -> LabelledImage:
    side, (label, *rest) = (sides[parts[0]], parts[1:]) if sides else (ALL, parts)
    if len(rest) != 1:
        what = f"class folder {printable(label)} has folders inside ({printable('/'.join(parts))}); {EXPECTED}"
        raise _fault("E_NESTED_CLASSES", what, "keep images right inside their class folder")
    return LabelledImage("/".join(parts), names.composed(label), side)


def _check_unlabelled(images: Iterable[Parts], found: Iterable[LabelledImage], sides: Mapping[str, str]) -> None:
    """A name like `unlabeled` says that there are no labels, its place among the classes that it is one: ask."""
    labels = Counter(image.label for image in found)
    fix = "rename it if it is a class, else take it out of the archive"
    for label in sorted(filter(names.is_unlabelled, labels)):
        what = f"folder {_quoted(label)} lies among the classes and holds {_images(labels[label])}: a class, or images"
        raise _fault("E_UNLABELLED", f"{what} without a label?", fix)
    for parts in images if sides else ():
        if parts[0] not in sides and len(parts) > 2 and parts[1] in labels:
            what = f"folder {_quoted(parts[0])} lies beside the split folders and has class folders inside"
            raise _fault(
                "E_UNLABELLED", f"{what} ({_quoted(parts[1])})", "move it into a split folder, or rename these"
            )


def _check_loose(images: Iterable[Parts], found: Sequence[LabelledImage], sides: Mapping[str, str]) -> None:
    """Raises when more images lie outside class folders than inside, but for a split folder without any of these."""
    with_classes = {image.path.partition("/")[0] for image in found} if sides else set()
    loose = [parts for parts in images if len(parts) == 1 or (len(parts) == 2 and parts[0] in with_classes)]
    if len(loose) > len(found):
        what = (
            f"{_images(len(loose))} in no class folder, such as {_quoted('/'.join(loose[0]))}, and {len(found)} in one"
        )
        raise _fault("E_LAYOUT", f"{what}; {EXPECTED}", "move them into class folders, or out of the archive")


def _in_the_way(images: Sequence[Parts]) -> DataError | None:
    """What lies beside the folder that, alone, would do: a download of a repository has examples beside its data."""
    home: tuple[str, ...] = ()
    inside = list(images)
    while tops := Counter(parts[len(home)] for parts in inside if len(parts) > len(home) + 1):
        top, count = tops.most_common(1)[0]
        if count < MOST * len(images) or names.split_of(top):
            return None
        home = (*home, top)
        inside = [parts for parts in inside if tuple(parts[: len(home)]) == home]
        if len(inside) < len(images) and _works([parts[len(home) :] for parts in inside]):
            return _beside(home, images, len(inside))
    return None


def _works(images: Sequence[Parts]) -> bool:
    try:
        return bool(_labelled(images))
    except DataError:
        return False


def _beside(home: Sequence[str], images: Iterable[Parts], count: int) -> DataError:
    others = Counter(other for parts in images if (other := _branch(parts, home)))
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    named = ", ".join(f"{_quoted(other)} ({_images(n)})" for other, n in others.most_common(SHOWN)) + more
    what = f"{named} beside {_quoted('/'.join(home))}, which alone would be a data set ({_images(count)})"
    return _fault(
        "E_LAYOUT", what, f"take {_listed(other for other, _ in others.most_common(SHOWN))}{more} out of the archive"
    )


def _branch(parts: Parts, home: Sequence[str]) -> str:
    """Where the path leaves `home`, "" when it does not: the folder, or the image itself."""
    for depth, part in enumerate(home):
        if parts[depth] != part:
            return "/".join(parts[: depth + 1])
    return ""


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def _quoted(name: str) -> str:
    return printable(repr(name))


def _listed(found: Iterable[str]) -> str:
    return ", ".join(map(_quoted, found))


def _fault(code: str, what: str, fix: str) -> DataError:
    return DataError(code, what, where="the folders of the archive", fix=fix)
