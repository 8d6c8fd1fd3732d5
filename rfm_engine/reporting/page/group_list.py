"""A page that lists groups, with links to their pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree as ET

from rfm_engine.reporting.language import NOTHING, Language
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.head import group_name
from rfm_engine.reporting.page.parts import Column, datum, table
from rfm_engine.reporting.page.shell import document_around
from rfm_engine.result.assembly import VERSION


class GroupPage(NamedTuple):
    """A group in the list: the name of the file with its page, and its report document."""

    file: str
    document: dict[str, Any]


def group_list(pages: Sequence[GroupPage], language: Language, logo: str | None) -> str:
    """Return the page with the list, in the order of `pages`; there is at least one.

    Parameters
    ----------
    logo
        A picture as a data URI.
    """
    first = pages[0].document
    title = first["title"] or language.text("title")
    image = None if logo is None else element("img", {"src": logo, "alt": "", "class": "logo"})
    columns = [
        Column(first["group"]["by"], is_number=False), Column(language.text("column.customers")),
        Column(language.text(f"column.{first['counted']}")), Column(language.text("column.spent")),
    ]  # fmt: skip
    rows = [_row(page, language) for page in pages]
    name = element("h2", {"id": "groups-heading"}, language.text("section.groups"))
    said = of_class("p", "subtitle", language.text(
        "groups.on_pages", len(pages), whole=language.number(first["group"]["n"])
    ))  # fmt: skip
    card = element(
        "section", {"class": "card", "aria-labelledby": "groups-heading"}, name, said,
        table(language.text("caption.group_pages"), columns, rows),
    )  # fmt: skip
    heading = of_class("div", "title", image, element("h1", None, title))
    date = language.date(first["as_of"])
    subtitle = of_class("p", "subtitle", language.text("head.subtitle_of_list", date=date))
    header = element("header", None, heading, subtitle)
    body = element("body", None, header, of_class("main", "cards", card))
    return document_around(body, language, title, VERSION, has_images=logo is not None)


def _row(page: GroupPage, language: Language) -> list[Child]:
    head = page.document["head"]
    # The dot keeps a browser from reading a colon in a name as the end of a protocol.
    link = element("a", {"href": "./" + quote(page.file)}, _name(page.document, language))
    return [
        link, _count(head["customers"], language), _count(head["orders"], language),
        datum(head["monetary"], language.spent(head["monetary"])),
    ]  # fmt: skip


def _name(document: dict[str, Any], language: Language) -> str:
    return group_name(language, document["group"])


def _count(value: int | None, language: Language) -> ET.Element | str:
    return NOTHING if value is None else datum(str(value), language.number(value))
