"""Print the result of scoring as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fact_lines import fact_lines
from .segment_table import segment_lines
from .treatment_table import treatment_lines
from .words import as_of_words, counted, printable, with_separators, wrapped

if TYPE_CHECKING:
    from rich.console import Console

_USUAL = {"frequency": "orders", "zero": "count", "monetary": "sum"}
# The axis of each raw measure.
_AXES = {
    "recency_days": "r", "frequency": "f", "mean_gap_days": "f", "monetary": "m",
    "average_order": "m",
}  # fmt: skip


def print_summary(console: Console, summary: dict[str, Any], *, cuts: bool = True) -> None:
    """Print what was counted, the cut points (unless `cuts` is false) and the segments."""
    for line in head_lines(summary, cuts=cuts):
        _say(console, line)
    _print_segments(console, summary["segments"], summary["counted"])
    _print_facts(console, summary)
    if unmatched := summary.get("attributes_unmatched"):
        rows, verb = counted(unmatched, "row"), "matches" if unmatched == 1 else "match"
        _say(console, f"attributes: {rows} {verb} no customer with an order")
    if overall := summary.get("overall"):
        _say(console, f"all groups together: {counted(overall['customers'], 'customer')}")
        for line in cut_lines(overall["cuts"], summary["options"]) if cuts else []:
            _say(console, line)
        _print_segments(console, overall["segments"], summary["counted"])
        _print_facts(console, overall)
    for line in treatment_lines(summary["segments"], console.width):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _say(console: Console, line: str) -> None:
    for each in wrapped(printable(line), console.width):
        console.print(each, highlight=False, markup=False, soft_wrap=True)


def _print_segments(console: Console, segments: list[dict[str, Any]], kind: str) -> None:
    ascii_only = console.options.ascii_only
    if console.is_terminal:
        console.print()
    for line in segment_lines(segments, kind, console.width, ascii_only=ascii_only):
        console.print(line, highlight=False, soft_wrap=True)


def _print_facts(console: Console, summary: dict[str, Any]) -> None:
    for line in fact_lines(summary["facts"]) if "facts" in summary else []:
        _say(console, line)


def head_lines(summary: dict[str, Any], *, cuts: bool = True) -> list[str]:
    """Return lines on rows, customers, dropped rows, options and cut points."""
    rows = summary["rows"]
    lines = [
        f"{counted(summary['customers'], 'customer')}{as_of_words(summary['as_of'])}, "
        f"from {rows['counted']:,} of {counted(rows['read'], 'row')}"
    ]
    dropped = [f"{n:,} {reason}" for reason, n in rows["dropped"].items() if n]
    if dropped:
        lines.append("dropped: " + ", ".join(dropped))
    if without := summary["customers_without_orders"]:
        lines.append(f"left out: {counted(without, 'customer')} without orders")
    chosen = [
        f"{name} {summary['options'][name]}"
        for name, usual in _USUAL.items()
        if summary["options"].get(name, usual) != usual
    ]
    if chosen:
        lines.append("with " + ", ".join(chosen))
    lines += [deciding_line(summary["decided_by"]), *condition_lines(summary["conditions"])]
    if not cuts:
        return lines
    if summary["cuts"] is None:
        owner = summary["options"].get("by") or "bin"
        sets = f"{counted(summary['cuts_by_group'], 'set')}, each {owner} has its own"
        given = set(summary["options"]["method"]) == {"thresholds"}
        lines.append(f"cuts: the given ones, for each {owner}" if given else f"cuts: {sets}")
    return lines + cut_lines(summary["cuts"], summary["options"])


def cut_lines(cuts: dict[str, list[object]] | None, options: dict[str, Any]) -> list[str]:
    """Return a line with the cut points of each axis."""
    of_frequency = options.get("frequency", _USUAL["frequency"])
    axes = {"r": "recency (days)", "f": f"frequency ({of_frequency})", "m": "monetary"}
    return [f"cuts of {axes[axis]:<19} {_joined(at)}" for axis, at in (cuts or {}).items() if at]


def deciding_line(decided_by: list[str]) -> str:
    """Return a line with what decides the segments, and the scores that play no part."""
    idle = [axis for axis in "rfm" if axis not in {_AXES.get(each, each) for each in decided_by}]
    line = f"segments by {_listed(decided_by)}" if decided_by else "one segment for all customers"
    if not idle or not decided_by:
        return line
    return f"{line}; {_listed(idle)} {'plays' if len(idle) == 1 else 'play'} no part"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:])


def condition_lines(conditions: list[dict[str, Any]]) -> list[str]:
    """Return a line with the number that each condition of a scheme compares with.

    The lines about customer facts below the table have the numbers of conditions on them.
    """
    return [
        f"condition {each['text']}: {each['value'] or 'each group has its own, if any'}"
        for each in conditions
        if not each["text"].endswith((f" {each['value']}", "is_whale"))
        and not each["text"].startswith("timing ")
    ]


def _joined(cuts: list[object]) -> str:
    return "  ".join(
        f"{cut:,}" if isinstance(cut, int) else with_separators(str(cut)) for cut in cuts
    )
