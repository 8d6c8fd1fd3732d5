"""Test ids at the limits, invalid ids, and tables of extreme shapes."""

from __future__ import annotations

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests import reference
from tests.compare import expected_scores, scores_of
from tests.conftest import COMPILED
from tests.shapes import AS_OF, HARD, cents, orders_table, rows_of

DAY_US = 86_400_000_000


def orders_of(ids: pa.Array) -> pa.Table:
    n = len(ids)
    return orders_table(
        ids,
        [(19_900 + i % 50) * DAY_US for i in range(n)],
        [cents(i * 31 % 997) for i in range(n)],
    )


def assert_twin_agrees(table: pa.Table, threads: int = 2) -> None:
    expected = reference.score(rows_of(table), as_of=AS_OF)
    assert scores_of(rfm.score(table, as_of=AS_OF, threads=threads).customers) == expected_scores(
        expected
    )


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([-(2**63), 2**63 - 1, 0, -1, 1, -(2**63), 0], pa.int64()),
        pa.array([2**64 - 1, 2**63, 2**63 - 1, 0, 1, 2**64 - 1], pa.uint64()),
        pa.array(["", "", "\0", "\0\0", "a", "a\0", "\0a"]),
        pa.array([b"", b"\0", b"\0" * 7, b"\0" * 8, b"\0" * 9, b"\0" * 16, b"\xff" * 8]),
        pa.array(["é", "e\u0301", "É", "\U0001f600", "\uffff", "﻿"]),
        pa.array([0, 0, 0], pa.int64()),
    ],
    ids=["int64", "uint64", "NUL text", "NUL bytes", "unicode", "zero"],
)
def test_score__ids_at_the_limits_are_ordinary_customers(ids):
    assert_twin_agrees(orders_of(ids))


def test_score__ids_of_a_mebibyte_are_compared_in_full():
    big = "x" * (2**20 if COMPILED else 2**14)  # Without the compiler a byte takes 1 microsecond.
    ids = [big, big + "y", big[:-1] + "y", "y" + big[1:], big]
    result = rfm.score(orders_of(pa.array(ids)), as_of=AS_OF)
    counts = dict(
        zip(
            result.customers["customer_id"].to_pylist(),
            result.customers["frequency"].to_pylist(),
            strict=True,
        )
    )
    assert counts == {big: 2, ids[1]: 1, ids[2]: 1, ids[3]: 1}


def text_unchecked(values: list[bytes], *, large: bool = False) -> pa.Array:
    kind, offsets = (pa.large_string(), pa.int64()) if large else (pa.string(), pa.int32())
    ends = [0]
    for value in values:
        ends.append(ends[-1] + len(value))
    buffers = [None, pa.array(ends, offsets).buffers()[1], pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"ok\x80"], ids=repr
)
@pytest.mark.parametrize("form", ["string", "large_string", "dictionary", "string_view"])
def test_score__invalid_utf8_is_refused(bad, form):
    ids = text_unchecked([b"fine", bad, b"fine"])
    if form == "large_string":
        ids = text_unchecked([b"fine", bad, b"fine"], large=True)
    elif form == "dictionary":
        ids = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int32()), ids)
    elif form == "string_view":
        views = pa.array([b"fine", bad, b"fine"], pa.binary_view())
        ids = pa.Array.from_buffers(pa.string_view(), 3, views.buffers())
    with pytest.raises(rfm.DataError, match="UTF-8"):
        rfm.score(orders_of(ids), as_of=AS_OF)


def test_score__invalid_utf8_across_two_ids_is_refused():
    """The two ids contain the two bytes of one letter: only the whole buffer is valid UTF-8."""
    with pytest.raises(rfm.DataError, match="UTF-8"):
        rfm.score(orders_of(text_unchecked([b"a\xc3", b"\xa4b"])), as_of=AS_OF)


@pytest.mark.parametrize("shape", ["one giant customer", "all unique", "no rows", "only refunds"])
@pytest.mark.parametrize("form", [pa.int64(), pa.uint64(), pa.string(), pa.binary()], ids=str)
@pytest.mark.parametrize("threads", [1, 3])
def test_score__extreme_shapes_of_any_kind_of_id(shape, form, threads):
    table = HARD[shape]()
    ids = table["customer_id"]
    if form in (pa.string(), pa.binary()):
        ids = ids.cast(pa.string())
    assert_twin_agrees(table.set_column(0, "customer_id", ids.cast(form)), threads)


@pytest.mark.parametrize("stride", [1, 2, 2**20, 2**32, 2**52], ids=str)
def test_score__strided_ids(stride):
    ids = pa.array([i * stride for i in range(1_000)], pa.uint64())
    assert_twin_agrees(orders_of(ids))
