"""Rows are written as JSON from memory as their values in Python would be, and damage is found."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError
from rfm_engine.serve.json_text import json_key, json_text
from rfm_engine.serve.row_text import is_checked, value_writer
from rfm_engine.serve.row_values import value_reader
from tests.serve.calls import exchange, orders_of, snapshot_at

MOMENT = pa.timestamp("us", "UTC")
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
COLUMNS = {
    "int": pa.array([0, -1, 2**63 - 1, -(2**63)]),
    "uint": pa.array([0, 2**64 - 1], pa.uint64()),
    "small": pa.array([5, None, -128], pa.int8()),
    "moment": pa.array([FIRST, LAST, datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC)], MOMENT),
    "no moment": pa.array([None, FIRST], MOMENT),
    "local": pa.array([LAST.replace(tzinfo=None)], pa.timestamp("us")),
    "day": pa.array([date(1, 1, 1), None], pa.date32()),
    "money": pa.array(map(Decimal, ("0.00", "-0.05", "-12.34", "1e15")), pa.decimal128(18, 2)),
    "whole": pa.array([Decimal(0), Decimal(-7), Decimal(10**17)], pa.decimal128(18, 0)),
    "fraction": pa.array([Decimal("0.5"), Decimal("-0.000001")], pa.decimal128(6, 6)),
    "long": pa.array([Decimal(2**64), Decimal(-(10**37)), Decimal(2**63)], pa.decimal128(38, 0)),
    "no money": pa.array([None, Decimal("1.5")], pa.decimal128(18, 1)),
    "label": pa.array(["b", 'quoted " and é', "b"]).dictionary_encode(),
    "no label": pa.array(["b", None]).dictionary_encode(),
    "labels": pa.array([f"label {n}" for n in range(2_000)]).dictionary_encode(),
    "text": pa.array(["", "\0", "ä/é", "a\nb", "\U0001f600"]),
    "bytes": pa.array([b"", b"\xff\0"]),
    "id": pa.array([UUID(int=7).bytes, UUID(int=2**127).bytes], pa.uuid()),
    "share": pa.array([0.1, float("nan"), float("inf"), None]),
    "flag": pa.array([True, False, None]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_writer__writes_the_value_that_the_reader_reads(name):
    column = COLUMNS[name]
    read, write = value_reader(column), value_writer(name, column)
    for row in range(len(column)):
        assert write(row) == json_key(name) + json_text(read(row))
        assert read(row) == column[row].as_py() or name == "share"


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        (pa.int64(), [-5, 0, 2**63 - 1]), (pa.uint64(), [0, 2**64 - 1]),
        (pa.string(), ["", "a/b", "ä"]), (pa.binary(), [b"", b"\xff"]),
    ],
)  # fmt: skip
def test_json__is_the_row_of_get(tmp_path, kind, ids):
    snapshot_at(tmp_path / "c.arrow", orders_of(ids, kind), clv=True, facts=True)
    with rfm.Lookup(tmp_path / "c.arrow") as look:
        for who in ids:
            row = look.get(who)
            assert row is not None
            assert look.get_json(who) == json_text(row)
        strangers = {pa.int64(): 5, pa.uint64(): 5, pa.string(): "x", pa.binary(): b"x"}
        assert look.get_json(strangers[kind]) is None


def altered(column: pa.Array, index: int, content: bytes) -> pa.Array:
    """Return a column with other bytes in one of its buffers, as in a damaged file."""
    buffers = column.buffers()
    buffers[index] = pa.py_buffer(content)
    return pa.Array.from_buffers(column.type, len(column), buffers, 0)


DAMAGED = {
    "moment": altered(COLUMNS["moment"], 1, b"\xff" * 7 + b"\x7f" + b"\0" * 16),
    "money": altered(COLUMNS["money"], 1, b"\xff" * 7 + b"\x0f" + b"\0" * 56),
    "text": altered(COLUMNS["text"], 1, struct.pack("6i", 0, 99, 1, 3, 9, 13)),
    "text backwards": altered(COLUMNS["text"], 1, struct.pack("6i", 5, 2, 1, 3, 9, 13)),
    "no utf-8": altered(pa.array(["ab"]), 2, b"\xff\xff"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_writer__finds_damage_without_arrow(name):
    column = DAMAGED[name]
    assert is_checked(column)
    with pytest.raises((ValueError, OverflowError)):
        value_writer(name, column)(0)


@pytest.mark.parametrize("place", [b"\xff\xff\xff\xff", b"\x05\0\0\0"])
def test_writer__finds_labels_that_do_not_exist(place):
    places = altered(pa.array([0], pa.int32()), 1, place)
    column = pa.DictionaryArray.from_arrays(places, pa.array(["a", "b"]), safe=False)
    assert is_checked(column)
    with pytest.raises(IndexError):
        value_writer("label", column)(0)


@pytest.mark.parametrize("name", ["id", "labels", "no label", "no money", "bytes"])
def test_writer__leaves_other_columns_to_arrow(name):
    assert not is_checked(COLUMNS[name])


def test_json__of_a_damaged_row_is_an_error(tmp_path):
    path = tmp_path / "c.arrow"
    snapshot_at(path, orders_of([1, 2]))
    content, money = path.read_bytes(), struct.pack("<4q", 100_00, 0, 107_07, 0)
    assert content.count(money) == 1
    path.write_bytes(content.replace(money, struct.pack("<4q", 2**62, 0, 107_07, 0)))
    with rfm.Lookup(path) as look:
        with pytest.raises(DataError, match=r"c\.arrow"):
            look.get_json(1)
        assert look.get_json(2) == json_text(look.get(2))


@pytest.mark.parametrize("has_before", [False, True])
def test_shortcut__answers_as_the_route_does(tmp_path, has_before):
    ids = ["a/b", "ä %", "", "plain"]
    snapshot_at(tmp_path / "c.arrow", orders_of(ids))
    before = {}
    if has_before:
        snapshot_at(tmp_path / "b.arrow", orders_of(ids[1:]), as_of="2025-11-30")
        before = {"before": tmp_path / "b.arrow"}
    app = rfm.serve.app(tmp_path / "c.arrow", **before)
    host, other = (b"host", b"localhost"), (b"if-none-match", b'"another version"')
    for path in (b"a%2Fb", b"%C3%A4%20%25", b"", b"plain", b"unknown", b"%ff", b"plain/explain"):
        target = b"/v1/customers/" + path
        short = exchange(app, target, headers=[host])
        routed = exchange(app, target, headers=[host, other])
        assert short == routed
    counted = exchange(app, b"/metrics", headers=[host]).body
    assert b'rfm_lookups_total{outcome="found"} 10\n' in counted
    assert b'rfm_lookups_total{outcome="unknown"} 2\n' in counted
    assert b"rfm_lookup_seconds_count 12\n" in counted
