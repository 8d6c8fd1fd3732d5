"""JSON text: everything that a row can contain, without loss."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.result.explanation import Near
from rfm_engine.serve.json_text import json_key, json_object, json_text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@given(PLAIN)
def test_json__of_plain_values_is_read_back(value):
    assert json.loads(json_text(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals__are_text_without_exponents(value):
    text = json.loads(json_text(value))
    assert Decimal(text).compare_total(value) == 0 or value.as_tuple().exponent > 0
    assert Decimal(text) == value
    assert "E" not in text


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_times__are_in_utc(value):
    text = json.loads(json_text(value))
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64 - 1, "18446744073709551615"),
        (-(2**63), "-9223372036854775808"),
        (Decimal("0.00"), '"0.00"'),
        (Decimal("0E-7"), '"0.0000000"'),
        (math.nan, "null"),
        (math.inf, "null"),
        (True, "true"),
        (datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC), '"2025-01-02T03:04:05Z"'),
        (datetime(2025, 1, 2, 3, 4, 5, 6), '"2025-01-02T03:04:05.000006"'),
        (date(2025, 1, 2), '"2025-01-02"'),
        (time(3, 4), '"03:04:00"'),
        (timedelta(milliseconds=1500), "1.5"),
        (b"\x00\xff", '"00ff"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ('"\\\n\0', '"\\"\\\\\\n\\u0000"'),
        (Near("a", ("b",)), '["a",["b"]]'),
        (type("Later", (datetime,), {})(2025, 1, 2), '"2025-01-02T00:00:00"'),
        (1j, '"1j"'),
    ],
)
def test_json__of_a_value(value, text):
    assert json_text(value) == text


def test_objects__have_their_keys_in_order():
    assert json_object(map(json_key, ["b", 'a"']), [1, None]) == '{"b":1,"a\\"":null}'
