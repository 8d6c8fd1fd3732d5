"""The options of how orders are read."""

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


class DateOptions(TypedDict, total=False):
    """Which days count."""

    as_of: Required[
        Annotated[
            date | str,
            Option(
                "Date of analysis, inclusive; newest: that of the newest row.", _PANEL, REQUIRED,
                "DATE",
                doc="date of analysis, inclusive: later rows are dropped; `newest` is the local "
                "date of the newest row that counts",
                stated="`newest`",
            ),
        ]
    ]  # fmt: skip
    window: Annotated[
        str | None,
        Option(
            "Only orders this long before --as-of.", _PANEL, None, "365d|12mo",
            doc="keep only days after `as_of - window`, in days or calendar months",
        ),
    ]  # fmt: skip


class ReadingOptions(TypedDict, total=False):
    """What the values of the columns mean, and which rows count."""

    timezone: Annotated[
        str,
        Option(
            "Zone of naive times and of days.", _PANEL, "UTC", "ZONE",
            doc="IANA name or `+02:00`: zone of naive times and of calendar days",
        ),
    ]  # fmt: skip
    amount_scale: Annotated[
        int | None,
        Option(
            "Digits after the point; more are rounded half-even.", _PANEL, None, "N",
            doc="digits after the point, 0 to 18; by default a decimal's own, 0 for integers "
            "(which are minor units then), 2 for floats and CSV",
            stated="that of the amounts",
        ),
    ]  # fmt: skip
    refunds: Annotated[
        Refunds,
        Option(
            "What negative amounts do.", _PANEL, "net",
            doc="negative amounts: lower monetary but are no orders; are dropped; are refused; "
            "`net-order`, which needs `--order`: as `net`, and an order counts only when the sum "
            "of its rows is above 0, or is 0 without a refund, so that a cancelled order is no "
            "order: [which orders count](../explanation/definitions.md)",
        ),
    ]  # fmt: skip
    zero: Annotated[
        Zero | None,
        Option(
            "What zero amounts do; default: that of the scheme, or count.", _PANEL, "count",
            doc="zero amounts: are orders; are dropped",
            stated="that of the scheme, or `count`",
        ),
    ]  # fmt: skip
    frequency: Annotated[
        Frequency | None,
        Option(
            "Count orders, or days with orders; default: that of the scheme, or orders.", _PANEL,
            "orders",
            doc="count orders, or distinct local dates with one",
            stated="that of the scheme, or `orders`",
        ),
    ]  # fmt: skip
    ids: Annotated[
        Ids,
        Option(
            "Customer ids in CSV.", _PANEL, "auto",
            doc="CSV: customer and order ids as integers (`7.0` is 7) or as text (`auto` is text); "
            "groups of `--by` stay text",
        ),
    ]  # fmt: skip
    csv_delimiter: Annotated[
        str,
        Option(
            r"Between CSV fields; \t: a tab, space: runs of blanks.", _PANEL, ",", "C|space",
            doc=r"between CSV fields; `\t` is a tab, `space` means runs of blanks and tabs. A "
            "first line such as `sep=;` sets it too; another delimiter than the one there is "
            "refused (exit code 2)",
        ),
    ]  # fmt: skip
    csv_decimal: Annotated[
        str,
        Option(
            "Decimal point of CSV amounts.", _PANEL, ".", "C",
            doc="decimal point of CSV amounts, `.` or `,`",
        ),
    ]  # fmt: skip
    csv_thousands: Annotated[
        str | None,
        Option(
            "Between groups of three digits in CSV.", _PANEL, None, "C|space",
            doc="CSV: the sign between groups of three digits in amounts, quantities and numbers "
            "of orders; `space` includes no-break spaces",
        ),
    ]  # fmt: skip
    csv_null: Annotated[
        str | Sequence[str],
        Option(
            "Unquoted words of CSV that are null, as NULL,NA.", _PANEL, (), "W1,W2",
            doc="CSV: words that are null where they are not quoted, compared exactly; the empty "
            "field is null in any case",
            stated="none",
        ),
    ]  # fmt: skip
    csv_encoding: Annotated[
        CsvEncoding,
        Option(
            "Encoding of CSV.", _PANEL, "utf-8",
            doc="CSV: `utf-8`, `latin-1`, `cp1252` or `utf-16` (with a byte order mark)",
        ),
    ]  # fmt: skip
    time_format: Annotated[
        str | None,
        Option(
            "What text and numbers of times mean: a strptime format; default ISO.", _PANEL, None,
            "F|epoch|epoch-ms|excel",
            doc="what [text and numbers](input-and-output.md#times-in-text-and-numbers) in the "
            "time column mean; F is a format of `strptime`",
            stated="ISO 8601",
        ),
    ]  # fmt: skip
    distinct: Annotated[
        str | Sequence[str],
        Option(
            "Count rows that are equal in these columns once.", _PANEL, (), "COL[,COL]",
            doc="count rows that are equal in these columns once, for exports that overlap; rows "
            "that are equal in them and differ in what is read are refused: see [overlapping "
            "exports](../how-to/overlapping-exports.md)",
            stated="none",
        ),
    ]  # fmt: skip
    as_files: Annotated[
        bool,
        Option(
            "Read files of Delta, Iceberg and Hudi tables, deleted rows too.", _PANEL,
            default=False,
            doc="read the files of a [Delta, Iceberg or Hudi "
            "table](../how-to/tables-of-a-lake.md), which are refused otherwise because deleted "
            "rows are still in them",
        ),
    ]  # fmt: skip
    customer_level: Annotated[
        bool,
        Option(
            "Rows are customers: --time is the last order, --amount the total.", _PANEL,
            default=False,
            doc="rows are customers instead of orders: `--time` is the last order, `--orders` how "
            "many, `--amount` the total; see [customer totals](../how-to/customer-level.md)",
        ),
    ]  # fmt: skip
    strict: Annotated[
        bool,
        Option(
            "Refuse nulls, bad times, amounts that are not finite or must be rounded.", "Running",
            default=False,
            doc="refuse null customers, times and amounts, bad times, amounts that are not finite "
            "or were rounded",
        ),
    ]  # fmt: skip
