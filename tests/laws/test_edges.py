"""Test unusual input that an outside reviewer tried: it is refused in one line, or it counts."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, UsageError

ORDERS = pa.table(
    {
        "customer_id": [1, 1, 2],
        "order_time": [datetime(2026, 1, day) for day in (1, 2, 3)],
        "amount": [1.0, 2.0, 3.0],
    }
)


def score(orders=ORDERS, **options):
    return rfm.score(orders, **({"as_of": "newest"} | options))


def test_hive__folders_keep_the_zeros_of_ids(tmp_path):
    for name in ("00004", "4"):
        folder = tmp_path / f"customer_id={name}"
        folder.mkdir()
        pq.write_table(ORDERS.slice(0, 1).drop_columns("customer_id"), folder / "a.parquet")
    assert sorted(score(tmp_path).customers["customer_id"].to_pylist()) == ["00004", "4"]


def test_where__a_condition_alone_is_one_condition():
    assert score(where="customer_id=1").rows.dropped["filtered"] == 1


def test_where__columns_without_equality_are_refused():
    odd = ORDERS.append_column("h", pa.array(np.array([1, 2, 3], np.float16)))
    with pytest.raises(UsageError, match="must compare numbers, text, dates or booleans"):
        score(odd, where=["h=1"])


@pytest.mark.parametrize("values", [[1, 2, 3], [["EUR"]] * 3])
def test_currency__is_text(values):
    with pytest.raises(DataError, match="currency column 'c' must contain text"):
        score(ORDERS.append_column("c", pa.array(values)), currency="c")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"as_of": "2024-1-1"}, "must be a date like"),
        ({"as_of": "2024-W01-1"}, "must be a date like"),
        ({"window": 30, "as_of": "2026-01-31"}, "window must be a number of days or months from 1"),
        ({"bins": 5.0}, "bins for recency must be 2 to 100"),
        ({"amount_scale": "2"}, "amount_scale must be 0 to 18"),
        ({"customer": None}, "customer must name a column"),
        ({"time_format": ""}, "time_format must be a format"),
    ],
)
def test_options__of_another_type_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        score(**options)


def test_scale__a_decimal_of_more_than_18_places_asks_for_a_scale():
    wide = ORDERS.set_column(2, "amount", ORDERS["amount"].cast(pa.decimal128(38, 20)))
    with pytest.raises(DataError, match="Give amount_scale"):
        score(wide)
    assert score(wide, amount_scale=2).customers["monetary"].type == pa.decimal128(18, 2)


def test_as_of__without_rows_there_is_no_date():
    result = score(ORDERS.slice(0, 0), window="30d")
    assert (result.as_of, result.customers.num_rows) == (None, 0)
    assert score(as_of=date(2026, 1, 3)).as_of == date(2026, 1, 3)
