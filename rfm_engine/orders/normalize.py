"""Check a batch of orders and convert it to canonical columns.

Data are checked here and nowhere else.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, cut
from rfm_engine.kernels.arrays import (
    arrow,
    first_true,
    frozen,
    is_text,
    valid_mask,
    values,
)
from rfm_engine.options.messages import message
from rfm_engine.orders.amount_hints import refuse_unreadable
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.distinct_columns import (
    Cells,
    Compared,
    cells_of,
    has_texts,
    refuse_wide_in,
)
from rfm_engine.orders.extent import GREATEST, LEAST
from rfm_engine.orders.group_keys import GroupIds
from rfm_engine.orders.ids import ids_of, order_ids_of, plain_ids_of
from rfm_engine.orders.judge import (
    BAD_TIME,
    BLOCK_ROWS,
    COUNTED,
    FILTERED,
    NONFINITE_AMOUNT,
    NULL_AMOUNT,
    NULL_CUSTOMER,
    NULL_TIME,
    REASONS,
    STRICT_REASONS,
    judge,
)
from rfm_engine.orders.keys import RowKeys, keys_of
from rfm_engine.orders.missing_rates import refuse_unrated
from rfm_engine.orders.money.amounts import NONFINITE, OK, ROUNDED, TOO_LARGE, UNREADABLE, to_minor
from rfm_engine.orders.money.notation import Notation
from rfm_engine.orders.money.rates import RowRates
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.text import OF_64_BITS, parsed_counts, parsed_times
from rfm_engine.orders.time.clock import DAY_US, local_days, local_us, to_instants
from rfm_engine.orders.time.numbers import is_number_of_time, times_of_numbers
from rfm_engine.orders.warning_signs import Signs, are_whole, of_text_ids


class OrderRows(NamedTuple):
    """The rows of a batch as arrays of equal length.

    The values of a row are valid only if its `reason` is 0. `rounded` are the counted rows whose
    amount was rounded; None means that there are none.
    """

    keys: RowKeys
    time_us: npt.NDArray[np.int64]
    amount_minor: npt.NDArray[np.int64]
    reason: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]
    n_rounded: int
    newest_day: int | None
    currencies: frozenset[str]
    order_keys: RowKeys | None
    order_present: npt.NDArray[np.bool_] | None
    text_time: Literal["naive", "zoned"] | None
    groups: GroupIds | None = None
    n_orders: npt.NDArray[np.int64] | None = None
    signs: Signs = Signs()
    compared: Compared | None = None
    rounded: npt.NDArray[np.bool_] | None = None


def normalize(
    record_batch: pa.RecordBatch, place: Place, reading: Reading, scale: int, *, text: bool
) -> OrderRows:
    """Check and convert a batch whose kinds have been agreed on; `text` is true for CSV.

    Raises
    ------
    DataError
        An amount cannot be parsed or has more than 18 digits, a currency has no rate, there is a
        refund although `refunds` is `error`, or there is a faulty row although `strict` is set.
        The message names the file, the row group and the row.
    """
    batch = Batch(record_batch, place)
    for condition in reading.conditions:
        batch.drop(~condition.holds(batch.column(condition.column)), FILTERED)
    customers = ids_of(batch, reading.options["customer"], reading, text=text)
    batch.drop_nulls(customers, NULL_CUSTOMER)
    times, text_time = _times(batch, reading, text=text)
    batch.drop_nulls(times, NULL_TIME)
    time_us, bad = to_instants(times, reading.zone)
    batch.drop(bad, BAD_TIME)
    n_orders = _n_orders(batch, reading, text=text)
    batch.rates = row_rates(batch, time_us, reading)
    amount_minor, rounded = _amounts(batch, customers, reading, scale, text=text)
    counts, newest_day = _judged(batch, time_us, amount_minor, reading)
    _refuse_unrated(batch, time_us, reading)
    _refuse_negative(batch, n_orders)
    if rounded is not None:
        rounded &= batch.reason == COUNTED
    n_rounded = 0 if rounded is None else int(np.count_nonzero(rounded))
    if reading.options["strict"]:
        _refuse_faults(batch, rounded)
    order_keys, order_present = _orders(batch, time_us, amount_minor, reading, text=text)
    return OrderRows(
        keys_of(customers), time_us, amount_minor, frozen(batch.reason), counts, n_rounded,
        newest_day, _currencies(batch, reading), order_keys, order_present, text_time,
        _groups(batch, reading), n_orders, _signs(batch, customers, reading, text=text),
        _compared(batch, reading, text=text), rounded,
    )  # fmt: skip


def _signs(batch: Batch, customers: pa.Array, reading: Reading, *, text: bool) -> Signs:
    if text:
        if reading.options["ids"] == "int":
            return Signs()
        columns = [(reading.options["customer"], customers)]
        if reading.options["order"] is not None:
            columns.append((reading.options["order"], batch.column(reading.options["order"])))
        return of_text_ids(columns, batch.reason == COUNTED, reading.csv.null)
    amounts = batch.column(reading.options["amount"])
    if not reading.options["amount_scale"] or not pa.types.is_floating(amounts.type):
        return Signs()
    return Signs(whole_amounts=are_whole(amounts, batch.reason == COUNTED))


def _times(
    batch: Batch, reading: Reading, *, text: bool
) -> tuple[pa.Array, Literal["naive", "zoned"] | None]:
    """Return the times as timestamps or dates, and their kind if it is known only from the text."""
    times = batch.column(reading.options["time"])
    if is_text(times.type):
        mark = reading.options["csv_decimal"] if text else "."
        return parsed_times(
            batch.text(reading.options["time"]), reading.options["time_format"], mark, batch.where
        )
    if reading.options["time_format"] is not None and is_number_of_time(
        times.type, reading.options["time_format"]
    ):
        return times_of_numbers(times, reading.options["time_format"]).times, None
    return times, None


def row_rates(batch: Batch, time_us: npt.NDArray[np.int64], reading: Reading) -> RowRates | None:
    """Return the rate of each row; None without rates."""
    if reading.rate_table is None or reading.options["currency"] is None:
        return None
    days = partial(local_days, time_us, reading.zone)
    return reading.rate_table.of_rows(batch.column(reading.options["currency"]), days)


def _refuse_unrated(batch: Batch, time_us: npt.NDArray[np.int64], reading: Reading) -> None:
    """Refuse counted rows without a rate.

    They were converted at a rate of 1, only to find out which rows are refunds or zeros.
    """
    table, rates = reading.rate_table, batch.rates
    if (
        table is None
        or reading.options["currency"] is None
        or rates is None
        or rates.is_known is None
    ):
        return
    if not table.optional:
        unrated = ~rates.is_known & (batch.reason == COUNTED)
        days = partial(local_days, time_us, reading.zone)
        refuse_unrated(unrated, batch.column(reading.options["currency"]), table, days, batch.where)


def _amounts(
    batch: Batch, customers: pa.Array, reading: Reading, scale: int, *, text: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]:
    """Return the minor units of each row, and which rows were rounded.

    The second value is None if no amount was rounded and none is faulty.
    """
    amounts = batch.column(reading.options["amount"])
    batch.drop_nulls(amounts, NULL_AMOUNT)
    quantity = None
    if reading.options["quantity"] is not None:
        quantity = whole_numbers(
            batch, "quantity", reading.options["quantity"], reading.notation, text=text
        )
    notation = reading.notation
    minor, status = to_minor(amounts, quantity, scale, notation=notation, rates=batch.rates)
    worst = status.max(initial=OK)
    if worst >= NONFINITE:
        batch.drop(status == NONFINITE, NONFINITE_AMOUNT)
    row = batch.first(status == UNREADABLE) if worst >= UNREADABLE else -1
    if row >= 0:
        refuse_unreadable(str(amounts[row]), notation, batch.where(row))
    row = batch.first(status == TOO_LARGE) if worst >= TOO_LARGE else -1
    if row >= 0:
        # The scale of integers is only the position of their decimal point.
        smaller = message(" If it is, give a smaller {amount_scale}.")
        raise DataError(
            message(
                "amount must have at most 18 digits at scale {}; customer {} has {} in {}. "
                "Check that {!r} is the column of amounts, or name another with {amount:...}.{}",
                scale,
                cut(str(customers[row])),
                cut(str(amounts[row])),
                batch.where(row),
                reading.options["amount"],
                "" if pa.types.is_integer(amounts.type) else smaller,
            )
        )
    return minor, None if worst == OK else status == ROUNDED


def _n_orders(batch: Batch, reading: Reading, *, text: bool) -> npt.NDArray[np.int64] | None:
    if reading.options["n_orders"] is None:
        return None
    return whole_numbers(batch, "orders", reading.options["n_orders"], reading.notation, text=text)


def _refuse_negative(batch: Batch, n_orders: npt.NDArray[np.int64] | None) -> None:
    row = -1 if n_orders is None else batch.first(n_orders < 0)
    if n_orders is not None and row >= 0:
        raise DataError(
            f"orders must be 0 or more; got {n_orders[row]} in {batch.where(row)}. "
            "Fix the number, or name another column."
        )


def whole_numbers(
    batch: Batch, role: str, name: str, notation: Notation, *, text: bool
) -> npt.NDArray[np.int64]:
    """Read a column of integers; a row with a null there has the reason `null_amount`."""
    column = whole_column(batch, role, name, notation, text=text)
    batch.drop_nulls(column, NULL_AMOUNT)
    return values(column, np.int64)


def whole_column(
    batch: Batch, role: str, name: str, notation: Notation, *, text: bool
) -> pa.Array[Any]:
    """Read a column of integers as int64, with its nulls.

    Raises
    ------
    DataError
        A counted row has a value that is not an integer of 64 bits.
    """
    what = f"{role} column {name!r}"
    if text:
        reach = "from 0 to 2^40 - 1" if role == "orders" else OF_64_BITS
        return parsed_counts(batch.text(name), what, batch.where, notation, reach)
    try:
        return batch.text(name).cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{what} must fit int64; got {error} in {batch.where(0)} or after. "
            "Fix the number, or name another column."
        ) from error


def _judged(
    batch: Batch,
    time_us: npt.NDArray[np.int64],
    amount_minor: npt.NDArray[np.int64],
    reading: Reading,
) -> tuple[npt.NDArray[np.int64], int | None]:
    first = LEAST if reading.first_day is None else reading.first_day * DAY_US
    last = GREATEST if reading.as_of_day is None else (reading.as_of_day + 1) * DAY_US - 1
    counts = np.zeros(len(REASONS), np.int64)
    refunds, zero = reading.options["refunds"], reading.options["zero"]
    newest = judge(
        local_us(time_us, reading.zone), amount_minor, first, last,
        refunds == "drop", zero == "drop", BLOCK_ROWS, batch.reason, counts,
    )  # fmt: skip
    if refunds == "error":
        _refuse_refund(batch, batch.first(amount_minor < 0))
    return counts, None if newest == LEAST else int(newest) // DAY_US


def _refuse_refund(batch: Batch, row: int) -> None:
    if row >= 0:
        raise DataError(
            message(
                "amounts must not be negative with {refunds:error}; got a refund in {}. "
                "Remove the row, or set {refunds} to net or drop.",
                batch.where(row),
            )
        )


def _orders(
    batch: Batch,
    time_us: npt.NDArray[np.int64],
    amount_minor: npt.NDArray[np.int64],
    reading: Reading,
    *,
    text: bool,
) -> tuple[RowKeys | None, npt.NDArray[np.bool_] | None]:
    if reading.options["frequency"] == "days" and reading.options["refunds"] != "net-order":
        days = arrow(local_days(time_us, reading.zone))
        return keys_of(days), None
    name = reading.options["order"]
    if name is None:
        return None, None
    orders = order_ids_of(batch, name, amount_minor, reading, text=text)
    return keys_of(orders), valid_mask(orders)


def _groups(batch: Batch, reading: Reading) -> GroupIds | None:
    if reading.options["by"] is None:
        return None
    groups = plain_ids_of(batch, reading.options["by"])
    return GroupIds(keys_of(groups), valid_mask(groups))


def _compared(batch: Batch, reading: Reading, *, text: bool) -> Compared | None:
    """Return the values that rows are compared by; None if repeated rows count too."""
    if not reading.options["distinct"]:
        return None

    def cells(name: str | None) -> Cells | None:
        if name is None or name in reading.options["distinct"]:
            return None
        return _cells(batch, name, reading, text=text)

    columns = tuple(_cells(batch, name, reading, text=text) for name in reading.options["distinct"])
    return Compared(columns, cells(reading.options["order"]), cells(reading.options["currency"]))


def _cells(batch: Batch, name: str, reading: Reading, *, text: bool) -> Cells:
    if name in (reading.options["customer"], reading.options["order"]):
        column = ids_of(batch, name, reading, text=text)
    else:
        column = batch.ids(name)
    if isinstance(column, pa.DictionaryArray) and not has_texts(column.dictionary.type):
        column = batch.column(name)
    refuse_wide = refuse_wide_in(name, column, batch.reason == COUNTED, batch.where)
    return cells_of(column, refuse_wide)


def _currencies(batch: Batch, reading: Reading) -> frozenset[str]:
    """Return the currencies of the counted rows; an empty set if rates convert them to one."""
    name = reading.options["currency"]
    if name is None or reading.rate_table is not None:
        return frozenset()
    import pyarrow.compute as pc

    counted = arrow(batch.reason == COUNTED)
    return frozenset(
        "null" if value is None else str(value)
        for value in pc.unique(batch.column(name).filter(counted)).to_pylist()
    )


def _refuse_faults(batch: Batch, rounded: npt.NDArray[np.bool_] | None) -> None:
    faulty = np.isin(batch.reason, STRICT_REASONS)
    row = first_true(faulty if rounded is None else faulty | rounded)
    if row >= 0:
        fault = REASONS[batch.reason[row]] if faulty[row] else "amounts_rounded"
        where = batch.where(row)
        _refuse(message("rows must be valid with {strict:True}; got {} in {}.", fault, where))


def _refuse(fault: str) -> NoReturn:
    raise DataError(message("{} Fix the row, or leave {strict} out.", fault))
