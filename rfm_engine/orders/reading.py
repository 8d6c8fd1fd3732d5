"""How orders are read: which columns, which days, which policies. Checked once, when made."""

from __future__ import annotations

import difflib
import os
import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Literal, get_args

from rfm_engine.errors import UsageError, shown
from rfm_engine.orders.csv_format import CsvFormat, null_words
from rfm_engine.orders.customer_level import orders_column
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.money.notation import Notation
from rfm_engine.orders.money.rates import Rates
from rfm_engine.orders.money.rates_file import read_rates
from rfm_engine.orders.time.numbers import NUMBER_FORMATS, is_time_format
from rfm_engine.orders.time.zones import Zone
from rfm_engine.orders.where import Condition

Refunds = Literal["net", "drop", "error", "net-order"]
Zero = Literal["count", "drop"]
Frequency = Literal["orders", "days"]
Ids = Literal["auto", "int", "text"]
ClvUnit = Literal["D", "W"]

NEWEST = "newest"
MAX_SCALE = 18
OUTPUT_COLUMNS = (
    "first_order", "last_order", "recency_days", "frequency", "monetary",
    "r_score", "f_score", "m_score", "rfm_score", "segment",
)  # fmt: skip
"""The columns that each result has, whatever is asked for."""
CLV_COLUMNS = ("x", "t_x", "T", "zbar")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The options of reading, as `rfm_engine.score` documents them, and the days they come to.

    Days count from 1970-01-01; `as_of_day` is None when the newest row decides, and `first_day`
    is None without a window or while the newest row is not known. `rates` are read here, unless
    they have been already. Readings are equal where `rate_table` is, whatever the file is called;
    `as_files` decides which files are read, and not what their rows come to.
    """

    as_of: date | str
    window: str | None = None
    customer: str = "customer_id"
    time: str = "order_time"
    amount: str = "amount"
    order: str | None = None
    quantity: str | None = None
    currency: str | None = None
    by: str | None = None
    rates: str | os.PathLike[str] | Rates | None = field(default=None, compare=False)
    where: Sequence[str] = ()
    timezone: str = "UTC"
    amount_scale: int | None = None
    refunds: Refunds = "net"
    zero: Zero = "count"
    frequency: Frequency = "orders"
    ids: Ids = "auto"
    csv_delimiter: str = ","
    csv_decimal: str = "."
    csv_thousands: str | None = None
    csv_null: Sequence[str] = ()
    csv_encoding: str = "utf-8"
    time_format: str | None = None
    as_files: bool = field(default=False, compare=False)
    strict: bool = False
    clv: bool = False
    clv_unit: ClvUnit | None = None
    customer_level: bool = False
    n_orders: str | None = None
    distinct: str | Sequence[str] = ()

    zone: Zone = field(init=False, repr=False, compare=False)
    csv: CsvFormat = field(init=False, repr=False, compare=False)
    notation: Notation = field(init=False, repr=False, compare=False)
    conditions: tuple[Condition, ...] = field(init=False, repr=False, compare=False)
    as_of_day: int | None = field(init=False, repr=False)
    first_day: int | None = field(init=False, repr=False)
    rate_table: Rates | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check every option and derive the days.

        Raises
        ------
        UsageError
            An option is none of its choices, two contradict each other, or the rates are faulty.
        """
        _choose("refunds", self.refunds, get_args(Refunds))
        _choose("zero", self.zero, get_args(Zero))
        _choose("frequency", self.frequency, get_args(Frequency))
        _choose("ids", self.ids, get_args(Ids))
        _choose("clv_unit", self.clv_unit or "D", get_args(ClvUnit))
        if self.clv_unit is not None and not self.clv:
            raise UsageError("clv_unit must come with clv; got it alone. Ask for clv too.")
        _choose("csv_decimal", self.csv_decimal, (".", ","))
        scale = self.amount_scale
        if scale is not None and (type(scale) is not int or not 0 <= scale <= MAX_SCALE):
            raise UsageError(f"amount_scale must be 0 to {MAX_SCALE} digits; got {shown(scale)}.")
        if self.time_format == "":
            raise UsageError("time_format must be a format like %d.%m.%Y; got nothing.")
        if isinstance(self.time_format, str) and not is_time_format(self.time_format):
            raise UsageError(
                f"time_format must be a format like %d.%m.%Y, or {', '.join(NUMBER_FORMATS)}; "
                f"got {shown(self.time_format)}."
            )
        for name in ("timezone", "time_format", "csv_delimiter"):
            given = getattr(self, name)
            if not isinstance(given, str) and (given is not None or name != "time_format"):
                raise UsageError(f"{name} must be text; got {shown(given)}.")
        object.__setattr__(self, "csv_null", null_words(self.csv_null))
        csv = CsvFormat(self.csv_delimiter, tuple(self.csv_null), self.csv_encoding)
        notation = Notation(self.csv_decimal, self.csv_thousands)
        notation.check(csv.delimiter)
        object.__setattr__(self, "csv", csv)
        object.__setattr__(self, "notation", notation)
        for name in ("as_files", "strict", "clv", "customer_level"):
            if type(getattr(self, name)) is not bool:
                raise UsageError(f"{name} must be True or False; got {shown(getattr(self, name))}.")
        for role in ("customer", "time", "amount", "order", "quantity", "currency", "by"):
            column = getattr(self, role)
            wanted = role in ("customer", "time", "amount") or column is not None
            if wanted and not isinstance(column, str):
                raise UsageError(f"{role} must name a column; got {shown(column)}.")
        self.refuse_named_like(OUTPUT_COLUMNS + CLV_COLUMNS * self.clv)
        if self.by == self.customer:
            raise UsageError(
                f"by must name another column than that of customers; got {self.by!r} for both. "
                "Name the column of groups."
            )
        options = {field.name: getattr(self, field.name) for field in fields(self) if field.init}
        n_orders = orders_column(self.n_orders, options, customer_level=self.customer_level)
        object.__setattr__(self, "n_orders", n_orders)
        object.__setattr__(self, "distinct", column_names(self.distinct))
        if self.refunds == "net-order" and self.order is None:
            raise UsageError(
                "refunds net-order must come with order, because it adds up the rows of each "
                "order; got no order column. Name it, or choose net."
            )
        object.__setattr__(self, "zone", Zone(self.timezone))
        object.__setattr__(
            self, "conditions", tuple(map(Condition.parse, conditions_of(self.where)))
        )
        as_of = None if self.as_of == NEWEST else as_date(self.as_of)
        object.__setattr__(self, "as_of_day", None if as_of is None else day_number(as_of))
        start = None if self.window is None else window_start(as_of or date.max, self.window)
        object.__setattr__(self, "first_day", day_number(start) if start and as_of else None)
        if self.rates is not None and self.currency is None:
            raise UsageError("rates must come with a currency column; got none. Name it.")
        rates = self.rates
        if not isinstance(rates, str | os.PathLike | Rates | None):
            raise UsageError(f"rates must be the path of a file; got {rates!r}.")
        known = rates if rates is None or isinstance(rates, Rates) else read_rates(rates)
        object.__setattr__(self, "rate_table", known)

    def refuse_named_like(self, columns: Sequence[str]) -> None:
        """Refuse ids that would have the name of another column of the result.

        Raises
        ------
        UsageError
            The column of customers or groups is named like one of `columns`.
        """
        for role in ("customer", "by"):
            if getattr(self, role) in columns:
                raise UsageError(
                    f"{role} column must not be named like a column of the result; "
                    f"got {getattr(self, role)!r}. Rename it in the input."
                )

    @property
    def columns(self) -> list[str]:
        """The input columns needed, each once."""
        by_option = [self.customer, self.time, self.amount, self.order, self.quantity]
        by_option += [self.currency, self.by, self.n_orders]
        named = [*by_option, *(condition.column for condition in self.conditions), *self.distinct]
        return list(dict.fromkeys(name for name in named if name is not None))


