"""CVAT: annotations to upload into a task, and its export "CVAT for images 1.1" to read back.

The format is that of https://docs.cvat.ai/docs/other/xml_format: a tag is a label of a whole image. CVAT finds an
image by its name, of which the end of the path is enough.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from darkroom.labelling.labels import Labels, collect, unusable
from darkroom.labelling.suggestion import Suggestion

VERSION = "1.1"


class _NoDoctype(ElementTree.TreeBuilder):
    """Builds no document that declares entities, with which a few lines become gigabytes; exports have none."""

    def doctype(self, name: str, public: str | None, system: str | None) -> NoReturn:
        raise ValueError(f"it declares the document type {name}")


def document(suggestions: Sequence[Suggestion], classes: Sequence[str]) -> bytes:
    """The XML to upload: one tag for each image, which has only its name, as in a task made of a folder."""
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = VERSION
    labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels")
    for name in classes:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = name
        ElementTree.SubElement(label, "type").text = "tag"
    for number, suggestion in enumerate(suggestions):
        attributes = {
            "id": str(number),
            "name": Path(suggestion.path).name,
            "width": str(suggestion.width),
            "height": str(suggestion.height),
        }
        image = ElementTree.SubElement(root, "image", attributes)
        ElementTree.SubElement(image, "tag", label=suggestion.predicted, source="auto")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def read(data: bytes, where: Path) -> Labels:
    """Read an export. Raises DataError (exit 3) when it is none, or when an image has several labels."""
    try:
        root = ElementTree.fromstring(data, ElementTree.XMLParser(target=_NoDoctype()))
        images = list(_images(root))
    except (ElementTree.ParseError, KeyError, ValueError, LookupError) as fault:
        what, fix = f"is no export of image labels: {fault}", 'export the task from CVAT as "CVAT for images 1.1"'
        raise unusable(what, where, fix) from fault
    return collect(images, where)


def _images(root: ElementTree.Element) -> Iterator[tuple[str, set[str]]]:
    if root.tag != "annotations" or root.find("image") is None:
        raise ValueError("it lists no images")
    for image in root.iter("image"):
        yield _attribute(image, "name"), {_attribute(tag, "label") for tag in image.iter("tag")}


def _attribute(element: ElementTree.Element, name: str) -> str:
    value = element.get(name)
    if value is None:
        raise ValueError(f"an element {element.tag} has no {name}")
    return value
