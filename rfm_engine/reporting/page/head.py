"""The head of the page: title, date, key figures, links to the sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.language import NOTHING, Language
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.parts import View, datum

_MOST_LETTERS = 80


def title_of(view: View) -> str:
    """Return the title of the page, with the group that it is about."""
    title = view.document["title"] or view.text("title")
    group = view.document["group"]
    if group is None:
        return str(title)
    return view.text("title_of_group", title=title, group=group_name(view.language, group))


def group_name(language: Language, about: Mapping[str, Any]) -> str:
    """Return a group in words, given the column `by` and its value `group`; None is null."""
    group: str | None = about["group"]
    if group is None:
        return language.text("no_group", by=about["by"])
    return (
        group if len(group) <= _MOST_LETTERS else group[:_MOST_LETTERS] + "\N{HORIZONTAL ELLIPSIS}"
    )


def head(view: View, logo: str | None) -> ET.Element:
    """Return the title, what was counted, and the key figures; `logo` is a data URI."""
    image = None if logo is None else element("img", {"src": logo, "alt": "", "class": "logo"})
    heading = element("h1", None, title_of(view))
    subtitle = of_class("p", "subtitle", _subtitle(view))
    return element(
        "header", None, of_class("div", "title", image, heading), subtitle, figures(view)
    )


def _subtitle(view: View) -> str:
    document, language = view.document, view.language
    as_of, rows = document["as_of"], document["head"]["rows"]
    if as_of is None:
        return view.text("head.no_date")
    date = language.date(as_of)
    if rows is None:
        return view.text("head.subtitle_of_group", date=date, by=document["group"]["by"])
    counted, read = (language.number(rows[key]) for key in ("counted", "read"))
    return view.text("head.subtitle", date=date, counted=counted, read=read)


def figures(view: View) -> ET.Element:
    """Return the five key figures, with the change since the earlier snapshot."""
    document, language = view.document, view.language
    found = document["head"]
    customers, orders, spent = found["customers"], found["orders"], found["monetary"]
    counted = document["counted"]
    since_customers, since_spent = _changes(view)
    per_order = per_customer = NOTHING
    if customers is not None:
        per_order = _ratio(view, Fraction(Decimal(spent)), orders, is_money=True)
        per_customer = _ratio(view, Fraction(orders), customers, is_money=False)
    money = NOTHING if spent is None else datum(spent, language.spent(spent))
    return element(
        "dl", {"class": "figures"},
        _figure(_label(view, "head.customers", customers), view.count(customers), since_customers),
        _figure(_label(view, f"head.{counted}", orders), view.count(orders), None),
        _figure(view.text("head.spent"), money, since_spent),
        _figure(view.text(f"head.per_{counted}"), per_order, None),
        _figure(view.text(f"head.{counted}_per_customer"), per_customer, None),
    )  # fmt: skip


def _label(view: View, key: str, n: int | None) -> str:
    """Return the word for what is counted; for several if the number is hidden."""
    return view.text(key, 0 if n is None else n)


def _changes(view: View) -> tuple[str | None, str | None]:
    """Return the changes of customers and spend since the earlier snapshot, if they are known."""
    before, found, language = view.document["before"], view.document["head"], view.language
    if before is None or before["customers"] is None or found["customers"] is None:
        return None, None
    date = language.date(before["as_of"])
    customers = language.signed(found["customers"] - before["customers"])
    change = Decimal(found["monetary"]) - Decimal(before["monetary"])
    has_sign = _spent_since(view) == "head.since"
    spent = language.compact(change, is_money=True, signed=has_sign)
    return (
        view.text("head.since", change=customers, date=date),
        view.text(_spent_since(view), change=spent, date=date),
    )


def _spent_since(view: View) -> str:
    """Return the key of the change of spend: without a window, it is what was spent since."""
    has_window = "window" in view.document["method"]["options"]
    return "head.since" if has_window else "head.spent_since"


def _ratio(view: View, part: Fraction, whole: int, *, is_money: bool) -> str:
    if not whole:
        return NOTHING
    exact = Decimal(round(part / whole * 100)).scaleb(-2)
    return view.language.money(exact) if is_money else view.language.number(exact)


def _figure(label: str, value: Child, since: str | None) -> ET.Element:
    note = None if since is None else of_class("dd", "since", since)
    return element("div", None, element("dt", None, label), element("dd", None, value), note)


def navigation(view: View, sections: Iterable[ET.Element]) -> ET.Element:
    """Return links to the sections."""
    links = [
        element("li", None, element("a", {"href": f"#{each.attrib['id']}"}, each[0].text))
        for each in sections
    ]
    return element("nav", {"aria-label": view.text("head.contents")}, element("ul", None, *links))
