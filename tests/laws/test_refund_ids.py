"""With `--ids int` only purchases need order ids that are integers."""

from __future__ import annotations

import pyarrow as pa
import pytest

import rfm_engine as rfm

HEAD = "customer_id,order_time,amount,order_id,status\n"
ROWS = (
    "7,2026-01-01,10.00,1,ok\n"
    "7,2026-01-02,-4.00,C1,ok\n"
    "7,2026-01-03,5.00,A2,test\n"
    "8,2026-01-04,3.00,2,ok\n"
    "8,2026-01-05,3.00,2.0,ok\n"
    "9,2026-01-06,-1.00,C3,ok\n"
)
OPTIONS = {"as_of": "2026-01-31", "ids": "int", "order": "order_id", "where": "status!=test"}


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "orders.csv"
    place.write_text(HEAD + ROWS)
    return place


def test_refunds__and_dropped_rows_may_have_other_order_ids(path):
    result = rfm.score(path, **OPTIONS)
    rows = dict(
        zip(
            result.customers["customer_id"].to_pylist(),
            zip(
                result.customers["frequency"].to_pylist(),
                map(str, result.customers["monetary"].to_pylist()),
                strict=True,
            ),
            strict=True,
        )
    )
    assert rows == {7: (1, "6.00"), 8: (1, "6.00")}
    assert result.customers_without_orders == 1


def test_refunds__have_the_answer_of_text_ids(path, tmp_path):
    whole = tmp_path / "whole.csv"
    whole.write_text(HEAD + ROWS.replace("2.0", "2"))
    as_text = rfm.score(whole, **OPTIONS | {"ids": "text"})
    as_int = rfm.score(path, **OPTIONS)
    for column in ("frequency", "monetary", "recency_days", "segment"):
        assert sorted(as_int.customers[column].to_pylist()) == sorted(
            as_text.customers[column].to_pylist()
        )


def test_refunds__other_order_ids_are_null_in_normalised_rows(path):
    rows = pa.table(rfm.normalized(path, **OPTIONS))
    assert rows["order_id"].to_pylist() == [1, None, 2, 2, None]


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (("-4.00", "4.00"), {}),
        (("-4.00", "0.00"), {}),
        (("", ""), {"refunds": "net-order"}),
        (("", ""), {"where": ()}),
    ],
)
def test_purchases__need_integers(path, change, options):
    path.write_text(HEAD + ROWS.replace(*change) if change[0] else HEAD + ROWS)
    with pytest.raises(rfm.DataError, match="id column 'order_id' must contain integers"):
        rfm.score(path, **OPTIONS | options)


def test_customers__need_integers_in_every_row(path):
    path.write_text(HEAD + ROWS.replace("9,", "x,"))
    with pytest.raises(rfm.DataError, match="id column 'customer_id' must contain integers"):
        rfm.score(path, **OPTIONS)
