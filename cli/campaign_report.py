"""Print and write the report of campaigns."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from .columns import column_lines
from .outcome import print_warnings, typed_warnings
from .scored import print_object
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.activation.campaign.outcomes import Outcome
    from rfm_engine.activation.campaign.report_table import Report

Row = Mapping[str, Any]
_SMALL = "*"


def print_report(found: Report, output: str | None, *, as_json: bool, quiet: bool) -> None:
    """Write the table of a report to a file, and print it for people or as a JSON object."""
    from rfm_engine.output import write

    if output is not None:
        write(found.table.to_reader(), found.table.schema, output)
    warnings = typed_warnings(found.results.warnings)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        print_object(found.summary() | {"warnings": warnings})
    elif not quiet:
        is_stderr = output == "-"
        is_terminal = (sys.stderr if is_stderr else sys.stdout).isatty()
        for number, outcome in enumerate(found.results.outcomes):
            for line, is_small in [("", False)] * (number > 0) + [*_lines(found, outcome)]:
                text = printable(line)
                is_grey = is_small and is_terminal
                typer.echo(typer.style(text, dim=True) if is_grey else text, err=is_stderr)
        if output not in (None, "-"):
            typer.echo(printable(f"report in {output}"))


def _lines(found: Report, outcome: Outcome) -> Iterator[tuple[str, bool]]:
    """Yield lines, and whether they are about too few customers."""
    from rfm_engine.activation.campaign.designs import CAVEAT, HOLDOUT

    rows = found.rows_of(outcome)
    yield f"{_title(found, outcome)}: {_about(outcome, rows[-1])}", False
    yield from _table([_done(row) for row in rows], rows)
    if any(row["is_small"] for row in rows):
        yield f"{_SMALL} fewer than 30 targeted customers: rates and returns say little", False
    if outcome.design == HOLDOUT and outcome.all_lines.uplift is not None:
        yield "", False
        yield "Uplift: treated minus held out, with 95% intervals; p after Holm", False
        yield from _table([_uplift(row) for row in rows], rows)
        yield from ((line, False) for line in _returned(rows[-1]))
    elif outcome.all_lines.trend is not None:
        yield "", False
        yield "Spend per customer, targeted minus others, with 95% intervals", False
        yield from _table([_trend(row) for row in rows], rows)
        yield from ((line, False) for line in _within_segments(rows[-1]))
        yield CAVEAT, False


def _title(found: Report, outcome: Outcome) -> str:
    groups = found.results.populations.groups
    group = "" if groups is None else f", {groups[outcome.group].as_py()}"
    return f"campaign {outcome.name}{group}"


def _about(outcome: Outcome, row: Row) -> str:
    dates = " and ".join(str(day) for day in outcome.dates[-1:])
    several = f" and {counted(len(outcome.dates) - 1, 'earlier date')}" * (len(outcome.dates) > 1)
    return (
        f"{row['targeted']:,} targeted, {row['held_out']:,} held out; orders of {outcome.first} to "
        f"{outcome.last}; segments of {dates}{several}" + _planned(outcome)
    )


def _planned(outcome: Outcome) -> str:
    from rfm_engine.activation.campaign.shares import percent_of

    ratio = outcome.ratio
    if ratio is None or ratio.found.is_broken:  # a warning says so
        return ""
    return f"; holdout of {percent_of(ratio.planned_bp)} as planned (p {ratio.found.p:.2f})"


def _table(cells: list[dict[str, str]], rows: Sequence[Row]) -> Iterator[tuple[str, bool]]:
    """Lay out cells by their heads; columns without a value are left out."""
    heads = [head for head in cells[0] if any(each[head] for each in cells)]
    texts = [heads, *([each[head] for head in heads] for each in cells)]
    head, rule, *lines = column_lines(texts, [name == "segment" for name in heads], ruled=True)
    yield head, False
    yield rule, False
    for line, row in zip(lines, rows, strict=True):
        yield line, row["is_small"]


def _done(row: Row) -> dict[str, str]:
    mark = _SMALL if row["is_small"] else ""
    return {
        "segment": row["segment"] + mark, "targeted": f"{row['targeted']:,}",
        "responders": _count(row["responders"]), "response": _percent(row.get("response_rate")),
        "buyers": _count(row["buyers"]), "conversion": _percent(row.get("conversion")),
        "orders": _count(row["orders"]), "spend": f"{row['spend']:,}",
        "margin": _money(row["margin"]), "cost": _money(row["cost"] or None),
        "ROI of responders": _money(row["roi_attributed"]),
        "LTV to all": "" if row.get("ltv_to_all") is None else f"{row['ltv_to_all']:.2f}",
    }  # fmt: skip


def _uplift(row: Row) -> dict[str, str]:
    p = "conversion_p_holm" if row["segment"] != "(all)" else "conversion_p"
    return {
        "segment": row["segment"], "held out": f"{row['held_out']:,}",
        "conversion": _percent(row.get("conversion")),
        "held out ": _percent(row.get("conversion_held_out")),
        "points": _points(row), "p": _p(row.get(p)),
        "spend per customer": _interval(row, "spend_uplift"),
        "p ": _p(row.get(p.replace("conversion", "spend"))),
    }  # fmt: skip


def _trend(row: Row) -> dict[str, str]:
    return {
        "segment": row["segment"],
        "others": _count(row.get("not_targeted")),
        "naive difference": _interval(row, "naive"),
        "difference in differences": _interval(row, "did"),
        "p": _p(row.get("did_p")),
    }


def _returned(row: Row) -> Iterator[str]:
    if row.get("incremental_spend") is not None:
        yield f"incremental spend {_interval(row, 'incremental_spend')}"
    if row.get("incremental_margin") is not None:
        yield f"incremental margin {_interval(row, 'incremental_margin')}"
    if row.get("roi_incremental") is not None:
        yield f"incremental ROI {_interval(row, 'roi_incremental')}"


def _within_segments(row: Row) -> Iterator[str]:
    if row.get("did_stratified") is not None:
        p = _p(row["did_stratified_p"])
        yield f"within segments {_interval(row, 'did_stratified')}" + (f", p {p}" if p else "")


def _count(n: int | None) -> str:
    return "" if n is None else f"{n:,}"


def _money(amount: Any) -> str:
    return "" if amount is None else f"{amount:,}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _p(p: float | None) -> str:
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _points(row: Row) -> str:
    """Return a difference of shares in percentage points."""
    if row.get("conversion_uplift") is None:
        return ""
    ends = (100 * row[f"conversion_uplift{end}"] for end in ("", "_low", "_high"))
    middle, low, high = (f"{each:+.2f}" for each in ends)
    return f"{middle} ({low} to {high})"


def _interval(row: Row, name: str) -> str:
    if row.get(name) is None:
        return ""
    middle, low, high = (f"{row[f'{name}{end}']:+,.2f}" for end in ("", "_low", "_high"))
    return f"{middle} ({low} to {high})"
