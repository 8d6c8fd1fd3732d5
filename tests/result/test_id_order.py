"""Ids are in the same order as with Python's `sorted` on integers and bytes."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.result.id_order import ascending, sorted_words
from tests.shapes import keys_of
from tests.strategies import BYTES, INT64, TEXTS, UINT64

LONG = st.sampled_from(("customer-00000", "customer-00001", "customer-00001\0"))
IDS = {
    "int": (pa.int64(), st.sampled_from(INT64) | st.integers(-(2**63), 2**63 - 1)),
    "uint": (pa.uint64(), st.sampled_from(UINT64) | st.integers(0, 2**64 - 1)),
    "text": (pa.string(), st.sampled_from(TEXTS) | LONG | st.text(max_size=20)),
    "large text": (pa.large_string(), st.sampled_from(TEXTS) | LONG),
    "binary": (pa.binary(), st.sampled_from(BYTES) | st.binary(max_size=20)),
    "uuid": (pa.uuid(), st.binary(min_size=16, max_size=16)),
}


def as_bytes(value: int | str | bytes) -> int | bytes:
    return value.encode() if isinstance(value, str) else value


def nulls_first(value: int | str | bytes | None) -> tuple:
    return (0,) if value is None else (1, as_bytes(value))


def in_order(columns: list[pa.Array]) -> list[int]:
    rows = list(zip(*(keys_of(column) for column in columns), strict=True))
    return sorted(range(len(rows)), key=lambda row: tuple(map(nulls_first, rows[row])))


@pytest.mark.parametrize("kind", IDS)
@given(data=st.data())
def test_ascending__is_sorted(kind, data):
    arrow, values = IDS[kind]
    ids = pa.array(data.draw(st.lists(values, max_size=60)), arrow)
    assert ascending([ids]).tolist() == in_order([ids])


@given(data=st.data())
def test_ascending__is_sorted_by_customer_and_then_by_group(data):
    n = data.draw(st.integers(0, 40))
    columns = []
    for may_be_null in (False, True):
        arrow, values = IDS[data.draw(st.sampled_from(sorted(IDS)))]
        few = st.sampled_from(data.draw(st.lists(values, min_size=1, max_size=5)))
        drawn = st.none() | few if may_be_null else few
        columns.append(pa.array(data.draw(st.lists(drawn, min_size=n, max_size=n)), arrow))
    assert ascending(columns).tolist() == in_order(columns)


def test_ascending__long_ids_that_differ_at_the_end():
    ids = pa.array(["x" * 100_000 + ending for ending in ("b", "", "a\0", "a")])
    assert ascending([ids]).tolist() == [1, 3, 2, 0]


def test_sorted_words__leaves_equal_words_as_they_came():
    words = pa.array([2**63, 5, 2**63, 5, 0], pa.uint64()).to_numpy()
    rows, in_order = sorted_words(words)
    assert rows.tolist() == [4, 1, 3, 0, 2]
    assert in_order.tolist() == sorted(words.tolist())
    assert words.tolist() == [2**63, 5, 2**63, 5, 0]
