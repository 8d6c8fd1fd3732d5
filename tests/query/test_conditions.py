"""Conditions are parsed by one grammar and compared with null as false."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from rfm_engine.errors import UsageError
from rfm_engine.query.conditions import all_hold, parse_condition

TABLE = pa.table({
    "segment": pa.array(["Champions", 'the "best"', None, "At Risk"]).dictionary_encode(),
    "recency_days": pa.array([3, 30, 60, None], pa.int32()),
    "monetary": pa.array([Decimal("10.50"), Decimal("0.00"), None, Decimal("-3.25")]),
    "is_whale": [True, False, None, False],
    "last order": [date(2025, 1, 1), date(2025, 2, 1), None, date(2025, 3, 1)],
    "score": [0.5, 1.5, None, -1.0],
    "customer_id": [6177899434914125088, -(2**63), None, 2**63 - 1],
    "account": pa.array([2**64 - 1, 0, None, 2**63], pa.uint64()),
    "path": [r"a\d", "a\tb", None, 'é"'],
    "points": pa.array([Decimal("9" * 38), Decimal(0), None, Decimal(-1)], pa.decimal128(38)),
    "seen": pa.array([datetime(2025, 1, 1, 12), None, None, None], pa.timestamp("ns", "UTC")),
    "gone": pa.nulls(4),
    "parts": [[1], None, [], [2]],
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('segment == "Champions"', [0]),
        ('segment != "Champions"', [1, 3]),
        (r'segment == "the \"best\""', [1]),
        ('segment in ["Champions", "At Risk"]', [0, 3]),
        ("recency_days between 3 and 30", [0, 1]),
        ("recency_days>30", [2]),
        ("recency_days <= 3.5", [0]),
        ("recency_days is null", [3]),
        ("recency_days is not null", [0, 1, 2]),
        ("monetary >= 0", [0, 1]),
        ("monetary == 10.5", [0]),
        ("monetary < -3.249", [3]),
        ("is_whale", [0]),
        ("not is_whale", [1, 3]),
        ("is_whale == false", [1, 3]),
        ('last order >= "2025-02-01"', [1, 3]),
        ("score > 0.25", [0, 1]),
        ("customer_id == 6177899434914125088", [0]),
        ("customer_id <= -9223372036854775808", [1]),
        ("customer_id < 18446744073709551615", [0, 1, 3]),
        ("customer_id in [-99999999999999999999, 9223372036854775807]", [3]),
        ("account >= 9223372036854775808", [0, 3]),
        ("account == 18446744073709551615", [0]),
        ("account between -1 and 0.5", [1]),
        ("recency_days < 99999999999999999999.999999999", [0, 1, 2]),
        ("points >= 0.5", [0]),
        ("points < 99999999999999999999", [1, 3]),
        ("score < 99999999999999999999", [0, 1, 3]),
        (r'path == "a\\d"', [0]),
        (r'path == "a\tb"', [1]),
        ('path == "a\tb"', [1]),
        (r'path in ["\u00e9\"", "x"]', [3]),
        ('seen == "2025-01-01T13:00+01:00"', [0]),
        ('seen < "2025-01-01"', []),
        ("gone == 1", []),
        ('gone != "a"', []),
        ("parts is null", [1]),
    ],
)
def test_condition__holds(text, rows):
    mask = parse_condition(text).holds(TABLE).to_pylist()
    assert [row for row, is_in in enumerate(mask) if is_in] == rows
    assert None not in mask


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be valid; got"),
        (7, "must be valid; got"),
        ("segment = 1", "must be valid; got"),
        ("segment == Champions", "must be valid; got"),
        ("1 < recency_days < 5", "must be valid; got"),
        ('segment in ["a" "b"]', "must be valid; got"),
        ("segment; drop table x == 1", "must name a column"),
        ("who == 1", "got 'who', which is none of segment, recency_days"),
        ("segmnt is null", "Did you mean 'segment'?"),
        ("segment == 1", "values of its type, string; got 1"),
        ('recency_days == "3"', "values of its type, int32"),
        ('recency_days == "3"', "int32; got '3'. Write numbers without quotes."),
        ('is_whale == "true"', "bool; got 'true'. Write true or false, without quotes."),
        ("segment == 1", "string; got 1. Write text in double quotes."),
        ("last order == 20250101", "got 20250101. Write dates like"),
        ('last order == "soon"', '. Write dates like "2018-01-31", in double quotes.'),
        ('seen > "9999-01-01"', "got '9999-01-01'. Write dates like"),
        (r'path == "a\d"', r'condition must have valid text; got "a\d". Write a backslash as \\.'),
        (r'path == "\ud800"', "must have valid text; got "),
        ("parts == 1", "got 1. Such a column can only be compared with null."),
        (f"recency_days == {'9' * 21}", "must be valid; got"),
        ("is_whale > 1", "values of its type, bool"),
        ("segment", "must name a column that is true or false"),
    ],
)
def test_condition__refuses(text, said):
    with pytest.raises(UsageError) as raised:
        parse_condition(text).holds(TABLE)
    assert said in str(raised.value)


def test_all_hold__is_true_without_conditions_and_otherwise_the_conjunction():
    assert all_hold([], TABLE).to_pylist() == [True] * 4
    both = [parse_condition("not is_whale"), parse_condition("monetary < 0")]
    assert all_hold(both, TABLE).to_pylist() == [False, False, False, True]
