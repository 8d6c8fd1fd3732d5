"""Tables and labels are the same for any threads, row order, files, buckets and kinds of ids."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.insight.answers import answer
from rfm_engine.insight.tables import TABLES
from rfm_engine.normalize import write_normalized
from tests.conftest import COMPILED, DEEP
from tests.insight.cases import CASES, labels_of, tables
from tests.insight.frames import AS_OF, KINDS, ROWS, orders, orders_table, scored

pytestmark = pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")

FEW = settings(max_examples=settings.default.max_examples // 3)


def normalised(table, folder, buckets, order="order_id"):
    write_normalized(
        table, folder / "rows", as_of=AS_OF, order=order, buckets=buckets,
        carry=["source", "product"], units="pieces", discount=["discount"], list="list_price",
    )  # fmt: skip
    return folder / "rows"


def sorted_rows(table):
    """Return the rows in the order of ids, which is the same for all kinds, without the ids."""
    rows = sorted(table.to_pylist(), key=lambda row: row["customer_id"])
    return [tuple(row.values())[1:] for row in rows]


def cut(table, dice):
    """Cut a table into up to four, some of them empty, with the rows in another order."""
    mixed = table.take(pa.array(dice.sample(range(len(table)), len(table)), pa.int64()))
    ends = sorted(dice.randint(0, len(table)) for _ in range(3))
    return [
        mixed.slice(start, end - start)
        for start, end in zip([0, *ends], [*ends, len(table)], strict=True)
    ]


@pytest.mark.parametrize(
    ("kind", "threads", "buckets"),
    [("text", 3, None), ("uuid", 2, 3), *([("int", 2, 7), ("binary", 1, 1)] if DEEP else ())],
)
def test_tables_and_labels__are_the_same(shop_of_rows, tmp_path, kind, threads, buckets):
    """All tables and labels, with everything that must not matter changed at once."""
    _, wanted, wanted_labels = shop_of_rows
    table = orders_table(ROWS, kind)
    files = cut(table, random.Random(kind))
    snapshot = scored(files, tmp_path, threads=threads)
    rows = files[::-1] if buckets is None else normalised(files, tmp_path, buckets)
    found = tables(snapshot, rows, threads=threads)
    for name in CASES:
        assert wanted[name].num_rows > 0, name
        assert found[name].schema.equals(wanted[name].schema, check_metadata=True), name
        assert found[name].equals(wanted[name]), name
    assert sorted_rows(labels_of(snapshot, rows, threads=threads)) == sorted_rows(wanted_labels)


def test_tables_and_labels__without_an_order_column_are_the_same(tmp_path):
    """Rows are orders; many of a customer have the same moment, and some the same amount."""
    rows = [row._replace(time=row.time.replace(day=1)) for row in ROWS]
    table = orders_table(rows, "int")
    files = cut(table, random.Random(7))
    snapshot = scored(table, tmp_path, order=None)
    folder = normalised(files, tmp_path, 3, None)
    names = ["first-product", "main first product", "cohort by source", "new-returning", "hours"]
    given = ((table, 1), (files, 2), (folder, 3))
    whole, *others = (tables(snapshot, own, threads=n, names=names) for own, n in given)
    labels, *other_labels = (labels_of(snapshot, own, threads=n) for own, n in given)
    for name in names:
        assert whole[name].num_rows > 0, name
        assert all(other[name].equals(whole[name]) for other in others), name
    assert all(bytes_of(other) == bytes_of(labels) for other in other_labels)


def test_labels__are_the_same_bytes_for_the_same_snapshot(shop_of_rows, tmp_path):
    snapshot, _, wanted = shop_of_rows
    files = cut(orders_table(ROWS, "int"), random.Random(5))
    for rows, threads in ((normalised(files, tmp_path, 5), 3), (files, 2)):
        assert bytes_of(labels_of(snapshot, rows, threads=threads)) == bytes_of(wanted)


def bytes_of(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def test_tables__do_not_depend_on_the_tables_that_are_asked_for_with_them(shop_of_rows):
    snapshot = shop_of_rows.snapshot
    table = orders_table(ROWS, "int")
    names = ["gini", "cross-shop", "new-returning"]
    options = {"attribute": "source", "min_item": 1, "min_pair": 1}
    others = TABLES if DEEP else ("first-product", "cohort", "pairs")
    together = answer([*dict.fromkeys([*others, *names])], snapshot, table, options)
    for name in names:
        known = {key: each for key, each in options.items() if key in TABLES[name].options}
        alone = rfm.insight.run(name, snapshot, rows=table, **known)
        assert alone.num_rows > 0
        assert together[name].table.equals(alone)


@FEW
@given(st.data())
def test_tables__of_random_orders_do_not_depend_on_how_they_are_read(data):
    rows = data.draw(orders())
    kinds = [data.draw(st.sampled_from(sorted(KINDS))) for _ in range(2)]
    dice = data.draw(st.randoms(use_true_random=False))
    order = data.draw(st.sampled_from(["order_id", None]))
    names = ["deciles", "main first product", "cohort by source", "pairs"]
    found = []
    with tempfile.TemporaryDirectory() as name:
        for kind, buckets in zip(kinds, (None, data.draw(st.integers(1, 5))), strict=True):
            place = Path(name) / f"{buckets}"
            place.mkdir()
            table = orders_table(rows, kind)
            snapshot = scored(table, place, order=order)
            if buckets is None:
                given = cut(table, dice)
            else:
                given = normalised(table, place, buckets, order)
            found.append(tables(snapshot, given, threads=dice.randint(1, 3), names=names))
    for name in names:
        assert found[0][name].equals(found[1][name])
