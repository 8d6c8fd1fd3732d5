"""Turn the measured numbers of customers into values and levels of a label."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.insight.label_files import (
    BAND,
    FAVOURITES,
    METRICS,
    MIXED,
    QUANTILE,
    UNKNOWN,
    Label,
)
from rfm_engine.kernels.arrays import arrow, arrow_texts, is_bytes
from rfm_engine.kernels.types import Integers, Mask
from rfm_engine.orders.money.notation import Notation
from rfm_engine.query.customers import GROUP
from rfm_engine.totals.customer_attribute_values import numbers_of

_PLAIN = Notation()
Floats = npt.NDArray[np.float64]


class Levels(NamedTuple):
    """The level of each customer as a dictionary of text, and the numbers behind it.

    The value is the quotient of `part` and `whole`, except for `psm`; null where it is undefined.
    """

    level: pa.Array
    part: pa.Array | None = None
    whole: pa.Array | None = None
    value: pa.Array | None = None


def joined(populations: Sequence[Levels]) -> Levels:
    """Return the levels of several populations, one after the other."""
    columns = zip(*populations, strict=True)
    return Levels(*(None if each[0] is None else pa.concat_arrays(each) for each in columns))


def levels_of(label: Label, measured: pa.Table) -> Levels:
    """Return the levels of customers from their row of the metric; null rows have no row.

    Parameters
    ----------
    measured
        The group of each customer of the snapshot as `group_id`, and the columns of the SQL file
        of the metric; or `number`, the column of the customers, and `orders`.

    Raises
    ------
    UsageError
        The values of a favourite cannot be shown as text, or `number` does not consist of numbers.
    """
    if label.metric in FAVOURITES:
        return _favourites(label, measured)
    if label.metric == BAND:
        return _bands(label, measured)
    enough = _integers(measured, "orders") >= label.min_orders
    if label.is_of_customers:
        value, known = _numbers_of(label, measured)
        return Levels(_leveled(label, value, known, enough, _integers(measured, GROUP)))
    part, whole = _ratio(label, measured)
    known = whole > 0
    value = np.full(len(part), np.nan)
    np.divide(part, whole, out=value, where=known)
    if label.metric == "psm":
        value, known = _psm(measured)
    level = _leveled(label, value, known, enough, _integers(measured, GROUP))
    return Levels(level, arrow(part), arrow(whole), arrow(value, None, known))


def _leveled(label: Label, value: Floats, known: Mask, enough: Mask, group: Integers) -> pa.Array:
    """Return the levels of values; `unknown` without a value or with too few orders."""
    places = np.flatnonzero(known)
    codes = np.zeros(len(value), np.int16)
    codes[places] = 1 + _codes(label, value[places], group[places])
    codes[~enough] = 0
    return _dictionary(codes, [UNKNOWN, *label.levels])


def _codes(label: Label, value: Floats, group: Integers) -> npt.NDArray[np.int64]:
    """Return how many cut points each value is above; quantiles are those of its group."""
    if label.cuts != QUANTILE:
        return _n_below(np.array([float(cut) for cut in label.cuts]), value)
    codes = np.zeros(len(value), np.int64)
    order = np.argsort(group, kind="stable")
    starts = 1 + np.flatnonzero(np.diff(group[order]))
    for members in np.split(order, starts):
        own = value[members]
        codes[members] = _n_below(_quantiles(own, len(label.levels)), own)
    return codes


def _numbers_of(label: Label, measured: pa.Table) -> tuple[Floats, Mask]:
    """Return a column of customers as floats, and where it is not null.

    Raises
    ------
    UsageError
        The column does not consist of numbers.
    """
    column = measured["number"]
    kind = column.type
    if pa.types.is_floating(kind):
        value: Floats = column.cast(pa.float64()).fill_null(np.nan).to_numpy()
        return value, ~np.isnan(value)
    if not (pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise UsageError(
            f"metric of label {label.name!r} must be one of {', '.join(METRICS)}, or a column of "
            f"numbers; got {label.metric}, a column of {kind}. Name another one."
        )
    found = numbers_of(column, label.metric, "the snapshot", _PLAIN)
    # One division, so that 0.1 is the same number as 0.1 in a label.
    return found.values / 10**found.scale, found.present


def _ratio(label: Label, measured: pa.Table) -> tuple[Integers, Integers]:
    """Return numerator and denominator of a metric."""
    orders = _integers(measured, "orders")
    if label.metric in ("discount_rate", "psm"):
        return _integers(measured, "discount"), _integers(measured, "list")
    if label.metric == "deal_share":
        return _integers(measured, "discounted"), orders
    if label.metric == "bundle_rate":
        return _integers(measured, "bundles"), orders
    if label.metric == "multi_rate":
        return _integers(measured, "multi"), orders
    first = _integers(measured, "first_pairs")
    return _integers(measured, "firsts") - first, _integers(measured, "pairs") - first


def _psm(measured: pa.Table) -> tuple[Floats, Mask]:
    """Return `n_d / n + (D n) / (n_d L) + D / L`, 0 without discounts, for customers with L > 0."""
    names = ("orders", "discounted", "discount", "list")
    n, n_d, d, list_sum = (_integers(measured, name).astype(np.float64) for name in names)
    known = list_sum > 0
    value = np.zeros(len(n))
    has = known & (n_d > 0)
    n, n_d, d, list_sum = n[has], n_d[has], d[has], list_sum[has]
    value[has] = n_d / n + (d * n) / (n_d * list_sum) + d / list_sum
    return value, known


def _n_below(cuts: Floats, values: Floats) -> Integers:
    """Return how many of the ascending cut points each value is above."""
    return np.searchsorted(cuts, values, side="left")


def _quantiles(values: Floats, bins: int) -> Floats:
    """Return the quantiles i / bins by inverted CDF, whose rank is ceil(n i / bins)."""
    n = len(values)
    ranks = [-(-n * i // bins) - 1 for i in range(1, bins)]
    return np.sort(values)[ranks] if n else values


def _favourites(label: Label, measured: pa.Table) -> Levels:
    import pyarrow.compute as pc

    kind = measured["value"].type
    if is_bytes(kind):
        raise UsageError(
            f"values of label {label.name!r} must be text, numbers or dates; got a column of "
            f"{kind}. Convert the column to text."
        )
    orders, n = _integers(measured, "orders"), _integers(measured, "n")
    share = Fraction(label.min_share)
    is_frequent = orders * share.denominator >= n * share.numerator
    is_shown = (orders >= label.min_orders) & is_frequent
    texts = measured["value"].cast(pa.string())
    level = pc.if_else(arrow(is_shown), texts, MIXED)
    level = level.combine_chunks().dictionary_encode()
    known = n > 0
    value = np.full(len(n), np.nan)
    np.divide(orders, n, out=value, where=known)
    return Levels(level, arrow(orders), arrow(n), arrow(value, None, known))


def _bands(label: Label, measured: pa.Table) -> Levels:
    rows = _integers(measured, "rows")
    codes = np.where(rows > 0, 1 + _integers(measured, "band"), 0).astype(np.int16)
    return Levels(_dictionary(codes, [UNKNOWN, *label.levels]))


def _dictionary(codes: npt.NDArray[np.int16], names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(arrow(codes), arrow_texts(names), safe=False)


def _integers(measured: pa.Table, name: str) -> Integers:
    """Return a column of counts; customers without a row of the metric have 0."""
    column = measured[name].fill_null(0).cast(pa.int64())
    found: Integers = column.to_numpy()
    return found
