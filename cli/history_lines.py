"""What `rfm history` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import HistoryOptions

from .columns import column_lines
from .words import counted

if TYPE_CHECKING:
    from rfm_engine.history.adding import Added

_HEADS = ("date", "customers", "new", "changed", "left", "monetary")


def added_line(done: Added, summary: Mapping[str, Any]) -> str:
    """Return what happened to a date."""
    customers = counted(done.customers, "customer")
    if done.status == "unchanged":
        return f"{done.as_of}: {customers}, already in the history with the same content"
    moved = f"{summary['changed']:,} changed their segment, {summary['new']:,} new"
    return f"{done.as_of} {done.status}: {customers}; {moved}, {summary['left']:,} left"


def show_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of `rfm history show`."""
    dates = found["dates"]
    ends = list(dict.fromkeys(each["as_of"] for each in (*dates[:1], *dates[-1:])))
    span = f", {' to '.join(ends)}" if ends else ""
    frozen = ", scored with one model" if found["frozen"] else ""
    yield f"{counted(len(dates), 'date')}{span}, scheme {found['scheme']}{frozen}"
    known = declared(HistoryOptions)
    given = [
        known[name].flag if value is True else f"{known[name].flag} {_typed(value)}"
        for name, value in found["options"].items()
        if _plain(value) not in (_plain(known[name].option.default), None) and name != "scheme"
    ]
    if given:
        yield "with " + ", ".join(given)
    if dates:
        yield from column_lines([_HEADS, *map(_cells, dates)], [False] * len(_HEADS))
    for name in found["ignored"]:
        yield f"{name} has no summary and is ignored"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _cells(summary: Mapping[str, Any]) -> tuple[str, ...]:
    money = sum(Decimal(each["monetary"]) for each in summary["segments"])
    counts = (f"{summary[name]:,}" for name in ("customers", "new", "changed", "left"))
    return (summary["as_of"], *counts, f"{money:,}")


def _typed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
