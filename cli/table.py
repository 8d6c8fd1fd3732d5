"""Print the result of scoring as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .words import counted, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_BAR_CELLS = 12
_WIDTH_WITH_BARS = 92
_USUAL = {"frequency": "orders", "zero": "count", "monetary": "sum"}


def print_summary(console: Console, summary: dict[str, Any], *, cuts: bool = True) -> None:
    """Print what was counted, the cut points (unless `cuts` is false) and the segments."""
    for line in head_lines(summary, cuts=cuts):
        console.print(printable(line), highlight=False, markup=False, soft_wrap=True)
    bars = console.width >= _WIDTH_WITH_BARS and not console.options.ascii_only
    console.print(segment_table(summary["segments"], summary["counted"], bars=bars))
    if overall := summary.get("overall"):
        lines = [f"all groups together: {counted(overall['customers'], 'customer')}"]
        for line in lines + (cut_lines(overall["cuts"], summary["options"]) if cuts else []):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        console.print(segment_table(overall["segments"], summary["counted"], bars=bars))


def head_lines(summary: dict[str, Any], *, cuts: bool = True) -> list[str]:
    """Return lines on rows, customers, dropped rows, options and cut points."""
    rows = summary["rows"]
    lines = [
        f"{counted(summary['customers'], 'customer')} as of {summary['as_of'] or 'no date'}, "
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
    lines += condition_lines(summary["conditions"])
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
    return [f"cuts of {axes[axis]:<19} {_joined(at)}" for axis, at in (cuts or {}).items()]


def condition_lines(conditions: list[dict[str, Any]]) -> list[str]:
    """Return a line with the number that each condition of a scheme compares with."""
    return [
        f"condition {each['text']}: {each['value'] or 'each group has its own, if any'}"
        for each in conditions
        if not each["text"].endswith(f" {each['value']}")
    ]


def segment_table(segments: list[dict[str, Any]], counted: str, *, bars: bool) -> Table:
    """Return a table of the segments: customers, orders (or days), money, and shares."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Segment", style="bold", overflow="fold")
    for name in ("Customers", "Share", counted.capitalize(), "Monetary", "Share"):
        table.add_column(name, justify="right", no_wrap=True)
    if bars:
        table.add_column("", style="cyan", no_wrap=True)
    for segment in segments:
        cells: list[str | Text] = [
            Text(printable(segment["name"])),  # so that [bold] or :star: is not read as markup
            f"{segment['customers']:,}",
            _percent(segment["share_customers"]),
            f"{segment['orders']:,}",
            _money(segment["monetary"]),
            _percent(segment["share_monetary"]),
        ]
        bar = "█" * round((segment["share_monetary"] or 0) * _BAR_CELLS)
        table.add_row(*cells, *([bar] if bars else []))
    return table


def _joined(cuts: list[object]) -> str:
    return "  ".join(f"{cut:,}" if isinstance(cut, int) else _money(str(cut)) for cut in cuts)


def _money(text: str) -> str:
    """Add thousands separators to a decimal, without conversion to a float."""
    whole, point, cents = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-') or 0):,}{point}{cents}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
