"""Adapt matplotlib's SVG to a web page.

Style attributes become presentation attributes, which a strict Content-Security-Policy allows. The ink becomes
`currentColor`, so that one file serves light and dark pages. Ids get a prefix, so that two figures on a page do not
clash. The file still opens by itself, on a white page. The price: each figure is parsed once more.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from xml.etree import ElementTree

from darkroom.runtime.errors import printable

INK = "#010203"  # a placeholder, which becomes the text colour of the page
PAPER_INK = "#1f2328"  # the ink where no page sets one
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SVG = "http://www.w3.org/2000/svg"

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def for_page(figure: str, description: str, tooltips: Mapping[str, str]) -> str:
    """Return SVG text with a viewBox of one unit per pixel and `description` as its accessible name.

    `tooltips` maps the id of a group to the text shown when the reader points at it; several groups may share one id.
    """
    root = ElementTree.fromstring(figure)
    _drop(root, "metadata", "style")
    prefix = f"f{sha256(figure.encode()).hexdigest()[:8]}-"
    for element in list(root.iter()):
        if element.get("id") in tooltips:
            _add_tooltip(element, tooltips[element.attrib["id"]])
        _simplify(element)
        _prefix_ids(element, prefix)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib |= {
        "width": width,
        "height": height,
        "role": "group" if tooltips else "img",
        "aria-label": printable(description),
    }
    root.attrib |= {"color": PAPER_INK, "font-family": FONTS, "stroke-linejoin": "round"}
    ElementTree.indent(root, "")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _drop(root: ElementTree.Element, *names: str) -> None:
    tags = {f"{{{SVG}}}{name}" for name in names}
    for parent in root.iter():
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _add_tooltip(element: ElementTree.Element, text: str) -> None:
    """Add a title, which browsers show by themselves; by data-part the script finds all groups of the same id."""
    element.attrib |= {"class": "part", "data-part": element.attrib["id"], "role": "img", "tabindex": "-1"}
    title = ElementTree.Element(f"{{{SVG}}}title")
    title.text = printable(text)
    element.insert(0, title)


def _simplify(element: ElementTree.Element) -> None:
    """Spell style as attributes, drop the ids of groups, shorten numbers."""
    if element.tag == f"{{{SVG}}}g":
        element.attrib.pop("id", None)
    for rule in filter(None, element.attrib.pop("style", "").split(";")):
        name, _, value = rule.partition(":")
        element.set(name.strip(), value.strip().replace(INK, "currentColor"))
    if element.tag == f"{{{SVG}}}text":
        element.attrib.pop("font-family", None)
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for name in ("d", "x", "y", "transform", "points"):
        if name in element.attrib:
            element.set(name, " ".join(re.sub(r"-?\d+\.\d+", _round, element.attrib[name]).split()))


def _prefix_ids(element: ElementTree.Element, prefix: str) -> None:
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, prefix + value)
        elif key.endswith("href"):
            element.set(key, value.replace("#", f"#{prefix}"))
        elif value.startswith("url(#"):
            element.set(key, value.replace("url(#", f"url(#{prefix}"))


def _round(number: re.Match) -> str:
    """Keep a hundredth of a pixel."""
    return f"{round(float(number[0]), 2) + 0.0:g}"  # + 0.0: no -0
