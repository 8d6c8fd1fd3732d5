"""Findings: a few sentences from fixed rules. Each names numbers of a table below it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from rfm_engine.reporting.charts.cohorts import FEWEST
from rfm_engine.reporting.charts.concentration import BEST
from rfm_engine.reporting.page.parts import View

MOST = 6
_NOTABLE_DROPPED = Fraction(1, 100)


class Fall(NamedTuple):
    """Customers who went from the best third of the segments to the worst third."""

    start: str
    end: str
    customers: int
    spend: Decimal


def findings(view: View) -> list[str]:
    """Return the sentences, at most `MOST`."""
    rules = (_best, _stayed, _fell, _rose, _one_time, _doubtful)
    return [sentence for rule in rules for sentence in rule(view)][:MOST]


def third_of(view: View) -> int:
    """Return the number of segments in a third of the scheme, at least one."""
    return max(len(view.document["segments"]) // 3, 1)


def falls_of(view: View) -> list[Fall]:
    """Return the falls between the first and the last third of the scheme, most spend first."""
    movement = view.document["movement"]
    names = [each["name"] for each in view.document["segments"]]
    third = third_of(view)
    best, worst = set(names[:third]), set(names[-third:])
    if movement is None or len(names) < 2 or best & worst:
        return []
    moves = [each for each in movement["matrix"] if each["from"] in best and each["to"] in worst]
    if any(each["customers"] is None for each in moves):
        return []  # the largest one may be hidden
    found = [
        Fall(each["from"], each["to"], each["customers"], Decimal(each["monetary_from"]))
        for each in moves
        if each["customers"]
    ]
    return sorted(found, key=lambda fall: (-fall.spend, -fall.customers, fall.start, fall.end))


def _best(view: View) -> Iterator[str]:
    segments = view.document["segments"]
    head, language = view.document["head"], view.language
    if not segments or not head["customers"] or not segments[0]["customers"]:
        return
    best, spent = segments[0], Decimal(head["monetary"])
    concentration = view.document["concentration"]
    values = {
        "segment": best["name"], "customers": language.share(best["customers"], head["customers"]),
        "spend": language.share(Decimal(best["monetary"]), spent),
    }  # fmt: skip
    if concentration is None or spent <= 0:
        yield view.text("finding.best", **values)
        return
    top = next(each for each in concentration["best"] if each["percent"] == BEST)
    if top["monetary"] is None:
        yield view.text("finding.best", **values)
        return
    share = language.share(Decimal(top["monetary"]), spent)
    yield view.text("finding.best_and_top", **values, percent=BEST, share=share)


def _stayed(view: View) -> Iterator[str]:
    movement = view.document["movement"]
    if movement is None or None in movement["sizes"].values():
        return
    sizes = movement["sizes"]
    both = sizes["customers_from"] - sizes["left"]
    if both:
        language = view.language
        yield view.text(
            "finding.stayed", part=language.number(sizes["in_same_segment"]),
            whole=language.number(both), share=language.share(sizes["in_same_segment"], both),
            date=language.date(movement["from"]),
        )  # fmt: skip


def _fell(view: View) -> Iterator[str]:
    falls = falls_of(view)
    if not falls:
        return
    language, movement = view.language, view.document["movement"]
    largest = max(falls, key=lambda fall: (fall.customers, fall.spend))
    n_segments = len(view.document["segments"])
    third = third_of(view)
    yield view.text(
        "finding.fell", sum(fall.customers for fall in falls), third=language.number(third),
        segments=language.number(n_segments),
        start=largest.start, end=largest.end, customers=view.text("n_customers", largest.customers),
        spend=language.spent(largest.spend), date=language.date(movement["from"]),
    ) + _most_spend(view, falls, largest)  # fmt: skip


def _most_spend(view: View, falls: list[Fall], largest: Fall) -> str:
    """Return which fall has the most spend at stake, unless it is the largest one."""
    most = falls[0]
    if most == largest:
        return ""
    return " " + view.text(
        "finding.fell_most_spend", most.customers, start=most.start, end=most.end,
        spend=view.language.spent(most.spend),
    )  # fmt: skip


def _rose(view: View) -> Iterator[str]:
    movement = view.document["movement"]
    if movement is None:
        return
    place = {each["name"]: number for number, each in enumerate(view.document["segments"])}
    rises: list[dict[str, Any]] = [
        each
        for each in movement["matrix"]
        if each["from"] in place and each["to"] in place
        and place[each["to"]] < place[each["from"]]
    ]  # fmt: skip
    if rises and all(each["customers"] is not None for each in rises):
        most = max(rises, key=lambda each: each["customers"])
        yield view.text("finding.rose", most["customers"], start=most["from"], end=most["to"])


def _one_time(view: View) -> Iterator[str]:
    once, customers = (
        view.document["head"]["one_time_customers"],
        view.document["head"]["customers"],
    )
    if once is not None and customers:
        share = view.language.share(once, customers)
        key = f"finding.one_time.{view.document['counted']}"
        yield view.text(key, share=share, count=view.language.number(once))


def _doubtful(view: View) -> Iterator[str]:
    """Yield what a reader should know before believing the numbers."""
    head, language = view.document["head"], view.language
    rows = head["rows"] or {"read": 0, "counted": 0}
    dropped = rows["read"] - rows["counted"]
    if rows["read"] and Fraction(dropped, rows["read"]) > _NOTABLE_DROPPED:
        yield view.text("finding.dropped", dropped, share=language.share(dropped, rows["read"]))
    if head["amounts_rounded"]:
        yield view.text("finding.rounded", head["amounts_rounded"])
    if head["customers_without_orders"]:
        yield view.text("finding.without_orders", head["customers_without_orders"])
    yield from _ties(view)
    small = [
        each for each in view.document["segments"]
        if each["customers"] is not None and 0 < each["customers"] < FEWEST
    ]  # fmt: skip
    if small:
        least = min(small, key=lambda each: each["customers"])
        yield view.text("finding.small", least["customers"], segment=least["name"])


def _ties(view: View) -> Iterator[str]:
    """Yield which scores no customer can have, because their cut points are equal."""
    for axis, found in view.document["distributions"].items():
        cuts = found["cuts"]
        places = [n for n in range(1, len(cuts)) if cuts[n] == cuts[n - 1]]
        if places and found["cuts_are_exact"]:
            first, n_cuts = view.document["first_score"], len(cuts)
            empty = sorted(first + (n_cuts - n if axis == "recency" else n) for n in places)
            scores = ", ".join(f"{axis[0].upper()}{score}" for score in empty)
            name = view.text(f"axis_name.{axis}")
            yield view.text("finding.ties", scores=scores, axis=name)
