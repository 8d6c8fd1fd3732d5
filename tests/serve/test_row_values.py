"""Values that are read from memory are those that Arrow reads."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.serve import row_values
from rfm_engine.serve.row_values import value_reader

WIDE = Decimal(f"{'9' * 36}.99")
VALUES = {
    pa.int8(): [-128, 127, 0], pa.int16(): [-(2**15), 2**15 - 1], pa.int32(): [-(2**31), 2**31 - 1],
    pa.int64(): [-(2**63), 2**63 - 1], pa.uint8(): [0, 255], pa.uint16(): [0, 2**16 - 1],
    pa.uint32(): [0, 2**32 - 1], pa.uint64(): [0, 2**64 - 1],
    pa.float32(): [0.5, -0.0, math.inf], pa.float64(): [0.1, 5e-324, -math.inf],
    pa.timestamp("us", "UTC"): [
        datetime(1, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, 3, 4, 5, 6, UTC),
    ],
    pa.date32(): [date(1, 1, 1), date(9999, 12, 31)],
    pa.bool_(): [True, False], pa.string(): ["", "ü😀", "a\0b"], pa.binary(): [b"", b"\xff\0"],
    pa.decimal128(18, 2): [Decimal("-0.01"), Decimal("0.00"), Decimal("9999999999999999.99")],
    pa.decimal128(38, 2): [WIDE, WIDE.copy_negate()], pa.decimal128(9, 0): [Decimal(7)],
    pa.time64("us"): [time(3, 4, 5)], pa.list_(pa.int8()): [[1, None], []],
    pa.timestamp("ms", "Europe/Paris"): [datetime(2025, 1, 2, tzinfo=UTC)],
    pa.dictionary(pa.int8(), pa.string()): ["a", "b", "a"],
    pa.dictionary(pa.int32(), pa.int64()): [2**62, 0],
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES, ids=str)
@pytest.mark.parametrize("nulls", [[], [None], [None] * 9])
def test_reader__reads_what_arrow_reads(kind, nulls):
    column = pa.array([*nulls, *VALUES[kind], *nulls], kind)
    wanted = column.to_pylist()
    read = value_reader(column)
    found = [read(row) for row in range(len(column))]
    assert found == wanted
    assert [*map(repr, found)] == [*map(repr, wanted)] or pa.types.is_timestamp(kind)
    assert [*map(type, found)] == [*map(type, wanted)]


@given(st.lists(st.none() | st.decimals(places=2, allow_nan=False, allow_infinity=False)
                .filter(lambda value: abs(value) < 10**36), min_size=1))  # fmt: skip
def test_reader__of_decimals_is_exact(values):
    column = pa.array(values, pa.decimal128(38, 2))
    read = value_reader(column)
    assert [read(row) for row in range(len(values))] == values


def test_reader__of_a_long_dictionary_leaves_it_in_the_file(monkeypatch):
    monkeypatch.setattr(row_values, "_MOST_KEPT", 1)
    column = pa.array(["a", None, "b"]).dictionary_encode()
    read = value_reader(column)
    assert [read(row) for row in range(3)] == ["a", None, "b"]


def test_reader__refuses_a_damaged_dictionary():
    offsets = pa.array([0, 200, 3], pa.int32()).buffers()[1]
    texts = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"abc"))
    column = pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), texts, safe=False)
    with pytest.raises(pa.ArrowInvalid):
        value_reader(column)
