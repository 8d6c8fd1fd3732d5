"""The options of scoring, declared once for every command that scores."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from .config import read_config
from .exits import Misuse, cut


def _option(panel: str, help: str, metavar: str | None = None) -> Any:  # noqa: A002
    return typer.Option(rich_help_panel=panel, help=help, metavar=metavar)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _bins(text: str | None) -> list[int] | None:
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError:
        raise Misuse(
            f"--bins must be a whole number, or three; got {cut(text or '')!r}. Try 5."
        ) from None


def _checked_bins(given: str | None) -> str | None:
    _bins(given)
    return given


_columns = functools.partial(_option, "Columns", metavar="COL")
_reading = functools.partial(_option, "Reading")
_scoring = functools.partial(_option, "Scoring")
_running = functools.partial(_option, "Running")


_READING = (
    "customer", "time", "amount", "order", "quantity", "currency", "rates", "n_orders", "by",
    "where", "timezone", "amount_scale", "refunds", "zero", "frequency", "ids", "csv_delimiter",
    "csv_decimal", "csv_thousands", "csv_null", "csv_encoding", "time_format", "distinct",
    "as_files", "customer_level", "strict",
)  # fmt: skip
"""The options that a state sets for good."""
_ROWS = (*_READING, "as_of", "window", "config", "threads", "memory_limit", "store_timeout")
"""The options of a command whose result are rows of orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """What `rfm score` was asked, as typed."""

    customer: Annotated[str, _columns("Who ordered.")] = "customer_id"
    time: Annotated[str, _columns("When.")] = "order_time"
    amount: Annotated[str, _columns("For how much.")] = "amount"
    order: Annotated[str | None, _columns("Order id: rows are lines of orders.")] = None
    quantity: Annotated[str | None, _columns("Amounts are prices of this many.")] = None
    currency: Annotated[str | None, _columns("Refuse more than one currency.")] = None
    rates: Annotated[
        str | None, _columns("Currencies to one: currency,rate[,date].", metavar="FILE.csv")
    ] = None
    n_orders: Annotated[
        str | None,
        typer.Option(
            "--orders", rich_help_panel="Columns", metavar="COL",
            help="With --customer-level: how many orders; default: orders.",
        ),
    ] = None  # fmt: skip
    where: Annotated[
        list[str] | None, _columns("Keep rows by value; repeatable.", metavar="COL=V1,V2|COL!=V1")
    ] = None
    as_of: Annotated[
        str, _reading("Date of analysis, inclusive; newest: that of the newest row.", "DATE")
    ] = "newest"
    window: Annotated[
        str | None, _reading("Only orders this long before --as-of.", "365d|12mo")
    ] = None
    timezone: Annotated[str, _reading("Zone of naive times and of days.", "ZONE")] = "UTC"
    amount_scale: Annotated[
        int | None, _reading("Digits after the point; more are rounded half-even.", "N")
    ] = None
    refunds: Annotated[
        Literal["net", "drop", "error", "net-order"], _reading("What negative amounts do.")
    ] = "net"
    zero: Annotated[
        Literal["count", "drop"] | None,
        _reading("What zero amounts do; default: that of the scheme, or count."),
    ] = None
    frequency: Annotated[
        Literal["orders", "days"] | None,
        _reading("Count orders, or days with orders; default: that of the scheme, or orders."),
    ] = None
    ids: Annotated[Literal["auto", "int", "text"], _reading("Customer ids in CSV.")] = "auto"
    csv_delimiter: Annotated[
        str, _reading(r"Between CSV fields; \t: a tab, space: runs of blanks.", "C|space")
    ] = ","
    csv_decimal: Annotated[str, _reading("Decimal point of CSV amounts.", "C")] = "."
    csv_thousands: Annotated[
        str | None, _reading("Between groups of three digits in CSV.", "C|space")
    ] = None
    csv_null: Annotated[
        str | None, _reading("Unquoted words of CSV that are null, as NULL,NA.", "W1,W2")
    ] = None
    csv_encoding: Annotated[
        Literal["utf-8", "latin-1", "cp1252", "utf-16"], _reading("Encoding of CSV.")
    ] = "utf-8"
    time_format: Annotated[
        str | None,
        _reading(
            "What text and numbers of times mean: a strptime format; default ISO.",
            "F|epoch|epoch-ms|excel",
        ),
    ] = None
    distinct: Annotated[
        str | None, _reading("Count rows that are equal in these columns once.", "COL[,COL]")
    ] = None
    as_files: Annotated[
        bool,
        typer.Option(
            "--as-files",
            rich_help_panel="Reading",
            help="Read files of Delta, Iceberg and Hudi tables, deleted rows too.",
        ),
    ] = False
    customer_level: Annotated[
        bool,
        typer.Option(
            "--customer-level", rich_help_panel="Reading",
            help="Rows are customers: --time is the last order, --amount the total.",
        ),
    ] = False  # fmt: skip
    method: Annotated[
        str | None, _scoring("How scores are cut, or one for each of R,F,M.", "M|M,M,M")
    ] = None
    bins: Annotated[
        str | None,
        typer.Option(
            rich_help_panel="Scoring", metavar="N|N,N,N", help="Scores run from 1 to this.",
            callback=_checked_bins,
        ),
    ] = None  # fmt: skip
    r_cuts: Annotated[str | None, _scoring("Thresholds in days, ascending.", "a,b,c")] = None
    f_cuts: Annotated[str | None, _scoring("Thresholds in orders, ascending.", "a,b,c")] = None
    m_cuts: Annotated[str | None, _scoring("Thresholds in money, ascending.", "a,b,c")] = None
    monetary: Annotated[
        Literal["sum", "mean"] | None,
        _scoring("What the m score is cut on; default: that of the scheme, or sum."),
    ] = None
    weights: Annotated[
        str | None, _scoring("Add rfm_value, the weighted sum of the scores.", "a,b,c")
    ] = None
    by: Annotated[str | None, _scoring("Score within each group, such as each seller.", "COL")] = (
        None
    )
    overall: Annotated[
        bool,
        typer.Option(
            "--overall",
            rich_help_panel="Scoring",
            help="With --by: all groups together as well, under a null group.",
        ),
    ] = False
    clv: Annotated[
        bool,
        typer.Option(
            "--clv",
            rich_help_panel="Scoring",
            help="Add x, t_x, T and zbar, for models of customer lifetime value.",
        ),
    ] = False
    clv_unit: Annotated[
        Literal["D", "W"] | None, _scoring("Unit of t_x and T: days (default) or weeks.")
    ] = None
    scheme: Annotated[
        str | None,
        _scoring("Segments: a shipped scheme or a file; default: classic.", "NAME|FILE.toml"),
    ] = None
    model: Annotated[
        str | None, _scoring("Score by a model that --save-model wrote.", "FILE.json")
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel="Running", metavar="FILE.toml", is_eager=True, callback=read_config,
            help="Options from a file; what is typed goes before.",
        ),
    ] = None  # fmt: skip
    threads: Annotated[int | None, _running("Default: all cores.", "N")] = None
    memory_limit: Annotated[
        str | None,
        _running("Most memory, as 2GB or 512MiB; default: 80% of what is available.", "SIZE"),
    ] = None
    spill_dir: Annotated[
        str | None, _running("Where to put what memory has no room for.", "DIR")
    ] = None
    store_timeout: Annotated[
        str, _running("How long an object store may make no progress.", "SECONDS")
    ] = "30s"
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            rich_help_panel="Running",
            help="Refuse nulls, bad times, amounts that are not finite or must be rounded.",
        ),
    ] = False

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `rfm_engine.score`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["config"]  # What stands in it has become the values of others.
        lists = ("r_cuts", "f_cuts", "m_cuts", "weights")
        cuts = {name: _listed(values[name]) for name in lists}
        return (
            values
            | cuts
            | {
                "where": self.where or (),
                "csv_null": _listed(self.csv_null) or (),
                "distinct": _listed(self.distinct) or (),
                "csv_delimiter": self.csv_delimiter.replace(r"\t", "\t"),
                "method": _one_or_list(_listed(self.method)),
                "bins": _one_or_list(_bins(self.bins)),
            }
        )