def refuse_unknown(function: str, options: Iterable[str]) -> None:
    """Refuse keywords of a function that are not options of reading, as Python would.

    Raises
    ------
    TypeError
        One is unknown; the message names the function and the nearest option.
    """
    known = [field.name for field in fields(Reading) if field.init]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f". Did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{function} got an unexpected keyword argument {name!r}{hint}")


def conditions_of(where: object) -> tuple[str, ...]:
    """Return what was given as `where`, one condition or several, as several."""
    several = (where,) if isinstance(where, str) else where
    if isinstance(several, Sequence) and all(isinstance(each, str) for each in several):
        return tuple(several)
    raise UsageError(f"where must be conditions such as 'status=paid'; got {shown(where)}.")


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_date(number: int) -> date:
    """Return the date a number of days after 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def as_date(given: date | str) -> date:
    """Read a date given as ISO text or as a date (a datetime counts as its date)."""
    if isinstance(given, date):
        return date(given.year, given.month, given.day)
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
            raise ValueError(given)
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise UsageError(
            f"as_of must be a date like 2026-10-31 (or 'newest'); got {shown(given)}."
        ) from None


def window_start(as_of: date, window: str) -> date:
    """Return the first day kept: `as_of - window < day`, months clamped to the end of the month."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})(d|mo)", window if isinstance(window, str) else "")
    if match is None:
        raise UsageError(f"window must be days or months like 365d or 12mo; got {shown(window)}.")
    length = int(match[1])
    try:
        before = as_of - timedelta(days=length) if match[2] == "d" else _months(as_of, length)
    except (OverflowError, ValueError):
        return date.min
    return before + timedelta(days=1)


def _months(day: date, n_months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - n_months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _choose(option: str, given: str, choices: Sequence[str]) -> None:
    if given not in choices:
        raise UsageError(f"{option} must be one of {', '.join(choices)}; got {shown(given)}.")
