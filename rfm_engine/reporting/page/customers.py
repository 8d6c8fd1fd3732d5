"""Sections about the customers at one date: segments, scores, distributions, concentration."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.charts.painting import measure_key
from rfm_engine.reporting.charts.ranges import score_ranges
from rfm_engine.reporting.language import NOTHING
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.parts import (
    Column,
    View,
    bar,
    card,
    details,
    figure,
    named,
    table,
    tabs,
)

_AXES = ("recency", "frequency", "monetary")


def segments(view: View) -> ET.Element | None:
    """Return the treemaps and the table of segments."""
    if not view.document["segments"]:
        return None
    maps = [figure(view, name, titled=True) for name in ("treemap-customers", "treemap-spend")]
    return card(
        view, "segments", of_class("div", "pair", *maps), _segment_table(view),
        _meanings(view), subtitle=view.text("subtitle.segments"),
    )  # fmt: skip


def _segment_table(view: View) -> ET.Element:
    found, head = view.document["segments"], view.document["head"]
    spent = Decimal(head["monetary"])
    shares = [_shares(each, head["customers"], spent) for each in found]
    most = max((share for pair in shares for share in pair), default=Fraction(0))
    counted = view.document["counted"]
    columns = [
        Column(view.text("column.segment"), is_number=False), Column(view.text("column.customers")),
        Column(view.text("column.share_of_customers")), Column(view.text(f"column.{counted}")),
        Column(view.text("column.spent")), Column(view.text("column.share_of_spend")),
        Column(view.text(f"column.per_{counted}")), Column(view.text("column.per_customer")),
        Column(view.text("column.recency")),
    ]  # fmt: skip
    rows: list[list[Child]] = []
    for each, pair in zip(found, shares, strict=True):
        fill = view.fills[each["name"]]
        customers, orders = each["customers"], each["orders"]
        texts = (
            view.share(customers, head["customers"]), view.share(each["monetary"], spent),
        )  # fmt: skip
        own: list[Child] = [
            of_class(
                "span", "cell", bar(float(share), float(most), fill),
                of_class("span", "share", text),
            )
            for share, text in zip(pair, texts, strict=True)
        ]  # fmt: skip
        rows.append([
            named(view, each["name"]), view.count(customers), own[0], view.count(orders),
            view.money(each["monetary"]), own[1],
            _mean(view, each["monetary"], orders, is_money=True),
            _mean(view, each["monetary"], customers, is_money=True),
            _mean(view, each["recency_days_total"], customers, is_money=False),
        ])  # fmt: skip
    longest = view.language.share(most.numerator, most.denominator)
    return table(view.text("caption.segments", most=longest), columns, rows)


def _shares(each: dict[str, Any], customers: int, spent: Decimal) -> tuple[Fraction, Fraction]:
    of_customers = Fraction(each["customers"] or 0, customers) if customers else Fraction(0)
    own = Decimal(each["monetary"] or 0)
    return of_customers, Fraction(own) / Fraction(spent) if spent > 0 else Fraction(0)


def _mean(view: View, total: Any, n: int | None, *, is_money: bool) -> str:
    if total is None or not n:
        return NOTHING
    digits = 2 if is_money else 1
    mean = Decimal(round(Fraction(Decimal(total)) / n * 10**digits)).scaleb(-digits)
    return view.language.money(mean) if is_money else view.language.number(mean)


def _meanings(view: View) -> ET.Element | None:
    """Return what the scheme says about each segment, and what it proposes to do."""
    described = [each for each in view.document["segments"] if each["about"] or each["action"]]
    if not described:
        return None
    columns = [
        Column(view.text(f"column.{key}"), is_number=False)
        for key in ("segment", "about", "action")
    ]
    rows = [
        [named(view, each["name"]), each["about"] or NOTHING, each["action"] or NOTHING]
        for each in described
    ]
    scheme = view.document["scheme"]["title"]
    caption = view.text("caption.meanings", scheme=scheme)
    return details(view, table(caption, columns, rows), "what_segments_mean")


def scores(view: View) -> ET.Element | None:
    """Return the heat maps of recency and frequency scores."""
    grid = view.document["grid"]
    if grid is None or "rf-customers" not in view.charts:
        return None
    counted = view.document["counted"]
    names = {"customers": "tab.customers", "spend": "tab.spend", "aov": f"column.per_{counted}"}
    panels = [(view.text(key), figure(view, f"rf-{kind}")) for kind, key in names.items()]
    has_borders = any(each["segment"] is not None for each in grid["cells"])
    best = {axis: grid[axis] + grid["first_score"] - 1 for axis in ("r", "f")}
    key = "subtitle.scores" if has_borders else "subtitle.scores_alone"
    subtitle = view.text(key, **best)
    if view.document["method"]["decided_by"] == ["r", "f"]:
        subtitle += " " + view.text("scores.only")
    columns = [
        Column(view.text("column.scores"), is_number=False),
        Column(view.text("column.segment"), is_number=False), Column(view.text("column.customers")),
        Column(view.text(f"column.{counted}")), Column(view.text("column.spent")),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            f"R{each['r']} F{each['f']}", each["segment"] or NOTHING, view.count(each["customers"]),
            view.count(each["orders"]), view.money(each["monetary"]),
        ]
        for each in reversed(grid["cells"])
    ]  # fmt: skip
    cells = table(view.text("caption.scores"), columns, rows)
    content = tabs(view, "scores", panels)
    return card(view, "scores", content, details(view, cells), wide=False, subtitle=subtitle)


def concentration(view: View) -> ET.Element | None:
    """Return the concentration curve and the shares of the biggest spenders."""
    found = view.document["concentration"]
    if found is None or "concentration" not in view.charts:
        return None
    spent = Decimal(found["curve"][-1]["monetary"])
    customers = found["curve"][-1]["customers"]
    columns = [
        Column(view.text("column.biggest"), is_number=False), Column(view.text("column.customers")),
        Column(view.text("column.spent")), Column(view.text("column.share_of_spend")),
    ]  # fmt: skip
    language = view.language
    best: list[list[Child]] = [
        [
            language.share(each["percent"], 100, 0), view.count(each["customers"]),
            view.money(each["monetary"]), view.share(each["monetary"], spent),
        ]
        for each in found["best"] if each["percent"] in (1, 5, 10, 20, 50)
    ]  # fmt: skip
    making = " ".join(
        view.text(
            "concentration.make", percent=each["percent"],
            customers=view.text("n_customers", each["customers"]),
            share=language.share(each["customers"], customers),
        )
        for each in found["make"]
        if each["percent"] in (50, 80) and each["customers"] is not None
    )  # fmt: skip
    notes: list[Child] = [of_class("p", "note", making)]
    gini = found["gini"]
    if gini is not None:
        number = language.ratio(Fraction(int(gini["num"]), int(gini["den"])), 3)
        notes.append(of_class("p", "note", view.text("concentration.gini", gini=number)))
    if found["negative_customers"]:
        text = view.text("concentration.negative", found["negative_customers"])
        notes.append(of_class("p", "note", text))
    own = table(view.text("caption.concentration"), columns, best)
    return card(
        view, "concentration", figure(view, "concentration"), own, *notes, wide=False,
        subtitle=view.text("subtitle.concentration"),
    )  # fmt: skip


def distributions(view: View) -> ET.Element | None:
    """Return the three distributions, and the cut points as a table."""
    parts = [_distribution(view, axis) for axis in _AXES]
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return card(
        view, "distributions", of_class("div", "three", *known), _cut_table(view),
        subtitle=view.text("subtitle.distributions"),
    )  # fmt: skip


def _distribution(view: View, axis: str) -> ET.Element | None:
    chart = figure(view, f"dist-{axis}", titled=True)
    if chart is None:
        return None
    found = view.document["distributions"][axis]
    language = view.language
    unit = f"unit.{axis}.{view.document['counted']}" if axis == "frequency" else f"unit.{axis}"
    cuts = [
        language.money(cut) if axis == "monetary" else language.number(cut) for cut in found["cuts"]
    ]
    listed = " · ".join(cuts)
    if not cuts:
        text = view.text("no_cuts")
    elif axis == "monetary":
        text = view.text("cuts", cuts=listed)
    else:
        text = view.text("cuts_in", unit=view.text(unit), cuts=listed)
    chart.insert(1, of_class("p", "cuts", text))
    return chart


def _cut_table(view: View) -> ET.Element:
    """Return which values get which score, and how many customers have it."""
    first = view.document["first_score"]
    columns = [
        Column(view.text("column.score"), is_number=False),
        Column(view.text("column.measure"), is_number=False), Column(view.text("column.values")),
        Column(view.text("column.customers")), Column(view.text("column.share_of_customers")),
    ]  # fmt: skip
    rows: list[list[Child]] = []
    for axis in _AXES:
        found = view.document["distributions"][axis]
        ranges = score_ranges(view.document, axis, view.language)
        total = view.document["head"]["customers"]
        for place in reversed(range(len(found["scores"]))):
            customers = found["scores"][place]
            rows.append([
                f"{axis[0].upper()}{place + first}", view.text(measure_key(view.document, axis)),
                ranges[place] if ranges else NOTHING,
                view.count(customers), view.share(customers, total),
            ])  # fmt: skip
    own = table(view.text("caption.cuts"), columns, rows)
    return details(view, element("div", None, own), "cuts_as_table")
