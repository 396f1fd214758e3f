"""Make matplotlib's SVG fit for a web page.

Style attributes become plain ones, so that a strict Content-Security-Policy lets them through; the ink becomes
`currentColor`, so that one file serves light and dark pages; the names of its parts become its own, so that two
figures on a page do not clash. What is left opens by itself on a white page as well. The price: a parse of each.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from xml.etree import ElementTree

from darkroom.runtime.errors import printable

INK = "#010203"  # the stand-in that figures are drawn in; becomes the ink of the page
PAPER_INK = "#1f2328"  # where no page says otherwise
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SVG = "http://www.w3.org/2000/svg"

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def presentable(drawn: str, description: str, told: Mapping[str, str]) -> str:
    """SVG text with a viewBox of one unit a pixel and `description` for who cannot see it.

    `told` is what a group says when it is pointed at, by its id; groups may share one.
    """
    root = ElementTree.fromstring(drawn)
    for parent in root.iter():
        for child in [child for child in parent if child.tag in {f"{{{SVG}}}metadata", f"{{{SVG}}}style"}]:
            parent.remove(child)
    prefix = f"f{sha256(drawn.encode()).hexdigest()[:8]}-"
    for element in list(root.iter()):
        if element.get("id") in told:
            _telling(element, told[element.attrib["id"]])
        _plain(element)
        _renamed(element, prefix)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib |= {
        "width": width,
        "height": height,
        "role": "group" if told else "img",
        "aria-label": printable(description),
    }
    root.attrib |= {"color": PAPER_INK, "font-family": FONTS, "stroke-linejoin": "round"}
    ElementTree.indent(root, "")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _telling(element: ElementTree.Element, text: str) -> None:
    """Browsers show a title by themselves; the page's script takes the part to find the others of the same name."""
    element.attrib |= {"class": "told", "data-part": element.attrib["id"], "role": "img", "tabindex": "-1"}
    title = ElementTree.Element(f"{{{SVG}}}title")
    title.text = printable(text)
    element.insert(0, title)


def _plain(element: ElementTree.Element) -> None:
    """Spell style as attributes, drop the names of groups, shorten numbers."""
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
            element.set(name, " ".join(re.sub(r"-?\d+\.\d+", _short, element.attrib[name]).split()))


def _renamed(element: ElementTree.Element, prefix: str) -> None:
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, prefix + value)
        elif key.endswith("href"):
            element.set(key, value.replace("#", f"#{prefix}"))
        elif value.startswith("url(#"):
            element.set(key, value.replace("url(#", f"url(#{prefix}"))


def _short(number: re.Match) -> str:
    """A hundredth of a pixel is enough."""
    return f"{round(float(number[0]), 2) + 0.0:g}"  # + 0.0: no -0
