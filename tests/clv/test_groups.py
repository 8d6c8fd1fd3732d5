"""Test that customers are gathered by group, and that ids of groups are kept in JSON."""

from __future__ import annotations

import json
from collections import Counter
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.clv import groups as module
from rfm_engine.clv.group_ids import NO_GROUP, group_json, group_of
from rfm_engine.clv.groups import Gathered, Groups
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.totals import population_of

LOW, HIGH = UUID(int=5), UUID(int=1 << 127)
KINDS = {
    "int": (pa.int32(), [None, -7, 0, 12]),
    "uint": (pa.uint64(), [None, 3, 2**64 - 1]),
    "text": (pa.large_string(), [None, "", "B", "a", "é", "北"]),
    "binary": (pa.binary(), [None, b"", b"\x00\xff", b"z"]),
    "uuid": (pa.uuid(), [None, LOW, HIGH]),
    "never null": (pa.string(), ["east", "west"]),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("rows", [1 << 18, 3])
def test_groups__are_in_order_and_known_for_each_customer(name, rows, monkeypatch):
    monkeypatch.setattr(module, "_CODED_ROWS", rows)
    kind, groups = KINDS[name]
    own = [groups[i % len(groups)] for i in range(40)][::-1]
    stored = [None if each is None else each.bytes for each in own] if name == "uuid" else own
    shops = pa.array(stored, pa.binary(16) if name == "uuid" else kind)
    table = pa.table(
        {
            "customer_id": range(40),
            "order_time": pa.array([1] * 40, pa.date32()),
            "amount": [5] * 40,
            "shop": kind.wrap_array(shops) if name == "uuid" else shops,
        }
    )
    totals = rfm.CustomerTotals(as_of="2024-01-01", clv=True, by="shop")
    totals.update(table)
    population = population_of(totals.totals())
    with Workers(2) as pool:
        chunks, _ = population.chunks(pool)
        found = Groups.of_chunks(population, chunks, pool)
    assert found.values == tuple(groups)
    for chunk, codes in zip(chunks, found.codes, strict=True):
        assert [found.values[code] for code in codes.tolist()] == chunk.group_column().to_pylist()
    numbers = found.renumbered(np.arange(found.n) * 10)
    assert [each.tolist() for each in numbers] == [(10 * each).tolist() for each in found.codes]


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9))), max_size=4))
def test_gathered__has_the_customers_of_each_number_together(parts):
    numbers = [np.array([row[0] for row in part], np.int64) for part in parts]
    column = [np.array([row[1] for row in part], np.int64) for part in parts]
    other = [100 * each for each in column]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CALL_ROWS", 2)
        found = Gathered.of(numbers, [column, other], 5)
    for number in range(5):
        want = Counter(row[1] for part in parts for row in part if row[0] == number)
        values, hundreds = found.of_number(number)
        assert Counter(values.tolist()) == want
        assert hundreds.tolist() == [100 * each for each in values.tolist()]


@given(
    st.none()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text()
    | st.binary()
    | st.uuids(allow_nil=True)
)
def test_group_ids__are_the_same_from_json(group):
    again = group_of(json.loads(json.dumps(group_json(group))))
    assert type(again) is type(group)
    assert again == group


@pytest.mark.parametrize(
    "written",
    [
        1.5, True, [], {}, 2**64, -(2**63) - 1, {"hex": "0g"}, {"hex": 5}, {"uuid": "5"},
        {"text": "a"}, {"hex": "00", "uuid": str(LOW)},
    ],
)  # fmt: skip
def test_group_ids__other_json_is_none(written):
    assert group_of(written) is NO_GROUP
