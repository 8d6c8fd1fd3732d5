"""Build HTML as a tree, so that every text is escaped when it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from rfm_engine.reporting.drawing.clean import cleaned

Child = ET.Element | str | None


def element(tag: str, attributes: Mapping[str, str] | None = None, *children: Child) -> ET.Element:
    """Return an element with attributes, and children that are elements or texts."""
    found = ET.Element(tag, {key: cleaned(value) for key, value in (attributes or {}).items()})
    append(found, children)
    return found


def append(parent: ET.Element, children: Iterable[Child]) -> None:
    """Append elements and texts; None is nothing."""
    for child in children:
        if child is None:
            continue
        if isinstance(child, ET.Element):
            parent.append(child)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + cleaned(child)
        else:
            parent.text = (parent.text or "") + cleaned(child)


def of_class(tag: str, name: str, *children: Child) -> ET.Element:
    """Return an element of a class of the style sheet."""
    return element(tag, {"class": name}, *children)


def html_of(root: ET.Element) -> str:
    """Return the text of a document."""
    return "<!DOCTYPE html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"
