"""Values of conditions that no row has are warned about, the same for any batches and threads."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests.conftest import DEEP

STATUSES = ["Paid", "Failed", None, "Refunded"] * (600 if DEEP else 100)
AS_OF = "2025-12-31"


def orders(statuses=STATUSES, kind=None):
    n = len(statuses)
    return pa.table({
        "customer_id": pa.array(range(n), pa.int64()), "order_time": [date(2025, 1, 1)] * n,
        "amount": [1] * n, "status": pa.array(statuses, kind or pa.string()),
    })  # fmt: skip


def unseen(warnings):
    return [str(each.text) for each in warnings if each.code == "unseen_values"]


def told(source, *where, **options):
    return unseen(rfm.score(source, as_of=AS_OF, where=list(where), **options).warnings)


HAS = "The first rows have 'Failed', 'Paid', 'Refunded', null. Check how it is written."


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["status!=Faild"], [f"where names 'Faild' in 'status', but no row has this value. {HAS}"]),
        (
            ["status=Paid,Refundd,paid"],
            [f"where names 'Refundd', 'paid' in 'status', but no row has these values. {HAS}"],
        ),
        (
            ["status!=Faild", "amount=1,2"],
            [
                "where names '2' in 'amount', but no row has this value. The first rows have '1'. "
                "Check how it is written.",
                f"where names 'Faild' in 'status', but no row has this value. {HAS}",
            ],
        ),
        (["status=Paid,Refunded", "status!=Failed", "amount=1"], []),
        (["status!=Failed", "amount!=0"], []),  # no word
        (["status=paid"], []),  # another warning says that no row counts
    ],
)
def test_unseen_values__are_the_same_for_any_batches_and_threads(tmp_path, where, expected):
    pq.write_table(orders(), tmp_path / "orders.parquet", row_group_size=7)
    pa.csv.write_csv(orders(), tmp_path / "orders.csv")
    assert told(orders(), *where) == expected
    for batch_rows, threads in ((1 if DEEP else 13, 1), (130, 2)):
        assert told(orders().to_reader(batch_rows), *where, threads=threads) == expected
        assert told(tmp_path / "orders.parquet", *where, threads=threads) == expected
    if "amount=1,2" not in where:  # CSV has text
        assert told(tmp_path / "orders.csv", *where) == expected


KINDS = [
    pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()), pa.binary_view(),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_unseen_values__of_any_layout(kind):
    table = orders(STATUSES).set_column(3, "status", pa.array(STATUSES).cast(kind))
    [text] = told(table, "status!=Faild,Failed")
    assert text.startswith("where names 'Faild' in 'status'")
    empty = table.set_column(3, "status", pa.nulls(len(STATUSES)))
    assert told([empty, table], "status!=Faild,Failed") == [text]


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=9), st.data())
def test_unseen_values__are_those_of_no_row(statuses, data):
    named = data.draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, unique=True))
    sign = data.draw(st.sampled_from(["=", "!="]))
    found = rfm.score(
        orders(statuses).to_reader(data.draw(st.integers(1, 9))), as_of=AS_OF,
        where=f"status{sign}{','.join(named)}",
    )  # fmt: skip
    missing = sorted({*named} - {*statuses})
    texts = unseen(found.warnings)
    assert bool(texts) == bool(missing and found.rows.counted)
    if texts:
        quoted = ", ".join(map(repr, missing))
        assert texts[0].startswith(f"where names {quoted} in 'status', but no row has ")


def test_unseen_values__of_totals_that_are_merged_are_those_of_all():
    options = {"as_of": AS_OF, "where": "status!=Failed,Faild,Refunded"}
    whole, parts, other = (rfm.CustomerTotals(**options) for _ in range(3))
    whole.update(orders())
    parts.update(orders(["Paid", "Failed"]))
    other.update(orders(["Refunded", None]))
    assert "'Faild', 'Refunded'" in unseen(parts.warnings)[0]
    parts.merge(other)
    assert [str(each.text) for each in parts.warnings] == [
        f"where names 'Faild' in 'status', but no row has this value. {HAS}"
    ]
    assert parts.warnings == whole.warnings


def test_unseen_values__of_absorbed_totals_are_those_of_all():
    options = {"as_of": AS_OF, "where": "status!=Failed,Faild"}
    parts, other = (rfm.CustomerTotals(**options) for _ in range(2))
    parts.update(orders(["Paid"]))
    other.update(orders(["Failed", "Paid"]))
    parts.absorb(other.export())
    [text] = unseen(parts.warnings)
    assert text.startswith("where names 'Faild' in 'status'")


def test_unseen_values__of_a_batch_of_a_state_are_no_reason_to_warn(tmp_path):
    state = rfm.State.create(tmp_path / "state", where="status!=Failed")
    assert state.ingest(orders(["Paid"]), batch_id="day").warnings == ()
