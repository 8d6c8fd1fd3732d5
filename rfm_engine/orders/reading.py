"""Hold the options of reading: columns, days and policies. They are checked on construction."""

from __future__ import annotations

import os
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Unpack

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.csv_format import CsvFormat, null_words
from rfm_engine.orders.customer_level import orders_column
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.money.amounts import FLOAT_SCALE
from rfm_engine.orders.money.notation import Notation
from rfm_engine.orders.money.rates import Rates
from rfm_engine.orders.money.rates_file import read_rates
from rfm_engine.orders.place import Period
from rfm_engine.orders.roles import NOUNS
from rfm_engine.orders.time.numbers import NUMBER_FORMATS, is_time_format
from rfm_engine.orders.time.zones import Zone
from rfm_engine.orders.where import Condition

NEWEST = "newest"
MAX_SCALE = 18
OUTPUT_COLUMNS = (
    "first_order", "last_order", "recency_days", "frequency", "monetary",
    "r_score", "f_score", "m_score", "rfm_score", "segment",
)  # fmt: skip
"""The columns that every result has."""
CLV_COLUMNS = ("x", "t_x", "T", "zbar")
_EPOCH = date(1970, 1, 1)
_ROLES = ("customer", "time", "amount", "order", "quantity", "currency", "by")
NOT_COMPARED = {"rates", "as_files"}
"""Options that say which files are read or how they are named, but do not change the rows."""


class Reading:
    """The checked options of reading, and values derived from them.

    Two readings are equal if their options and their rates are equal. The name of the rates file is
    not compared.

    Attributes
    ----------
    options
        All options in their normal form. Options that were not given have their default.
    as_of_day
        Days from 1970-01-01 to the date of analysis; None if it is the day of the newest row.
    first_day
        The first day that counts, in days from 1970-01-01; None without a window, or as long as
        the newest row is not known.
    rate_table
        The rates. They are read from their file unless they were given as `Rates`.
    """

    def __init__(self, **given: Unpack[TotalsOptions]) -> None:
        """Check all options and derive the days.

        Raises
        ------
        UsageError
            An option is not one of its choices, two options contradict each other, or the rates
            are faulty.
        """
        options: Any = resolve(TotalsOptions, given)
        self.options: TotalsOptions = options
        _check_values(options)
        options["csv_null"] = null_words(options["csv_null"])
        options["distinct"] = column_names(options["distinct"])
        options["where"] = conditions_of(options["where"])
        self.csv = CsvFormat(
            options["csv_delimiter"].replace(r"\t", "\t"), options["csv_null"],
            options["csv_encoding"],
        )  # fmt: skip
        self.notation = Notation(options["csv_decimal"], options["csv_thousands"])
        self.notation.check(self.csv.delimiter)
        self.refuse_named_like(OUTPUT_COLUMNS + CLV_COLUMNS * options["clv"])
        options["n_orders"] = orders_column(options)
        if options["refunds"] == "net-order" and options["order"] is None:
            raise UsageError(
                message(
                    "{refunds:net-order} must be used with {order}, because it adds up the rows of "
                    "each order; got no order column. Name it, or choose net."
                )
            )
        self.zone = Zone(options["timezone"])
        self.conditions = tuple(map(Condition.parse, options["where"]))
        as_of = (
            None if options["as_of"] == NEWEST else as_date(options["as_of"], also=" (or 'newest')")
        )
        self.as_of_day = None if as_of is None else day_number(as_of)
        window = options["window"]
        start = None if window is None else window_start(as_of or date.max, window)
        self.first_day = day_number(start) if start and as_of else None
        self.rate_table = _rates_of(options["rates"])

    @property
    def scale_of_floats(self) -> int:
        """Digits after the decimal point of amounts without a scale of their own: float, text."""
        given = self.options["amount_scale"]
        return FLOAT_SCALE if given is None else given

    def __eq__(self, other: object) -> bool:
        """Return whether rows have the same result with another reading."""
        if not isinstance(other, Reading):
            return NotImplemented
        return self._compared() == other._compared()

    __hash__ = None  # type: ignore[assignment]

    def but(self, **changed: Any) -> Reading:
        """Return this reading with some options changed; the file of rates is not read again."""
        options: Any = {**self.options, "rates": self.rate_table, **changed}
        return Reading(**options)

    def spanning(self, others: Sequence[Reading]) -> Reading:
        """Return this reading for all rows that any of the others needs; each has a date."""
        days = [other.as_of_day for other in others if other.as_of_day is not None]
        first_days = [other.first_day for other in others if other.first_day is not None]
        found = self.but(as_of=day_date(max(days)))
        found.first_day = min(first_days, default=None)
        return found

    def _compared(self) -> dict[str, Any]:
        same = {name: each for name, each in self.options.items() if name not in NOT_COMPARED}
        return same | {"as_of": self.as_of_day, "rates": self.rate_table}

    def refuse_named_like(self, columns: Sequence[str]) -> None:
        """Refuse a column of ids that has the name of another column of the result.

        Raises
        ------
        UsageError
            The column of customers or groups has the name of one of `columns`.
        """
        for role, column in (
            ("customer", self.options["customer"]),
            ("by", self.options["by"]),
        ):
            if column in columns:
                raise UsageError(
                    message(
                        "{} column must not be named like a column of the result; "
                        "got {!r}. Rename it in the input.",
                        NOUNS[role],
                        column,
                    )
                )

    @property
    def period(self) -> Period | None:
        """The days that count; None if a row of another day may have another reason than its day.

        Conditions and repeated rows come before the day, and so do values that are parsed.
        """
        options = self.options
        is_plain = (
            not self.conditions
            and not options["distinct"]
            and options["quantity"] is None
            and options["n_orders"] is None
            and options["rates"] is None
            and options["time_format"] is None
        )
        if not is_plain or self.as_of_day is None:
            return None
        return Period(
            options["customer"], options["time"], options["amount"],
            self.first_day, self.as_of_day, options["amount_scale"] or 0,
        )  # fmt: skip

    @property
    def columns(self) -> list[str]:
        """The names of the needed input columns, each once."""
        return list(self.roles)

    @property
    def roles(self) -> dict[str, str]:
        """The option that names each needed input column, the first one if several do."""
        options: Mapping[str, Any] = self.options
        roles: dict[str, str] = {}
        for role in (*_ROLES, "n_orders"):
            if options[role] is not None:
                roles.setdefault(options[role], role)
        for condition in self.conditions:
            roles.setdefault(condition.column, "where")
        for column in options["distinct"]:
            roles.setdefault(column, "distinct")
        return roles


