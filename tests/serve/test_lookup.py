"""Look-ups: every customer of a file is found with its row, and no other."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.output import formats
from tests.serve.shop import orders_of, rows_of_file, write
from tests.shapes import AS_OF
from tests.strategies import BYTES, INT64, TEXTS, UINT64, UUIDS

KINDS = {
    "int": (pa.int64(), [*INT64, 2, 3, 1000]),
    "uint": (pa.uint64(), UINT64),
    "text": (pa.string(), [*TEXTS, "aa", "a\0\0", "\x7f", "\x80", "\uffff"]),
    "binary": (pa.binary(), [*BYTES, b"0123456789abcde", b"0123456789abcdef\0", b"\xff"]),
    "uuid": (pa.uuid(), UUIDS),
}
STRANGERS = {
    "int": [-(2**63) + 1, -2, 4, 999, 1001, 2**63 - 2],
    "uint": [2, 6, 8, 2**63 - 2, 2**63 + 1, 2**64 - 2],
    "text": ["\0\0", "a\0\0\0", "a\x01", "aaa", "B", "b", "x" * 39, "x" * 41, "\U0001f601", "é"],
    "binary": [b"\0\0\0", b"a\0", b"a\0b\0", b"\xff\xff", b"0123456789abcdeg", b"\x80" * 32],
    "uuid": [uuid.UUID(int=at) for at in (2, 2**64 - 1, 2**127 + 1, 2**128 - 2)],
}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Write files of several record batches."""
    monkeypatch.setattr(formats, "_BATCH_ROWS", 3)


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture
def place(kind, tmp_path) -> Path:
    """A file of customers with ids at the limits of their type."""
    of_type, ids = KINDS[kind]
    return write(tmp_path / "customers.arrow", pa.array(ids, of_type))


def test_get__returns_the_row_of_every_customer(place, kind):
    rows = rows_of_file(place)
    look = rfm.Lookup(place)
    assert [look.get(row["customer_id"]) for row in rows] == rows
    assert look.n_rows == len(rows) == len(KINDS[kind][1])


def test_get__finds_no_other_customer(place, kind):
    look = rfm.Lookup(place)
    assert [look.get(stranger) for stranger in STRANGERS[kind]] == [None] * len(STRANGERS[kind])


def test_get__takes_ids_as_text(place, kind):
    look = rfm.Lookup(place)
    for row in rows_of_file(place):
        who = row["customer_id"]
        if kind != "binary":
            assert look.get(str(who)) == row
        elif who.isascii():
            assert look.get(who.decode()) == row


@given(data=st.data())
def test_get_many__is_get_of_each(tmp_path_factory, data):
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    of_type, pool = KINDS[kind]
    chosen = data.draw(st.lists(st.sampled_from(pool), unique=True, max_size=20))
    by, overall = data.draw(st.sampled_from([(None, False), ("shop", False), ("shop", True)]))
    place = tmp_path_factory.mktemp("many") / "customers.arrow"
    shops = ("b", "a", "", "ab") if overall else ("b", None, "a")
    orders = orders_of(pa.array(chosen, of_type), shops)
    options = {"as_of": AS_OF, "sort": "customer", "by": by, "overall": overall}
    rfm.score(orders, output=place, **options)
    rows = {(row["customer_id"], row["shop"] if by else None): row for row in rows_of_file(place)}
    everybody = pa.array(pool, of_type).to_pylist() + STRANGERS[kind]
    ids = data.draw(st.lists(st.sampled_from(everybody), max_size=12))
    n = len(ids)
    groups = data.draw(st.lists(st.sampled_from([*shops, None, "z"]), min_size=n, max_size=n))
    with rfm.Lookup(place) as look:
        found = look.get_many(ids, groups if by else None)
        each = [look.get(who, *([group] if by else [])) for who, group in zip(ids, groups)]  # noqa: B905
    found.validate(full=True)
    assert found.schema.equals(look_schema(place), check_metadata=True)
    assert each == [rows.get((who, group if by else None)) for who, group in zip(ids, groups)]  # noqa: B905
    missing = dict.fromkeys(found.column_names)
    assert found.to_pylist() == [row or missing for row in each]


@pytest.mark.parametrize("by", [None, "shop"])
def test_batches__yield_the_rows_after_a_customer(place, kind, by):
    rfm.score(orders_of(pa.array(KINDS[kind][1], KINDS[kind][0])), as_of=AS_OF, by=by,
              sort="customer", output=place)  # fmt: skip
    rows, look = rows_of_file(place), rfm.Lookup(place)
    ids = [row["customer_id"] for row in rows]
    assert rows_of(look.batches()) == rows
    for who in [*dict.fromkeys(ids)]:
        behind = len(ids) - ids[::-1].index(who)
        assert rows_of(look.batches(who)) == rows[behind:]
    assert rows_of(look.batches(str(ids[-1]) if kind != "binary" else ids[-1])) == []


