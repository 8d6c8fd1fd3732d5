"""A page that lists reports by date, with links to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple
from xml.etree import ElementTree as ET

from rfm_engine.reporting.language import NOTHING, Language
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.parts import Column, datum, table
from rfm_engine.reporting.page.shell import document_around
from rfm_engine.result.assembly import VERSION


class Entry(NamedTuple):
    """A report in the list.

    Attributes
    ----------
    day
        Its date.
    link
        Where its page is, relative to the list.
    customers
        Number of customers; None if it is not known, or hidden.
    change
        Customers more than at the date before; None if it is not known, or hidden.
    """

    day: date
    link: str
    customers: int | None
    change: int | None


def index_of(
    entries: Iterable[Entry], language: Language, title: str | None, logo: str | None
) -> str:
    """Return the page with the list, in the order of the entries.

    Parameters
    ----------
    title
        The title; None for that of reports in this language.
    logo
        A picture as a data URI.
    """
    heading = title or language.text("title")
    image = None if logo is None else element("img", {"src": logo, "alt": "", "class": "logo"})
    columns = [
        Column(language.text("column.date"), is_number=False),
        Column(language.text("column.customers")),
        Column(language.text("column.change")),
    ]
    rows = [_row(each, language) for each in entries]
    listed = table(language.text("index.caption"), columns, rows)
    body = element(
        "body", None,
        element(
            "header", None,
            of_class("div", "title", image, element("h1", None, heading)),
            of_class("p", "subtitle", language.text("index.subtitle")),
        ),
        of_class("main", "cards", of_class("div", "card", listed)),
    )  # fmt: skip
    return document_around(body, language, heading, VERSION, has_images=logo is not None)


def _row(entry: Entry, language: Language) -> list[Child]:
    link = element("a", {"href": entry.link}, language.date(entry.day.isoformat()))
    return [
        link,
        NOTHING if entry.customers is None else _datum(entry.customers, language.number),
        NOTHING if entry.change is None else _datum(entry.change, language.signed),
    ]


def _datum(value: int, written: Callable[[int], str]) -> ET.Element:
    return datum(str(value), written(value))
