"""Refuse counted rows whose currency has no rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, shown_value
from rfm_engine.options.messages import message
from rfm_engine.orders.money.rates import Rates, day_text

_LISTED = 10


def refuse_unrated(
    unrated: npt.NDArray[np.bool_],
    currency: pa.Array,
    rates: Rates,
    days: Callable[[], npt.NDArray[np.int32]],
    where: Callable[[int], str],
) -> None:
    """Raise an error if any row is `unrated`, `bool[n]`; `where` returns the position of a row.

    Raises
    ------
    DataError
        The message lists each currency without a rate and its first row. If the currency has rates
        for later days only, it also contains the day of that row.
    """
    rows = np.flatnonzero(unrated)
    if not len(rows):
        return
    firsts: dict[str | None, int] = {}
    # The text may contain bytes that are not UTF-8. No file of rates contains such a currency.
    names = currency.take(pa.array(rows)).cast(pa.large_binary()).to_pylist()
    for row, name in zip(rows.tolist(), names, strict=True):
        firsts.setdefault(None if name is None else name.decode(errors="replace"), row)
    listed = [_said(name, row, rates, days, where) for name, row in firsts.items()]
    more = f"; and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    raise DataError(
        message(
            "currencies must have a rate in {}; got none for {}{}. "
            "Add rates, or exclude these rows with a condition ({where}).",
            rates.place,
            "; ".join(listed[:_LISTED]),
            more,
        )
    )


def _said(
    name: str | None,
    row: int,
    rates: Rates,
    days: Callable[[], npt.NDArray[np.int32]],
    where: Callable[[int], str],
) -> str:
    what = "null" if name is None else shown_value(name)
    first_day = rates.first_day(name)
    if first_day is None:
        return f"{what} in {where(row)}"
    day = day_text(int(days()[row]))
    return f"{what} on {day} in {where(row)}, before its first date, {day_text(first_day)}"
