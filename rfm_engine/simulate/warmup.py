"""Compile all loops in advance, on small orders, so that later runs start at full speed."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from rfm_engine.api import score
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.run import clv_given
from rfm_engine.history.history import History
from rfm_engine.movement.judgement import segments_of
from rfm_engine.movement.pairs import Pairs
from rfm_engine.movement.paths import JUDGED, Paths
from rfm_engine.normalize import write_normalized
from rfm_engine.simulate import Ids, simulate
from rfm_engine.state.state import State
from rfm_engine.totals.builder import CustomerTotals

_MANY = 50_000
_IDS: tuple[Ids, ...] = ("int", "string")


def warm() -> None:
    """Compile all loops, or load those that an earlier process compiled.

    Call it once in a service before the first request, or in the build of a container with
    `RFM_CACHE_DIR` set. The machine code is stored in `rfm_engine.kernels.cache_directory()`.

    Examples
    --------
    >>> warm()
    """
    with tempfile.TemporaryDirectory(prefix="rfm-warmup-") as folder:
        for run in runs(Path(folder)):
            run()


def runs(folder: Path) -> list[Callable[[], object]]:
    """Return runs that together use all loops, in any order; they write to `folder`."""
    found: list[Callable[[], object]] = [
        partial(score, orders, as_of="newest", threads=2, **options)
        for orders, options in _scored(folder)
    ]
    found += [partial(_predict, family) for family in FAMILIES]
    found += [
        partial(_keep, folder / str(number), orders, options)
        for number, (orders, options) in enumerate(_states())
    ]
    for ids in _IDS:
        rows = partial(_write_rows, folder / ids, ids)
        found += [rows, partial(_merge, ids), partial(_build, folder / f"dates-{ids}", ids)]
    return found


def _predict(family: str) -> None:
    orders = pa.table(simulate(customers=500, orders=5_000, lines=True))
    options = {"as_of": "newest", "family": family, "validate": "90d"}
    for by in (None, "seller_id"):
        clv_given(orders, options | {"by": by}, {}, None, None)


def _keep(folder: Path, orders: pa.Table, options: dict[str, Any]) -> None:
    state = State.create(folder, keep_batches=1, **options)
    for batch in ("a", "b", "c"):
        state.ingest(orders, batch_id=batch)
    score(state, as_of="newest", window="30d" if "history" in options else None)


def _states() -> Iterator[tuple[pa.Table, dict[str, Any]]]:
    for ids in _IDS:
        for history in ({}, {"history": "rolling:30d"}):
            orders = _orders(ids)
            yield orders, {**history}
            yield orders, {"order": "order_id", **history}
            yield orders, {"order": "order_text", "by": "seller_id", **history}
            yield orders, {"distinct": "line_id", "by": "seller_id", **history}


def _write_rows(folder: Path, ids: Ids) -> None:
    orders = _orders(ids)
    line_ids = orders["line_id"].to_numpy()
    some = pa.array(line_ids, mask=line_ids % 2 == 0)
    orders = orders.append_column("some", some)
    write_normalized(
        orders, folder, as_of="newest", order="order_id", carry=["channel", "some"], buckets=2
    )


def _build(folder: Path, ids: Ids) -> None:
    some: dict[str, Any] = {"order": "order_text", "by": "seller_id", "window": "12mo"}
    for number, chosen in enumerate([{}, some]):
        history = History.create(folder.with_suffix(f".{number}"), **chosen)
        history.build(_orders(ids), as_of=["2024-12-31", "2025-12-31"])
        before, after = map(history.snapshot, history.dates)
        days = (history.dates[1] - history.dates[0]).days
        paths = Paths(Pairs(before, after), segments_of(after), days, None, JUDGED)
        deque(paths.pieces(), maxlen=0)  # only their loops are needed


def _merge(ids: Ids) -> None:
    # Enough customers to make the tables grow.
    halves = [CustomerTotals(as_of="newest") for _ in range(2)]
    for half in halves:
        half.update(simulate(customers=_MANY, orders=_MANY, ids=ids))
    halves[0].merge(halves[1])
    halves[0].survey([3_000])


def _scored(folder: Path) -> Iterator[tuple[pa.Table | Path, dict[str, Any]]]:
    ints, texts = _orders("int"), _orders("string")
    # Enough orders for direct addressing of dense ids; then ids in a dictionary.
    yield pa.table(simulate(customers=1_000, orders=2 * _MANY, ids="dense")), {}
    who = texts.schema.get_field_index("customer_id")
    yield texts.set_column(who, "customer_id", texts["customer_id"].dictionary_encode()), {}
    for table in (ints, texts):
        yield table, {}
        yield table, {"order": "order_id"}
        yield table, {"by": "seller_id", "clv": True}
        yield table, {"order": "order_text", "frequency": "days"}
        for frequency in ("orders", "days"):
            yield table, {"order": "order_text", "refunds": "net-order", "frequency": frequency}
        yield table, {"frequency": "days", "timezone": "Europe/Berlin", "window": "12mo"}
    yield ints, {"quantity": "quantity", "where": ["channel!=web"], "currency": "currency"}
    place = ints.schema.get_field_index("amount")
    # Eighths are often rounding ties, which the loops for many rows pass to those for one row.
    for amounts in (ints["amount"], pc.divide(ints["amount"], 8)):
        for kind in (pa.decimal128(18, 4), pa.decimal128(38, 24), pa.float32(), pa.float64()):
            table = ints.set_column(place, "amount", amounts.cast(kind, safe=False))
            yield table, {"amount_scale": 2}
            yield table, {"amount_scale": 2, "quantity": "quantity"}
    cuts = [1, 10, 100, 500]
    yield ints, {"method": "thresholds", "r_cuts": cuts, "f_cuts": cuts, "m_cuts": cuts}
    seconds = pc.divide(ints["order_time"].cast(pa.int64()), 1_000_000).cast(pa.string())
    when = ints.schema.get_field_index("order_time")
    yield ints.set_column(when, "order_time", seconds), {"time_format": "epoch"}
    yield ints, {"scheme": "five-types"}
    yield ints, {"method": "nested"}
    yield ints, {"facts": True, "whale_by": "orders"}
    yield ints, {"facts": True, "by": "channel"}
    for table in (ints, texts):
        place = folder / f"attributes-{table.schema.types[0]}.csv"
        some = table.select(["customer_id", "quantity"]).group_by("customer_id")
        pyarrow.csv.write_csv(some.aggregate([("quantity", "sum")]), place)
        yield table, {"facts": True, "attributes": place, "whale_by": "quantity_sum"}
    yield ints, {"scheme": "five-types", "by": "channel"}
    yield texts, {"method": "ntile", "sort": "customer"}
    yield texts, {"method": "ntile", "by": "channel"}
    yield pa.concat_tables([ints, ints]), {"distinct": "line_id"}
    yield texts, {"distinct": ["order_text", "line_id"], "by": "seller_id"}
    yield ints, {"customer_level": True, "n_orders": "quantity"}
    place_of_csv = folder / "orders.csv"
    pyarrow.csv.write_csv(ints, place_of_csv)
    yield place_of_csv, {}
    yield place_of_csv, {"ids": "int", "quantity": "quantity"}
    aligned = folder / "aligned.csv"
    aligned.write_text('customer_id  order_time  amount\n"7"  2026-01-01  1,234.50-\n', "utf-8")
    yield aligned, {"csv_delimiter": "space", "csv_thousands": ","}


def _orders(ids: Ids) -> pa.Table:
    orders = simulate(customers=40, orders=400, ids=ids, lines=True).read_all()
    n = orders.num_rows
    return (
        orders.append_column("line_id", pa.array(np.arange(n)))
        .append_column("order_text", orders["order_id"].cast(pa.string()))
        .append_column("quantity", pa.array(np.ones(n, np.int64)))
        .append_column("currency", pa.array(["EUR"] * n))
    )
