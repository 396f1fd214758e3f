"""Read labels and splits from folder names.

Two layouts: class folders (`cats/1.jpg`), or split folders with class folders (`train/cats/1.jpg`). Anything else
stops with a sentence that names the folder at fault: a guess here would silently train on the wrong labels.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from darkroom.dataset.labelled_images import LabelledImages
from darkroom.formats import names
from darkroom.formats.label_tables import LabelledImage
from darkroom.runtime.errors import DataError, printable

EXPECTED = "expected cats/1.jpg, dogs/2.jpg, … or train/cats/1.jpg, test/dogs/2.jpg, …"
OPEN = ""  # the split of an image where the archive has none
MOST = 0.75  # of all images; where so many make a data set of their own, the others obstruct it
SHOWN = 3  # obstructing folders that a sentence names

Parts = Sequence[str]


def read(images: Sequence[Parts]) -> LabelledImages:
    """List the images that lie in class folders, paths relative to the data set. The others have no label.

    Raises DataError (exit 3) when the folders do not tell the classes.
    """
    try:
        return _labelled(images)
    except DataError as fault:
        raise (_obstruction(images) if fault.code in ("E_LAYOUT", "E_NESTED_CLASSES") else None) or fault from None


def splits(images: Iterable[Parts]) -> dict[str, str]:
    """Split folder -> split, {} where no folder at the top is called so. Raises DataError when two mean the same."""
    tops = sorted({parts[0] for parts in images if len(parts) > 1})
    splits = {top: split for top in tops if (split := names.split_of(top))}
    folders: dict[str, list[str]] = defaultdict(list)
    for top, split in splits.items():
        folders[split].append(top)
    for split, same in folders.items():
        if len(same) > 1:
            raise _fault("E_SPLIT_AMBIGUOUS", f"{_listed(same)} both mean {split}", "join them or rename one")
    return splits


def check_classes(labelled: Sequence[LabelledImage]) -> None:
    """Raises DataError unless there are two classes or more, each with one spelling and with training images."""
    trained = sorted({image.label for image in labelled if image.split in (OPEN, "train")})
    if not trained:
        raise _fault("E_LAYOUT", f"no image lies in a class folder; {EXPECTED}", "make one folder per class")
    unknown = next((image.path for image in labelled if image.label not in trained), None)
    if unknown:
        raise _fault("E_UNKNOWN_CLASS", f"{printable(unknown)}: a class without training images", "add some")
    aliases: dict[str, list[str]] = defaultdict(list)
    for label in trained:
        aliases[names.composed(label).casefold().strip()].append(label)
    for same in aliases.values():
        if len(same) > 1:
            raise _fault("E_CLASS_ALIAS", f"{_listed(same)} look like one class", "give it one spelling")
    if len(trained) < 2:
        raise _fault("E_ONE_CLASS", f"one class only: {_listed(trained)}; {EXPECTED}", "add a folder of another class")


def _labelled(images: Sequence[Parts]) -> LabelledImages:
    _check_hidden(images)
    split_folders = splits(images)
    _check_splits(images, split_folders)
    inside = (parts for parts in images if not _is_unlabelled(parts, split_folders))
    labelled = LabelledImages(_image(parts, split_folders) for parts in inside)
    check_classes(labelled)
    _check_unlabelled(images, labelled, split_folders)
    _check_loose(images, labelled, split_folders)
    return labelled


def _check_hidden(images: Iterable[Parts]) -> None:
    hidden = Counter("/".join(parts[:-1]) for parts in images if any(part.startswith(".") for part in parts[:-1]))
    for folder, count in sorted(hidden.items()):
        what = f"the hidden folder {_quoted(folder)} holds {_images(count)}"
        raise _fault("E_HIDDEN_FOLDER", what, "rename it without the dot if it is a class, else remove it")


def _check_splits(images: Iterable[Parts], split_folders: Mapping[str, str]) -> None:
    tops = {parts[0] for parts in images if len(parts) > 1}
    others = sorted(top for top in tops if top not in split_folders and not names.is_unlabelled(top))
    if split_folders and others:
        what = f"split folders ({_listed(split_folders)}) beside other folders ({_listed(others)}); {EXPECTED}"
        fix = "move every class folder into a split folder, or rename the split folder if it is a class"
        raise _fault("E_LAYOUT", what, fix)
    if split_folders and "train" not in split_folders.values():
        raise _fault("E_LAYOUT", f"no training folder beside {_listed(split_folders)}; {EXPECTED}", "add train/")


def _is_unlabelled(parts: Parts, split_folders: Mapping[str, str]) -> bool:
    if not split_folders:
        return len(parts) == 1
    return parts[0] not in split_folders or len(parts) == 2


def _image(parts: Parts, split_folders: Mapping[str, str]) -> LabelledImage:
    split, (label, *rest) = (split_folders[parts[0]], parts[1:]) if split_folders else (OPEN, parts)
    if len(rest) != 1:
        what = f"class folder {printable(label)} has folders inside ({printable('/'.join(parts))}); {EXPECTED}"
        raise _fault("E_NESTED_CLASSES", what, "keep images right inside their class folder")
    return LabelledImage("/".join(parts), names.composed(label), split)


def _check_unlabelled(
    images: Iterable[Parts], labelled: Iterable[LabelledImage], split_folders: Mapping[str, str]
) -> None:
    """A name like `unlabeled` says that images have no label, but lies among the classes: only a person can tell."""
    labels = Counter(image.label for image in labelled)
    fix = "rename it if it is a class, else take it out of the archive"
    for label in sorted(filter(names.is_unlabelled, labels)):
        what = f"folder {_quoted(label)} lies among the classes and holds {_images(labels[label])}: a class, or images"
        raise _fault("E_UNLABELLED", f"{what} without a label?", fix)
    for parts in images if split_folders else ():
        if parts[0] not in split_folders and len(parts) > 2 and parts[1] in labels:
            what = f"folder {_quoted(parts[0])} lies beside the split folders and has class folders inside"
            raise _fault(
                "E_UNLABELLED", f"{what} ({_quoted(parts[1])})", "move it into a split folder, or rename these"
            )


def _check_loose(images: Iterable[Parts], labelled: Sequence[LabelledImage], split_folders: Mapping[str, str]) -> None:
    """Raises when more images lie outside class folders than inside; a split folder without classes does not count."""
    with_classes = {image.path.partition("/")[0] for image in labelled} if split_folders else set()
    loose = [parts for parts in images if len(parts) == 1 or (len(parts) == 2 and parts[0] in with_classes)]
    if len(loose) > len(labelled):
        example = _quoted("/".join(loose[0]))
        what = f"{_images(len(loose))} in no class folder, such as {example}, and {len(labelled)} in one"
        raise _fault("E_LAYOUT", f"{what}; {EXPECTED}", "move them into class folders, or out of the archive")


def _obstruction(images: Sequence[Parts]) -> DataError | None:
    """Name what lies beside a folder that alone would be a data set: a repository has examples beside its data."""
    root: tuple[str, ...] = ()
    inside = list(images)
    while tops := Counter(parts[len(root)] for parts in inside if len(parts) > len(root) + 1):
        top, count = tops.most_common(1)[0]
        if count < MOST * len(images) or names.split_of(top):
            return None
        root = (*root, top)
        inside = [parts for parts in inside if tuple(parts[: len(root)]) == root]
        if len(inside) < len(images) and _is_data_set([parts[len(root) :] for parts in inside]):
            return _beside(root, images, len(inside))
    return None


def _is_data_set(images: Sequence[Parts]) -> bool:
    try:
        return bool(_labelled(images))
    except DataError:
        return False


def _beside(root: Sequence[str], images: Iterable[Parts], count: int) -> DataError:
    others = Counter(other for parts in images if (other := _branch(parts, root)))
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    named = ", ".join(f"{_quoted(other)} ({_images(n)})" for other, n in others.most_common(SHOWN)) + more
    what = f"{named} beside {_quoted('/'.join(root))}, which alone would be a data set ({_images(count)})"
    return _fault(
        "E_LAYOUT", what, f"take {_listed(other for other, _ in others.most_common(SHOWN))}{more} out of the archive"
    )


def _branch(parts: Parts, root: Sequence[str]) -> str:
    """Where the path leaves `root`, "" when it does not: the folder, or the image itself."""
    for depth, part in enumerate(root):
        if parts[depth] != part:
            return "/".join(parts[: depth + 1])
    return ""


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def _quoted(name: str) -> str:
    return printable(repr(name))


def _listed(folders: Iterable[str]) -> str:
    return ", ".join(map(_quoted, folders))


def _fault(code: str, what: str, fix: str) -> DataError:
    return DataError(code, what, where="the folders of the archive", fix=fix)