def rows_of(batches: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


def look_schema(place: Path) -> pa.Schema:
    with rfm.Lookup(place) as look:
        return look.schema


def test_get__without_a_group_is_the_row_of_all_groups(tmp_path):
    ids = pa.array(range(20))
    place = tmp_path / "customers.arrow"
    orders = orders_of(ids, ("b", "a"))
    result = rfm.score(orders, as_of=AS_OF, by="shop", overall=True, sort="customer", output=place)
    look = rfm.Lookup(place)
    for row in result.overall.customers.to_pylist():
        found = look.get(row["customer_id"])
        assert found == look.get(row["customer_id"], None)
        assert found.pop("shop") is None
        assert found == row
    assert look.get_many([3, 3]).to_pylist() == [look.get(3)] * 2


@pytest.mark.parametrize("given", ["12", b"12", None, 5, iter([1])])
def test_get_many__needs_a_list(tmp_path, given):
    look = rfm.Lookup(write(tmp_path / "customers.arrow", pa.array([1, 2])))
    with pytest.raises(rfm.UsageError, match=r"^ids must be a list with a value per row; got "):
        look.get_many(given)


def test_get__groups_and_wrong_ids_are_refused(tmp_path):
    plain = rfm.Lookup(write(tmp_path / "plain.arrow", pa.array([1, 2])))
    grouped = rfm.Lookup(write(tmp_path / "grouped.arrow", pa.array([1, 2]), by="shop"))
    with pytest.raises(rfm.UsageError, match=r"^group must be used only with scores within gr"):
        plain.get(1, "a")
    with pytest.raises(rfm.UsageError, match=r"^group must be given, .* of 'shop'; got none"):
        grouped.get(1)
    with pytest.raises(rfm.UsageError, match=r"^groups must be as many as ids, 2; got 1"):
        grouped.get_many([1, 2], ["a"])
    with pytest.raises(rfm.UsageError, match=r"^groups must be a list .*; got 'ab'\. Put it into"):
        grouped.get_many([1, 2], "ab")
    with pytest.raises(rfm.UsageError, match=r"^group must be a value of column 'shop', string"):
        grouped.get(1, 5)
    for odd in (
        None,
        1.0,
        True,
        "x",
        "",
        [1],
        2**63,
        "1.5",
        b"1",
        np.float32(1),
        Decimal("1.5"),
        "0x1",
    ):
        with pytest.raises(rfm.UsageError, match=r"^id must be a value of column 'customer_id'"):
            plain.get(odd)
        with pytest.raises(rfm.UsageError, match=r"^id must be a value of column 'customer_id'"):
            plain.get_many([1, odd])
    for same in (np.int8(1), "1", "01", Decimal(1), pa.scalar(1)):
        assert plain.get(same) == plain.get(1) is not None


def test_lookup__describes_its_customers(tmp_path):
    place = write(tmp_path / "customers.arrow", pa.array(range(7)))
    look, snapshot = rfm.Lookup(str(place)), rfm.read_snapshot(place)
    assert look.path == place
    assert look.schema.equals(snapshot.schema, check_metadata=True)
    assert look.as_of == snapshot.as_of
    assert look.snapshot.summary() == snapshot.summary()
    assert look.snapshot.cuts == snapshot.cuts


def test_lookup__without_customers(tmp_path):
    place = tmp_path / "customers.arrow"
    rfm.score(orders_of(pa.array([1])).slice(0, 0), as_of=AS_OF, sort="customer", output=place)
    look = rfm.Lookup(place)
    look.warm()
    assert look.n_rows == 0
    assert look.get(1) is None
    assert look.get_many([1, 2])["segment"].to_pylist() == [None, None]


def test_close__refuses_further_lookups_and_keeps_answers(tmp_path):
    place = write(tmp_path / "customers.arrow", pa.array(["é", "f"]))
    with rfm.Lookup(place) as look:
        table, row = look.get_many(["é"]), look.get("é")
    place.unlink()
    assert table.to_pylist() == [row]
    for use in (lambda: look.get("é"), lambda: look.get_many([]), look.refresh, look.warm):
        with pytest.raises(rfm.UsageError, match=r"must be open; got a closed one"):
            use()


def test_lookup__imports_no_compiler_and_no_frames(tmp_path):
    place = write(tmp_path / "customers.arrow", pa.array(["1", "2"]))
    program = (
        "import sys, rfm_engine as rfm\n"
        f"look = rfm.Lookup({str(place)!r})\n"
        "look.warm(); look.refresh(); look.get_many(['1', 'x'])\n"
        "assert look.get('2')['frequency']\n"
        "print({'numba', 'llvmlite', 'pandas', 'duckdb', 'pyarrow.dataset'} & {*sys.modules})\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("set()\n", "")
