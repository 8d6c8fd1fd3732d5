"""Rates files: the rates that are read, and errors with file and line."""

from __future__ import annotations

import re
from datetime import datetime

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.orders.money.rates import Line
from rfm_engine.orders.money.rates_file import read_rates
from rfm_engine.orders.reading import Reading


def test_rates_file__columns_come_in_any_order_and_zeros_do_not_count(tmp_path):
    place = tmp_path / "rates.csv"
    place.write_text(
        "\ufeffdate,rate,currency\n2024-02-01, .90 ,USD\n\n,001.000,EUR\n1969-12-31,2,USD\n"
    )
    rates = read_rates(place)
    assert rates.digits == 1
    assert rates.lines == (Line("EUR", None, 10), Line("USD", -1, 20), Line("USD", 19_754, 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have the columns currency, rate and optionally date.* got none in line 1"),
        ("currency\nEUR\n", "got currency in line 1"),
        ("currency,rate,day\n", "got currency, rate, day in line 1"),
        ("currency,rate,rate\n", "each once; got currency, rate, rate in line 1"),
        ("currency,rate\n\n", "must have rates; got none"),
        ("currency,rate\nEUR\n", "2 fields per line; got 1 in .*csv, line 2"),
        ("currency,rate\nEUR,1\n,2\n", "got an empty field in .*csv, line 3"),
        ("currency,rate\nEUR,1\nEUR,1\n", "got 'EUR' again in .*line 3, after .*line 2"),
        ("currency,rate,date\nEUR,1,\nEUR,2,2024-01-01\n", "got both for 'EUR' in .*line 3 and"),
        ("currency,rate,date\nEUR,1,20240101\n", "got '20240101' in .*line 2"),
        ("currency,rate,date\nEUR,1,2024-02-30\n", "got '2024-02-30' in .*line 2"),
        (
            "currency,rate\nEUR,1\nX,1234567890.0123456789\n",
            "18 digits, 10 of .*line 3; got more .*line 3",
        ),
        ("currency,rate\nEUR,1\nX,0.000000000000000001\n", "18 of .*line 3; got more .*line 2"),
        ('currency,rate\nUSD,1\n"EUR,1\nX,2\n', "CSV; got a quote that is never closed in line 3"),
        ('currency,rate\n"EUR"x,1\n', "must be readable CSV; got .* in line 2"),
        ('"currency,rate\n', "got a quote that is never closed in line 1"),
        *(
            (f"currency,rate\nEUR,1\n\nUSD,{bad}\n", f"got {re.escape(repr(bad))} in .*csv, line 4")
            for bad in ("0", "0.00", "-1", "1e3", "nan", "", ".", "1.", "one", "+1", "٣")
        ),
    ],
)
def test_rates_file__faults_name_file_and_line(tmp_path, text, message):
    place = tmp_path / "rates.csv"
    place.write_text(text, "utf-8")
    with pytest.raises(rfm.UsageError, match=message) as refused:
        read_rates(place)
    assert "rates.csv" in str(refused.value)


def test_rates_file__that_is_none_is_refused(tmp_path):
    (tmp_path / "rates.csv").write_bytes(b"currency,rate\n\xff,1\n")
    for name in ("rates.csv", "missing.csv", "."):
        with pytest.raises(rfm.UsageError, match="must be readable CSV"):
            read_rates(tmp_path / name)


def test_reading__rates_need_a_currency_column(tmp_path):
    with pytest.raises(rfm.UsageError, match="must be used with currency"):
        Reading(as_of="newest", rates=tmp_path / "rates.csv")


def test_score__names_every_currency_without_a_rate(tmp_path):
    place = tmp_path / "rates.csv"
    place.write_text("currency,rate,date\nEUR,1,\nUSD,0.9,2026-01-10\n")
    table = pa.table(
        {
            "customer_id": [1, 1, None, 2, 2, 3],
            "order_time": [datetime(2026, 1, day) for day in (1, 2, 3, 9, 10, 11)],
            "amount": [1, 2, 3, 4, 5, 6],
            "money": ["EUR", "GBP", "CHF", "USD", "USD", None],
        }
    )
    options = {"as_of": "newest", "currency": "money", "rates": place}
    with pytest.raises(rfm.DataError) as refused:
        rfm.score(table, **options)
    said = str(refused.value)
    assert "'GBP' in orders, row 2; " in said
    assert "'USD' on 2026-01-09 in orders, row 4, before its first date, 2026-01-10; " in said
    assert "null in orders, row 6. " in said
    assert "CHF" not in said  # its row has no customer
    with pytest.raises(rfm.DataError, match=r"one currency; got .*, or give rates\."):
        rfm.score(table, as_of="newest", currency="money")
    kept = rfm.score(table, **options | {"as_of": "2026-01-10", "window": "1d"})
    assert kept.rows.counted == 1


def test_score__refunds_and_zeros_that_are_dropped_need_no_rate(tmp_path):
    place = tmp_path / "rates.csv"
    place.write_text("currency,rate\nEUR,1\n")
    table = pa.table(
        {
            "customer_id": [1, 1, 2],
            "order_time": [datetime(2026, 1, 1)] * 3,
            "amount": [1, -2, 0],
            "money": ["EUR", "GBP", None],
        }
    )
    options = {"as_of": "newest", "currency": "money", "rates": place}
    result = rfm.score(table, refunds="drop", zero="drop", **options)
    assert result.rows.counted == 1
    with pytest.raises(rfm.DataError, match="got none for 'GBP' in orders, row 2; null"):
        rfm.score(table, **options)


def test_score__names_a_currency_that_is_no_text(tmp_path):
    place = tmp_path / "rates.csv"
    place.write_text("currency,rate\nEUR,1\n")
    odd = pa.array([b"\xff"], pa.binary())
    table = pa.table(
        {
            "customer_id": [1],
            "order_time": [datetime(2026, 1, 1)],
            "amount": [1],
            "money": pa.Array.from_buffers(pa.string(), 1, odd.buffers()),
        }
    )
    with pytest.raises(rfm.DataError, match="got none for '\ufffd' in orders, row 1"):
        rfm.score(table, as_of="newest", currency="money", rates=place)


def test_score__says_how_many_more_currencies_lack_a_rate(tmp_path):
    place = tmp_path / "rates.csv"
    place.write_text("currency,rate\nEUR,1\n")
    table = pa.table(
        {
            "customer_id": [*range(13)],
            "order_time": [datetime(2026, 1, 1)] * 13,
            "amount": [1] * 13,
            "money": [f"X{i:02}" for i in range(13)],
        }
    )
    with pytest.raises(rfm.DataError, match=r"row 10; and 3 more\. Add rates"):
        rfm.score(table, as_of="newest", currency="money", rates=place)