def _check_values(options: Any) -> None:
    if options["clv_unit"] is not None and not options["clv"]:
        raise UsageError(
            message("{clv_unit} must be used with {clv}; got it alone. Set {clv} too.")
        )
    if options["csv_decimal"] not in (".", ","):
        raise UsageError(
            message("{csv_decimal} must be '.' or ','; got {}.", shown(options["csv_decimal"]))
        )
    scale = options["amount_scale"]
    if scale is not None and (type(scale) is not int or not 0 <= scale <= MAX_SCALE):
        raise UsageError(
            message("{amount_scale} must be 0 to {} digits; got {}.", MAX_SCALE, shown(scale))
        )
    time_format = options["time_format"]
    if time_format == "":
        raise UsageError(
            message("{time_format} must be a format like %d.%m.%Y; got an empty text.")
        )
    if isinstance(time_format, str) and not is_time_format(time_format):
        raise UsageError(
            message(
                "{time_format} must be a format like %d.%m.%Y, or {}; got {}.",
                ", ".join(NUMBER_FORMATS),
                shown(time_format),
            )
        )
    for name in ("timezone", "time_format", "csv_delimiter"):
        text = options[name]
        if not isinstance(text, str) and (text is not None or name != "time_format"):
            raise UsageError(message("{} must be text; got {}.", named(name), shown(text)))
    for name, option in declared(TotalsOptions).items():
        if option.is_switch and type(options[name]) is not bool:
            raise UsageError(
                message("{} must be True or False; got {}.", named(name), shown(options[name]))
            )
    for role in _ROLES:
        column = options[role]
        wanted = role in ("customer", "time", "amount") or column is not None
        if wanted and not isinstance(column, str):
            raise UsageError(message("{} must name a column; got {}.", named(role), shown(column)))
    if options["by"] == options["customer"]:
        raise UsageError(
            message(
                "{by} must name another column than {customer}; got {!r} for both. "
                "Name the column of groups.",
                options["by"],
            )
        )
    if options["rates"] is not None and options["currency"] is None:
        raise UsageError(
            message(
                "{rates} must be used with {currency}; got no currency column. "
                "Name the column with {currency:...}."
            )
        )


def _rates_of(given: object) -> Rates | None:
    if not isinstance(given, str | os.PathLike | Rates | None):
        raise UsageError(message("{rates} must be the path of a file; got {!r}.", given))
    return given if given is None or isinstance(given, Rates) else read_rates(given)


def conditions_of(where: object) -> tuple[str, ...]:
    """Return the conditions given as `where`, one text or a sequence of texts, as a tuple."""
    several = (where,) if isinstance(where, str) else where
    if isinstance(several, Sequence) and all(isinstance(each, str) for each in several):
        return tuple(several)
    raise UsageError(
        message("{where} must be conditions such as 'status=paid'; got {}.", shown(where))
    )


def day_number(day: date) -> int:
    """Return the number of days from 1970-01-01 to a date."""
    return (day - _EPOCH).days


def day_date(number: int) -> date:
    """Return the date that is a number of days after 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def as_date(given: date | str, option: str = "as_of", *, also: str = "") -> date:
    """Return a date that was given as ISO text, as a date or as a datetime.

    The message names `option` if it is none, and `also` says what else is possible.
    """
    if isinstance(given, date):
        return date(given.year, given.month, given.day)
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
            raise ValueError(given)
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise UsageError(
            message(
                "{} must be a date like 2026-10-31{}; got {}.",
                named(option),
                also,
                shown(given),
            )
        ) from None


def window_start(as_of: date, window: str) -> date:
    """Return the first day of a window: the first one with `as_of - window < day`.

    When months are subtracted, the day is clamped to the end of the month.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,6})(d|mo)", window if isinstance(window, str) else "")
    if match is None:
        raise UsageError(
            message(
                "{window} must be a number of days or months from 1 on, like 365d or 12mo; got {}. "
                "Write days as d and months as mo.",
                shown(window),
            )
        )
    length = int(match[1])
    try:
        before = as_of - timedelta(days=length) if match[2] == "d" else _months(as_of, length)
    except (OverflowError, ValueError):
        return date.min
    return before + timedelta(days=1)


def _months(day: date, n_months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - n_months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
