"""Turn the measured numbers of customers into values and levels of a label."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.insight.label_files import BAND, FAVOURITES, MIXED, QUANTILE, UNKNOWN, Label
from rfm_engine.kernels.arrays import arrow, arrow_texts, is_bytes
from rfm_engine.kernels.types import Integers, Mask
from rfm_engine.query.customers import GROUP

Floats = npt.NDArray[np.float64]


class Levels(NamedTuple):
    """The level of each customer as a dictionary of text, and the numbers behind it.

    The value is the quotient of `part` and `whole`, except for `psm`; null where it is undefined.
    """

    level: pa.Array
    part: pa.Array | None = None
    whole: pa.Array | None = None
    value: pa.Array | None = None


def levels_of(label: Label, measured: pa.Table) -> Levels:
    """Return the levels of customers from their row of the metric; null rows have no row.

    Parameters
    ----------
    measured
        The group of each customer of the snapshot as `group_id`, and the columns of the SQL file
        of the metric.

    Raises
    ------
    UsageError
        The values of a favourite cannot be shown as text.
    """
    if label.metric in FAVOURITES:
        return _favourites(label, measured)
    if label.metric == BAND:
        return _bands(label, measured)
    part, whole = _ratio(label, measured)
    known = whole > 0
    value = np.full(len(part), np.nan)
    np.divide(part, whole, out=value, where=known)
    if label.metric == "psm":
        value, known = _psm(measured)
    enough = _integers(measured, "orders") >= label.min_orders
    codes = _codes(label, value, known & enough, _integers(measured, GROUP))
    level = _dictionary(codes, [UNKNOWN, *label.levels])
    return Levels(level, arrow(part), arrow(whole), arrow(value, None, known))


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


def _codes(
    label: Label, value: Floats, is_leveled: Mask, group: Integers
) -> npt.NDArray[np.int16]:
    """Return 1 + the level of each customer, 0 for customers without a level.

    Quantiles are those of the customers with a level, within each group.
    """
    codes = np.zeros(len(value), np.int16)
    places = np.flatnonzero(is_leveled)
    if label.cuts != QUANTILE:
        cuts = np.array([float(cut) for cut in label.cuts])
        codes[places] = 1 + _n_below(cuts, value[places])
        return codes
    places = places[np.argsort(group[places], kind="stable")]
    starts = 1 + np.flatnonzero(np.diff(group[places]))
    for members in np.split(places, starts):
        own = value[members]
        codes[members] = 1 + _n_below(_quantiles(own, len(label.levels)), own)
    return codes


def _n_below(cuts: Floats, values: Floats) -> Integers:
    """Return how many of the ascending cut points each value is above."""
    return np.searchsorted(cuts, values, side="left")


def _quantiles(values: Floats, bins: int) -> Floats:
    """Return the quantiles i / bins by inverted CDF, which have the rank ceil(n i / bins)."""
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
