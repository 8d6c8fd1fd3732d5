"""Turn the SVG of vl-convert into one that is safe, small and accessible inside a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from rfm_engine.errors import RfmError

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}"
_ELEMENTS = {
    "svg", "g", "path", "rect", "line", "circle", "text", "tspan", "title", "desc", "defs",
    "clipPath",
}  # fmt: skip
_NUMBER = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?|-?\d+(?:\.\d+)?e-?\d+")
_GEOMETRY = {
    "d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "width",
    "height", "dx", "dy", "points", "stroke-width",
}  # fmt: skip
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
# Written by Vega for scripts and screen readers of a page with scripts; the page has none.
_DROPPED = {
    "class", "role", "pointer-events", "version", "stroke-miterlimit", "font-family",
}  # fmt: skip
# Their values are shown as text.
_TEXTS = ("aria-label", "aria-description")
_DEFAULTS = {"opacity": "1", "fill-opacity": "1", "stroke-opacity": "1", "cursor": "default"}


def finished(svg: str, name: str, title: str, description: str) -> ET.Element:
    """Return the SVG of a chart for a page.

    It has a title and a description, tooltips, ids that start with the name of the chart, and
    coordinates with at most one decimal.

    Raises
    ------
    RfmError
        The SVG contains something that does not belong in a page without scripts and links.
    """
    root = _plain(ET.fromstring(svg))
    _check(root)
    _rename(root, name)
    _strip(root)
    _drop_empty(root)
    for child in list(root):
        if child.tag == "rect" and child.get("fill") == "white":
            root.remove(child)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(place, element)
    return root


def standalone(root: ET.Element, background: str) -> str:
    """Return the SVG as the text of a file of its own, on an opaque background."""
    copied = ET.fromstring(ET.tostring(root, encoding="unicode"))
    _, _, width, height = copied.attrib["viewBox"].split()
    paper = {"x": "0", "y": "0", "width": width, "height": height, "fill": background}
    copied.insert(2, ET.Element("rect", paper))
    copied.attrib = {"xmlns": _SVG, "font-family": "sans-serif", **copied.attrib}
    return ET.tostring(copied, encoding="unicode") + "\n"


def _plain(element: ET.Element) -> ET.Element:
    """Return an element and all in it without namespaces, as HTML has them."""
    name = element.tag.removeprefix(f"{{{_SVG}}}")
    found = ET.Element(name, element.attrib)
    found.text = element.text
    found.extend(map(_plain, element))
    return found


def _check(root: ET.Element) -> None:
    for element in root.iter():
        if element.tag not in _ELEMENTS:
            raise RfmError(
                f"chart must have known elements; got <{element.tag}>. Report this as a bug."
            )
        for key in element.attrib:
            if key in ("style", "href") or key.startswith((_XLINK, "on")):
                raise RfmError(f"chart must not have the attribute {key}. Report this as a bug.")
            if "url(" in _REFERENCE.sub("", element.attrib[key]) and key not in _TEXTS:
                raise RfmError(f"chart must use only its own ids; got {key}. Report this as a bug.")


def _rename(root: ET.Element, name: str) -> None:
    """Give the ids numbers in the order of the document, because Vega counts per process."""
    ids = {
        element.attrib["id"]: f"{name}-{n}"
        for n, element in enumerate(each for each in root.iter() if "id" in each.attrib)
    }
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, ids[value])
            elif "url(#" in value:
                element.set(key, _REFERENCE.sub(lambda found: f"url(#{ids[found[1]]})", value))


def _strip(root: ET.Element) -> None:
    for element in root.iter():
        label = element.get("aria-label")
        if label is not None and element.get("role") == "graphics-symbol" and not len(element):
            tooltip = ET.Element("title")
            tooltip.text = label
            element.insert(0, tooltip)
        for key in [*element.attrib]:
            value = element.attrib[key]
            is_aria = key.startswith("aria-")
            if is_aria or key in _DROPPED or _DEFAULTS.get(key) == value:
                del element.attrib[key]
            elif key in _GEOMETRY:
                element.set(key, _NUMBER.sub(_rounded, value))
    root.attrib.pop("class", None)


def _rounded(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _drop_empty(root: ET.Element) -> None:
    """Remove what draws nothing: empty groups and paths, and invisible elements."""
    for parent in [*_parents(root)]:
        for child in list(parent):
            if _is_nothing(child):
                parent.remove(child)


def _parents(root: ET.Element) -> Iterator[ET.Element]:
    """Yield all elements, children before their parents."""
    for child in root:
        yield from _parents(child)
    yield root


def _is_nothing(element: ET.Element) -> bool:
    if element.get("display") == "none":
        return True
    if element.tag == "g":
        return not len(element)
    if element.tag == "text":
        return not element.text and not len(element)
    # Groups of Vega have no colours: marks have their own.
    is_painted = element.get("fill", "none") != "none" or "stroke" in element.attrib
    return element.tag == "path" and not is_painted