def takes_score_options(command: Callable[..., None]) -> Callable[..., None]:
    """Put the options of scoring where a command has its parameter `options`."""
    return _takes(command, ScoreOptions, [field.name for field in fields(ScoreOptions)])


def takes_reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Put the options of how orders are read, but for dates, where a command has `options`."""
    return _takes(command, dict, [*_READING])


def takes_row_options(command: Callable[..., None]) -> Callable[..., None]:
    """Put the options of how orders are read, dates too, where a command has `options`."""
    return _takes(command, dict, [*_ROWS])


def row_arguments(options: dict[str, Any], carry: str | None) -> dict[str, Any]:
    """Return keyword arguments of `rfm_engine.normalized`; what is None is left out."""
    given = reading_arguments(options) | {"carry": _listed(carry) or ()}
    given.pop("config", None)  # What it says has become the values of others.
    return given


def reading_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Return keyword arguments of `rfm_engine.State.create`; what is None is left out."""
    options = options | {"csv_null": _listed(options["csv_null"])}
    given = {name: value for name, value in options.items() if value is not None}
    return given | {
        "csv_delimiter": options["csv_delimiter"].replace(r"\t", "\t"),
        "distinct": _listed(options["distinct"]) or (),
    }


def _takes(
    command: Callable[..., None], gather: Callable[..., Any], names: list[str]
) -> Callable[..., None]:
    hints = get_type_hints(ScoreOptions, include_extras=True)
    defaults = {field.name: field.default for field in fields(ScoreOptions)}
    parameters: list[inspect.Parameter] = []
    for own in inspect.signature(command, eval_str=True).parameters.values():
        if own.name != "options":
            parameters.append(own.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        parameters += [
            inspect.Parameter(name, own.kind, default=defaults[name], annotation=hints[name])
            for name in names
        ]

    def gathered(**values: Any) -> None:
        options = gather(**{name: values.pop(name) for name in names})
        command(**values, options=options)

    gathered.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    gathered.__doc__ = command.__doc__
    gathered.__annotations__ = {}
    return gathered


def _one_or_list(values: list[Any] | None) -> Any:
    return values[0] if values is not None and len(values) == 1 else values
