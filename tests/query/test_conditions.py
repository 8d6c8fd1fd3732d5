"""Conditions are parsed by one grammar and compared with null as false."""

from __future__ import annotations

from datetime import date
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
        ('last order == "soon"', "values of its type, date32"),
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
