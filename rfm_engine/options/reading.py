"""The options for reading orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Required, TypedDict

from rfm_engine.options.declaration import REQUIRED, Option

Refunds = Literal["net", "drop", "error", "net-order"]
Zero = Literal["count", "drop"]
Frequency = Literal["orders", "days"]
Ids = Literal["auto", "int", "text"]
CsvEncoding = Literal["utf-8", "latin-1", "cp1252", "utf-16"]

_PANEL = "Reading"


class AsOfOptions(TypedDict, total=False):
    """The date of analysis."""

    as_of: Required[
        Annotated[
            date | str,
            Option(
                "Date of analysis, inclusive; newest is the date of the newest row.",
                _PANEL, REQUIRED, "DATE",
                doc="date of analysis, inclusive: later rows are dropped; `newest` is the local "
                "date of the newest counted row",
                stated="`newest`",
            ),
        ]
    ]  # fmt: skip


class WindowOptions(TypedDict, total=False):
    """The days before the date of analysis that are counted."""

    window: Annotated[
        str | None,
        Option(
            "Use only orders within this many days or months before --as-of.",
            _PANEL, None, "365d|12mo",
            doc="keep only days after `as_of - window`; the window is in days or calendar "
            "months",
        ),
    ]  # fmt: skip


class DateOptions(AsOfOptions, WindowOptions, total=False):
    """The days that are counted."""


class ValueOptions(TypedDict, total=False):
    """The meaning of values, and which orders are counted."""

    timezone: Annotated[
        str,
        Option(
            "Time zone of calendar days, and of times without a zone.", _PANEL, "UTC", "ZONE",
            doc="time zone of calendar days and of times without a zone: IANA name or `+02:00`",
        ),
    ]  # fmt: skip
    amount_scale: Annotated[
        int | None,
        Option(
            "Decimal places of amounts, 0 to 18; further places are rounded; default: those of the "
            "type for decimals, 0 for integers, 2 for floats and CSV.",
            _PANEL, None, "N",
            doc="decimal places of amounts, 0 to 18; by default those of the type for decimals, "
            "0 for integers (which are then minor units), 2 for floats and CSV",
            stated="depends on the amounts",
        ),
    ]  # fmt: skip
    refunds: Annotated[
        Refunds,
        Option(
            "How to treat negative amounts.", _PANEL, "net",
            doc="negative amounts with `net` reduce `monetary` but are not orders; with `drop` "
            "they are dropped; with `error` the orders are refused; `net-order` needs `--order` "
            "and is like `net`, but an order counts only if the sum of its rows is above 0, or is "
            "0 without a refund, so that a cancelled order does not count: "
            "[which orders count](../explanation/definitions.md)",
        ),
    ]  # fmt: skip
    zero: Annotated[
        Zero | None,
        Option(
            "Count zero amounts as orders, or drop them; default: set by the scheme, or count.",
            _PANEL, "count",
            doc="count zero amounts as orders, or drop them",
            stated="set by the scheme, or `count`",
        ),
    ]  # fmt: skip
    frequency: Annotated[
        Frequency | None,
        Option(
            "Count orders, or days with orders; default: set by the scheme, or orders.", _PANEL,
            "orders",
            doc="count orders, or distinct local dates with an order",
            stated="set by the scheme, or `orders`",
        ),
    ]  # fmt: skip


class FileOptions(TypedDict, total=False):
    """The format of CSV files."""

    ids: Annotated[
        Ids,
        Option(
            "Read ids of customers and orders in CSV as text (auto, text) or as whole numbers "
            "(int: 7.0 is 7).", _PANEL, "auto",
            doc="CSV: read customer and order ids as integers (`7.0` is 7) or as text (`auto` is "
            "text); order ids of refunds and dropped rows may be other text, which is read as "
            "null; groups of `--by` are always text",
        ),
    ]  # fmt: skip
    csv_delimiter: Annotated[
        str,
        Option(
            r"Delimiter of CSV fields: a character, \t for a tab, or the word space for runs of "
            "blanks; default: a comma.", _PANEL, ",", "C|space",
            doc=r"delimiter of CSV fields; `\t` is a tab, `space` means runs of blanks and tabs. A "
            "first line such as `sep=;` also sets the delimiter; the file is refused (exit code 2) "
            "if this option names a different one other than the comma",
        ),
    ]  # fmt: skip
    csv_decimal: Annotated[
        str,
        Option(
            "Decimal separator of CSV amounts, a point (default) or a comma.", _PANEL, ".", "C",
            doc="decimal separator of CSV amounts, `.` or `,`",
        ),
    ]  # fmt: skip
    csv_thousands: Annotated[
        str | None,
        Option(
            "Thousands separator of CSV numbers: a character, or the word space for a blank.",
            _PANEL, None, "C|space",
            doc="CSV: the thousands separator in amounts, quantities and numbers of orders; "
            "`space` includes no-break spaces",
        ),
    ]  # fmt: skip
    csv_null: Annotated[
        str | Sequence[str],
        Option(
            "Unquoted words in CSV that mean null, for example NULL,NA.", _PANEL, (), "W1,W2",
            doc="CSV: words that mean null unless they are quoted, compared exactly; an empty "
            "field is always null",
            stated="none",
        ),
    ]  # fmt: skip
    csv_encoding: Annotated[
        CsvEncoding,
        Option(
            "Encoding of CSV files.", _PANEL, "utf-8",
            doc="encoding of CSV files; `utf-16` has a byte order mark",
        ),
    ]  # fmt: skip


class TimeFormatOptions(TypedDict, total=False):
    """The format of times as text or numbers."""

    time_format: Annotated[
        str | None,
        Option(
            "Format of times that are text or numbers; F is a strptime format; default: ISO 8601.",
            _PANEL, None, "F|epoch|epoch-ms|excel",
            doc="format of [text and numbers](input-and-output.md#times-in-text-and-numbers) in "
            "the time column; F is a format of `strptime`",
            stated="ISO 8601",
        ),
    ]  # fmt: skip


class SourceOptions(TypedDict, total=False):
    """Rows and files that belong to other rows and files."""

    distinct: Annotated[
        str | Sequence[str],
        Option(
            "Count rows with equal values in these columns only once.", _PANEL, (), "COL[,COL]",
            doc="count rows with equal values in these columns once, for exports that overlap; "
            "rows that are equal in these columns but differ in another column that is read are "
            "refused: see [overlapping exports](../how-to/overlapping-exports.md)",
            stated="none",
        ),
    ]  # fmt: skip
    as_files: Annotated[
        bool,
        Option(
            "Read all files of a Delta, Iceberg or Hudi table, even rows that the table has "
            "deleted.", _PANEL,
            default=False,
            doc="read the files of a [Delta, Iceberg or Hudi "
            "table](../how-to/tables-of-a-lake.md), which are refused otherwise because they still "
            "contain deleted rows",
        ),
    ]  # fmt: skip


class LevelOptions(TypedDict, total=False):
    """What a row is, and how strictly it is checked."""

    customer_level: Annotated[
        bool,
        Option(
            "Rows are customers: --time is the last order, --amount the total.", _PANEL,
            default=False,
            doc="rows are customers instead of orders: `--time` is the last order, `--orders` the "
            "number of orders, `--amount` the total; "
            "see [customer totals](../how-to/customer-level.md)",
        ),
    ]  # fmt: skip
    strict: Annotated[
        bool,
        Option(
            "Refuse nulls, bad times, and amounts that are not finite or must be rounded.",
            "Running", default=False,
            doc="refuse null customers, times and amounts, bad times, and amounts that are not "
            "finite or must be rounded",
        ),
    ]  # fmt: skip


class ReadingOptions(
    ValueOptions, FileOptions, TimeFormatOptions, SourceOptions, LevelOptions, total=False
):
    """The meaning of values, and which rows are counted."""
