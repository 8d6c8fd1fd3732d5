"""The metadata of a snapshot, and incomplete or damaged snapshots."""

from __future__ import annotations

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.result import sorted_customers
from rfm_engine.result.metadata import METADATA_KEY
from tests.shapes import AS_OF, random_orders


@pytest.fixture(scope="module")
def orders():
    return random_orders(600, 100, 4)


def with_groups(orders):
    return orders.append_column("g", orders["amount"].cast(pa.string()))


def with_about(place, change):
    table = pq.read_table(place)
    about = json.loads(table.schema.metadata[METADATA_KEY])
    changed = change(about)
    text = changed if isinstance(changed, str) else json.dumps(changed)
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: text}), place)


def test_frozen_scheme__is_that_of_the_result_and_makes_the_same_model(orders, tmp_path):
    place = tmp_path / "out.parquet"
    result = rfm.score(orders, as_of=AS_OF, output=place)
    snapshot = rfm.read_snapshot(place)
    assert snapshot.frozen_scheme() == result.frozen_scheme()
    for name, scored in (("a", result), ("b", snapshot)):
        rfm.save_model(scored, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_save_model__of_a_snapshot_of_groups_is_refused(orders, tmp_path):
    place = tmp_path / "out.parquet"
    rfm.score(with_groups(orders), as_of=AS_OF, by="g", output=place)
    with pytest.raises(rfm.UsageError, match="must have cut points of all customers"):
        rfm.save_model(rfm.read_snapshot(place), tmp_path / "model.json")


def test_frozen_scheme__of_groups_is_refused(orders, tmp_path):
    place = tmp_path / "out.parquet"
    result = rfm.score(with_groups(orders), as_of=AS_OF, by="g", output=place)
    for scored in (result, rfm.read_snapshot(place)):
        with pytest.raises(rfm.UsageError, match=r"frozen scheme must .* got by 'g'"):
            scored.frozen_scheme()


def test_options__are_those_of_the_result_but_for_the_machine(orders, tmp_path):
    place = tmp_path / "out.parquet"
    result = rfm.score(orders, as_of=AS_OF, output=place, where="amount!=5.00", csv_null=["x"])
    expected = dict(result.options)
    del expected["threads"], expected["memory_limit"]
    assert rfm.read_snapshot(place).options == expected


def test_read_snapshot__of_a_directory_without_a_part_is_refused(orders, tmp_path, monkeypatch):
    monkeypatch.setattr(sorted_customers, "GROUP_ROWS", 40)
    place = tmp_path / "out"
    n = rfm.score(orders, as_of=AS_OF, output=place, sort="customer").n_customers
    parts = sorted(place.glob("part-*"))
    assert len(parts) == 3
    assert rfm.read_snapshot(place).customers.num_rows == n
    with pytest.raises(rfm.DataError, match=f"must have all of its {n} rows; got 40"):
        rfm.read_snapshot(parts[0])
    parts[1].unlink()
    with pytest.raises(rfm.DataError, match="Give the directory with all parts"):
        rfm.read_snapshot(place)


def test_read_snapshot__of_some_rows_is_refused(orders, tmp_path):
    for place in (tmp_path / "out.parquet", tmp_path / "out.arrow"):
        result = rfm.score(orders, as_of=AS_OF, output=place)
        n, some = result.n_customers, result.customers.slice(3)
        if place.suffix == ".parquet":
            pq.write_table(some, place)
        else:
            with pa.ipc.new_file(str(place), some.schema) as writer:
                writer.write_table(some)
        with pytest.raises(rfm.DataError, match=f"all of its {n} rows; got {n - 3}"):
            rfm.read_snapshot(place)


def test_read_snapshot__of_damaged_metadata_is_refused(orders, tmp_path):
    whole = tmp_path / "whole.parquet"
    rfm.score(orders, as_of=AS_OF, output=whole)
    keys = [*json.loads(pq.read_schema(whole).metadata[METADATA_KEY])]
    changes = [lambda _: "xx", lambda _: "[1]", lambda _: "[" * 5_000]
    changes += [lambda about, key=key: {k: about[k] for k in about if k != key} for key in keys]
    changes += [lambda about, key=key: about | {key: [5]} for key in keys]
    changes += [lambda about, key=key: about | {key: {"a": 1}} for key in keys]
    place = tmp_path / "damaged.parquet"
    for change in changes:
        place.write_bytes(whole.read_bytes())
        with_about(place, change)
        with pytest.raises(rfm.RfmError, match=r"must have (unchanged metadata|format 2)"):
            rfm.read_snapshot(place)


@pytest.mark.parametrize("sort", [None, "customer"])
def test_rows_of__are_in_the_order_of_customer_and_group(tmp_path, sort):
    groups = ["e", None, "b", "d", "a", "c"]
    random.Random(5).shuffle(groups)
    n = len(groups)
    table = pa.table({
        "customer_id": [1] * n + [2],
        "order_time": pa.array([0] * (n + 1), pa.timestamp("us")),
        "amount": [1] * (n + 1),
        "g": [*groups, "a"],
    })  # fmt: skip
    place = tmp_path / "out.parquet"
    result = rfm.score(table, as_of=AS_OF, by="g", sort=sort, output=place)
    for scored in (result, rfm.read_snapshot(place)):
        found = [(row["customer_id"], row["g"]) for row in scored.rows_of([2, 1])]
        assert found == [(1, g) for g in (None, "a", "b", "c", "d", "e")] + [(2, "a")]
        assert [story.customer["g"] for story in rfm.explain(scored, [1])] == [
            None, "a", "b", "c", "d", "e",
        ]  # fmt: skip


def test_of_group__refuses_what_is_no_group(orders, tmp_path):
    plain, grouped = tmp_path / "plain.parquet", tmp_path / "grouped.parquet"
    with_group = orders.append_column("g", pa.array([1, 2, 3] * 200))
    scored = [rfm.score(orders, as_of=AS_OF, output=plain), rfm.read_snapshot(plain)]
    for each in scored:
        with pytest.raises(
            rfm.UsageError, match="group must be used only with scores within groups"
        ):
            each.of_group(77)
    scored = [rfm.score(with_group, as_of=AS_OF, by="g", output=grouped)]
    scored.append(rfm.read_snapshot(grouped))
    for each in scored:
        assert each.of_group(2).cuts == scored[0].of_group("2").cuts
        for unknown in (77, None):
            with pytest.raises(rfm.UsageError, match="group must exist in column 'g'; got"):
                each.of_group(unknown)
        with pytest.raises(rfm.UsageError, match="must be a value of column 'g', int64; got 'x'"):
            each.of_group("x")
