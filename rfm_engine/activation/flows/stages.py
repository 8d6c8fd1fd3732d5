"""The stage of people by awareness, interest, purchase and loyalty, from a history and contacts.

The stages are those of `rfm insight aipl`: L with two orders in the last `order_days` or a contact
of kind L, else P with one order, else I or A with such a contact in the last `touch_days`, else
`none`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.activation.flows.columns import AIPL_STAGES
from rfm_engine.history.dates import Dates
from rfm_engine.kernels.arrays import arrow, arrow_texts, values, whole
from rfm_engine.kernels.types import Mask
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import Customers
from rfm_engine.query.id_values import places_among
from rfm_engine.result.snapshot import Snapshot

_NONE, _A, _I, _P, _L = range(len(AIPL_STAGES))
_UNKNOWN = -1

Stages = npt.NDArray[np.int8]
"""int8[n]: a place in `AIPL_STAGES`, or -1 if the stage is not known."""


class Touches(NamedTuple):
    """Contacts with the shop, and how long orders and contacts count.

    Attributes
    ----------
    table
        `customer_id`, `day` and `stage` of each contact.
    order_days, touch_days
        Days before a date on which orders and contacts count.
    """

    table: pa.Table
    order_days: int
    touch_days: int

    def newest_days(self, ids: pa.ChunkedArray, stage: str, until: date) -> pa.ChunkedArray:
        """Return for each of some people the days since the newest contact of a stage."""
        import pyarrow.compute as pc

        own = self._of(stage, date.min, until)
        newest = own.group_by(CUSTOMER).aggregate([("day", "max")])
        day = newest["day_max"].take(places_among(ids, whole(newest[CUSTOMER])))
        return pc.subtract(pa.scalar((until - date(1970, 1, 1)).days), day.cast(pa.int32()))

    def reached(self, ids: pa.ChunkedArray, stage: str, until: date) -> Mask:
        """Return which of some people had a contact of a stage that counts at a date."""
        since = until - timedelta(min(self.touch_days, until.toordinal() - 1))
        own = self._of(stage, since, until)
        found: Mask = np.asarray(places_among(ids, whole(own[CUSTOMER]).unique()).is_valid())
        return found

    def _of(self, stage: str, after: date, until: date) -> pa.Table:
        """Return the contacts of a stage after a day, up to another one."""
        import pyarrow.compute as pc

        day, kind = self.table["day"], self.table["stage"]
        chosen = pc.and_(pc.equal(kind, stage), pc.less_equal(day, pa.scalar(until)))
        return self.table.filter(pc.and_(chosen, pc.greater(day, pa.scalar(after))))


def knows_orders(snapshot: Snapshot, order_days: int) -> bool:
    """Return whether a snapshot can say how many orders are recent: a lifetime, or this window."""
    return snapshot.options["window"] in (None, f"{order_days}d")


def stages_at(history: Dates, day: date, ids: pa.ChunkedArray, touches: Touches) -> Stages:
    """Return the stage of people at a date of a history.

    It is not known for customers with an order in the last `order_days` and another one that the
    snapshots do not date: a snapshot has the days of the first and of the last order only.
    """
    orders = _recent_orders(history, day, ids, touches.order_days)
    found: Stages = np.full(len(ids), _NONE, np.int8)
    for code in (_A, _I):
        found[touches.reached(ids, AIPL_STAGES[code], day)] = code
    found[orders == 1] = _P
    found[orders == _UNKNOWN] = _UNKNOWN
    found[(orders >= 2) | touches.reached(ids, AIPL_STAGES[_L], day)] = _L
    return found


def held(
    history: Dates, dates: Sequence[date], ids: pa.ChunkedArray, now: Stages, touches: Touches
) -> Mask:
    """Return who had the same stage at all of some dates."""
    found: Mask = now != _UNKNOWN
    for day in dates:
        found &= stages_at(history, day, ids, touches) == now
    return found


def stage_names(stages: Stages) -> pa.Array:
    """Return stages as text; null if they are not known."""
    known = stages != _UNKNOWN
    return arrow_texts(AIPL_STAGES).take(arrow(np.where(known, stages, 0), None, known))


def dates_held(dates: Sequence[date], day: date, days: int) -> list[date] | None:
    """Return the dates at which a stage must have been the same; None if none is old enough."""
    earlier = [each for each in dates if each < day]
    old = [each for each in earlier if (day - each).days >= days]
    return None if not old else earlier[earlier.index(old[-1]) :]


def _recent_orders(
    history: Dates, day: date, ids: pa.ChunkedArray, order_days: int
) -> npt.NDArray[np.int64]:
    """Return the number of orders in the last `order_days`; 2 means two or more."""
    snapshot = history.snapshot(day)
    names = ["frequency", "recency_days", "first_day"]
    table = Customers(snapshot).table(names)
    places = places_among(ids, whole(table[CUSTOMER]))
    is_there = np.asarray(places.is_valid())

    def column(name: str) -> npt.NDArray[np.int64]:
        taken = table[name].take(places)
        taken = taken.cast(pa.int32()) if pa.types.is_date32(taken.type) else taken
        return values(whole(taken.cast(pa.int64())).fill_null(0), np.int64)

    frequency = np.where(is_there, column("frequency"), 0)
    is_recent = is_there & (column("recency_days") < order_days)
    counts_orders = snapshot.options["frequency"] == "orders"
    if snapshot.options["window"] is not None:
        exact = frequency if counts_orders else np.where(frequency >= 2, frequency, _UNKNOWN)
        return np.where(frequency == 0, 0, np.minimum(exact, 2))
    start = day - timedelta(min(order_days, day.toordinal() - 1))
    is_all = column("first_day") > (start - date(1970, 1, 1)).days
    found = np.where(is_all, frequency, _UNKNOWN)
    found[frequency == 1] = 1
    if start in history.dates:
        earlier = Customers(history.snapshot(start)).table(["frequency"])
        old = earlier["frequency"].take(places_among(ids, whole(earlier[CUSTOMER])))
        found = frequency - values(whole(old).cast(pa.int64()).fill_null(0), np.int64)
    if not counts_orders:  # one day can have several orders
        found[found == 1] = _UNKNOWN
    found[~is_recent] = 0
    return np.minimum(found, 2)
