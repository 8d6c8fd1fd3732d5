"""Test that sixteen types of ids have the same result in all layouts of Arrow."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests import reference
from tests.compare import expected_scores, expected_totals, scores_of, totals_of
from tests.covering import covering
from tests.layouts import LAYOUTS
from tests.shapes import AS_OF, cents, orders_table, rows_of

N = 60
TEXT = ("", "a", "\0", "ü", "long enough to stand out of line in a view", "b")
NUMBERS = (0, 1, 127, 5, 64, 3)
SIGNED = (0, -1, 127, -128, 64, 3)
RAW = tuple(text.encode() for text in TEXT)
UUIDS = tuple(uuid.UUID(int=2**number).bytes for number in range(0, 120, 20))
TYPES = {
    "int8": (pa.int8(), SIGNED),
    "int16": (pa.int16(), SIGNED),
    "int32": (pa.int32(), SIGNED),
    "int64": (pa.int64(), (-(2**63), 2**63 - 1, *SIGNED[2:])),
    "uint8": (pa.uint8(), NUMBERS),
    "uint16": (pa.uint16(), NUMBERS),
    "uint32": (pa.uint32(), NUMBERS),
    "uint64": (pa.uint64(), (2**64 - 1, 2**63, *NUMBERS[2:])),
    "string": (pa.string(), TEXT),
    "large_string": (pa.large_string(), TEXT),
    "string_view": (pa.string_view(), TEXT),
    "binary": (pa.binary(), RAW),
    "fixed_size_binary": (pa.binary(16), UUIDS),
    "uuid": (pa.uuid(), UUIDS),
    "dictionary of string": (pa.dictionary(pa.int16(), pa.string()), TEXT),
    "dictionary of int": (pa.dictionary(pa.uint8(), pa.int32()), SIGNED),
}


def orders_by(kind: str, *, nulls: bool, lines: bool) -> pa.Table:
    of, pool = TYPES[kind]
    ids = [None if nulls and i % 9 == 4 else pool[i * i % len(pool)] for i in range(N)]
    day = [19_800 * 86_400_000_000 + i * 7_000_000_000 for i in range(N)]
    paid = [None if nulls and i % 13 == 5 else cents(i * 37 % 1_000 - 50) for i in range(N)]
    more = {"order_id": pa.array([ids[i // 2] for i in range(N)], of)} if lines else {}
    return orders_table(pa.array(ids, of), day, paid, **more)


@pytest.mark.parametrize(
    ("kind", "layout", "nulls"), covering(TYPES, LAYOUTS, [False, True], times=6)
)
def test_score__any_type_in_any_layout(kind, layout, nulls):
    table = orders_by(kind, nulls=nulls, lines=False)
    result = rfm.score(LAYOUTS[layout](table), as_of=AS_OF, threads=2)
    expected = reference.score(rows_of(table), as_of=AS_OF)
    assert scores_of(result.customers) == expected_scores(expected)
    assert result.summary()["rows"]["dropped"] == expected.dropped


@pytest.mark.parametrize(("kind", "layout"), covering(TYPES, LAYOUTS, times=4))
def test_totals__order_ids_of_any_type_in_any_layout(kind, layout):
    table = orders_by(kind, nulls=True, lines=True)
    totals = rfm.CustomerTotals(as_of=AS_OF, order="order_id")
    for batch in LAYOUTS[layout](table):
        totals.update(batch)
    expected = reference.totals(rows_of(table), as_of=AS_OF, has_order=True)
    assert totals_of(totals.finish()) == expected_totals(expected)


@pytest.mark.parametrize("kind", TYPES)
def test_score__keeps_the_kind_of_id(kind):
    table = orders_by(kind, nulls=False, lines=False)
    got = rfm.score(table, as_of=AS_OF).customers.schema.field("customer_id").type
    of = TYPES[kind][0]
    value = of.value_type if pa.types.is_dictionary(of) else of
    if pa.types.is_integer(value):
        assert got == (pa.int64() if pa.types.is_signed_integer(value) else pa.uint64())
    elif kind in ("binary", "fixed_size_binary", "uuid"):
        assert got in (pa.binary(), pa.large_binary(), value)
    else:
        assert got in (pa.string(), pa.large_string())


@pytest.mark.parametrize(
    "ids", [pa.array([1.0, 2.0]), pa.array([True, False]), pa.array([[1], [2]])], ids=str
)
def test_score__ids_that_are_no_ids_are_refused(ids):
    with pytest.raises(rfm.DataError, match="customer_id"):
        rfm.score(orders_table(ids, [0, 0], [cents(1), cents(2)]), as_of=AS_OF)
