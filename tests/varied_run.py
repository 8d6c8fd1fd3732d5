"""Warm up, run the engine on many kinds of input, and print how often kernels were compiled."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import compute as pc

import rfm_engine as rfm
from rfm_engine.kernels import Kernel
from rfm_engine.normalize import write_normalized
from rfm_engine.simulate.warmup import warm
from tests.conftest import DEEP
from tests.layouts import LAYOUTS
from tests.shapes import AS_OF, random_orders

IDS = (
    pa.int8(), pa.int64(), pa.uint16(), pa.uint64(), pa.string(), pa.large_string(),
    pa.string_view(), pa.binary(), pa.dictionary(pa.int32(), pa.string()),
)  # fmt: skip
TIMES = (
    pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("s", "UTC"), pa.date32(), pa.date64(),
)  # fmt: skip
AMOUNTS = (
    pa.int64(), pa.int32(), pa.float64(), pa.float32(), pa.decimal128(18, 2), pa.decimal256(30, 5),
)  # fmt: skip


def varied_run(rates: Path) -> None:
    plain = random_orders(40, 5).append_column("quantity", pa.array([1, 2] * 20, pa.int16()))
    plain = plain.append_column("order_id", plain["quantity"])
    step = 1 if DEEP else 5
    for number, kind in enumerate(IDS):
        for layout in [*LAYOUTS.values()][number % step :: step]:
            rfm.score(layout(with_ids(plain, kind)), as_of=AS_OF, threads=2, sort="customer")
        write_normalized(with_ids(plain, kind), rates.parent / "rows", as_of=AS_OF, buckets=3)
        lines = with_ids(with_ids(plain, kind), kind, "order_id")
        for options in ({}, {"order": "order_id", "by": "quantity", "window": "300d"}):
            with TemporaryDirectory() as folder:
                history = rfm.History.create(Path(folder) / "history", **options)
                history.build(lines, as_of=["2025-09-30", "2025-12-31"], threads=2)
        for frequency in ("orders", "days"):
            options = {"as_of": AS_OF, "order": "order_id", "frequency": frequency}
            for refunds in ("net", "net-order"):
                rfm.score(lines, refunds=refunds, **options)
    totals = rfm.CustomerTotals(as_of=AS_OF)
    totals.update(plain)
    for monetary in ("sum", "mean"):
        totals.survey([3_000], monetary=monetary)
    for kind in TIMES:
        column = plain["order_time"].cast(pa.timestamp("us", getattr(kind, "tz", None)))
        table = plain.set_column(1, "order_time", column.cast(kind, safe=False))
        for zone in ("UTC", "Europe/Berlin"):
            rfm.score(table, as_of="newest", timezone=zone)
    money = pa.array(["EUR", "USD"] * 20)
    for kind in AMOUNTS:
        column = plain["amount"].cast(pa.float64()).cast(kind, safe=False)
        for quantity in (None, "quantity"):
            table = plain.set_column(2, "amount", column)
            options = {"as_of": AS_OF, "quantity": quantity, "amount_scale": 1}
            rfm.score(table, window="300d", **options)
            rfm.score(table.append_column("money", money), currency="money", rates=rates, **options)

    numbered = plain.append_column("key", pa.array(range(40)))
    for kind in (*IDS, pa.timestamp("ns"), pa.decimal128(21, 2)):
        lines = with_ids(numbered, kind, "key") if kind in IDS else cast(numbered, "key", kind)
        twice = pa.concat_tables([lines, lines])
        for options in ({}, {"by": "quantity"}, {"order": "order_id"}):
            rfm.score(twice, as_of=AS_OF, distinct="key", **options)
    for kind in IDS:
        totals = with_ids(plain, kind)
        rfm.score(totals, as_of=AS_OF, customer_level=True, n_orders="quantity")

    for options in ({"scheme": "five-types"}, {"method": "nested"}, {"method": "ntile"}):
        rfm.score(with_ids(plain, pa.string()), as_of=AS_OF, **options)
    for kind in (pa.int64(), pa.uint64(), pa.string(), pa.binary()):
        lines = with_ids(with_ids(plain, kind), kind, "order_id")
        for options in ({}, {"history": "rolling:30d"}, {"order": "order_id"}):
            states(lines, options)
            states(lines, options | {"order": "order_id", "by": "quantity"})
        numbers = pa.array(range(len(lines)))
        states(lines.append_column("key", numbers), {"distinct": "key", "by": "quantity"})
    # Enough rows for ids to be used as direct indices, with some ids outside of the range.
    n = 70_000
    close = random_orders(n, 5).set_column(0, "customer_id", pa.array([*range(n - 1), 1 << 40]))
    rfm.score(close, as_of=AS_OF)


def states(orders: pa.Table, options: dict[str, str]) -> None:
    window = "30d" if "history" in options else None
    with TemporaryDirectory() as folder:
        state = rfm.State.create(Path(folder) / "state", keep_batches=1, **options)
        for start in (0, 5, 10, 15):
            state.ingest(orders.slice(start, 20), batch_id=str(start))
            rfm.score(state, as_of="newest", window=window, clv=window is not None)
        state.compact()


def with_ids(table: pa.Table, kind: pa.DataType, name: str = "customer_id") -> pa.Table:
    ids = table[name]
    if pa.types.is_dictionary(kind):
        ids = ids.cast(pa.string()).dictionary_encode()
    elif not pa.types.is_integer(kind):
        ids = ids.cast(pa.string()).cast(kind)
    else:
        ids = pc.cast(ids, kind)
    return table.set_column(table.column_names.index(name), name, ids)


def cast(table: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, table[name].cast(kind))


def versions() -> dict[str, int]:
    """Map each kernel that was called to the number of its compiled versions."""
    for module in pkgutil.walk_packages(rfm.__path__, "rfm_engine."):
        importlib.import_module(module.name)
    return {
        f"{name}.{kernel.__name__}": kernel.n_versions
        for name, module in sorted(sys.modules.items())
        if name.startswith("rfm_engine.")
        for kernel in list(vars(module).values())
        if isinstance(kernel, Kernel) and kernel.n_versions
    }


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rates.csv"
        file.write_text("currency,rate,date\nEUR,1,\nUSD,1.0834,2024-01-01\n")
        warm()
        warmed = versions()
        varied_run(file)
    sys.stdout.write(json.dumps([warmed, versions()]))
