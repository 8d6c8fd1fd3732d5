"""Test columns of customers from another file: joined by id, of every kind and format."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import rfm_engine as rfm
from rfm_cli.main import app
from tests import reference, reference_facts, strategies
from tests.shapes import AS_OF, keys_of, orders_table, random_orders, rows_of

ORDERS = orders_table([7, 7, 8, 9], [0, 1, 2, 3], [1, 2, 3, 4])
IDS = pa.array([9, 5, 7], pa.int64())


def written(folder, table, ending=".parquet"):
    place = Path(folder) / f"attributes{ending}"
    if ending == ".csv":
        pyarrow.csv.write_csv(table, place)
    elif ending == ".arrow":
        with pa.OSFile(str(place), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, place, row_group_size=2)
    return place


def by_customer(result, *names):
    columns = [result.customers[name].to_pylist() for name in names]
    return dict(zip(keys_of(result.customers[0]), zip(*columns, strict=True), strict=True))


@given(orders=strategies.orders(), data=st.data())
def test_attributes__are_joined_for_ids_of_every_kind(tmp_path_factory, orders, data):
    customers = reference.score(
        rows_of(orders.table), as_of=AS_OF, timezone=orders.timezone, scale=orders.scale,
        zoned=orders.zoned, has_order="order_id" in orders.table.column_names,
    ).customers  # fmt: skip
    values = orders.table["customer_id"].to_pylist()
    ids = [value for value in dict.fromkeys(values) if value is not None]
    some = data.draw(st.lists(st.sampled_from(ids or [None]), unique=True))
    some = [each for each in some if each is not None]
    kind = orders.table.schema.field("customer_id").type
    nulls = data.draw(st.integers(0, 2))
    column = pa.array(some + [None] * nulls, getattr(kind, "value_type", kind))
    numbers = [None if row % 3 == 2 else row for row in range(len(column))]
    place = written(
        tmp_path_factory.mktemp("attributes"),
        pa.table({"row": pa.array(numbers, pa.int16()), "customer_id": column}),
    )
    names = orders.table.column_names
    result = rfm.score(
        orders.table, as_of=AS_OF, timezone=orders.timezone, attributes=place, facts=True,
        whale_by="row", order="order_id" if "order_id" in names else None,
        quantity="quantity" if "quantity" in names else None,
    )  # fmt: skip
    rows = dict(zip(keys_of(column), numbers, strict=True))
    expected = {key: rows.get(key) for key in customers}
    assert {key: row for key, (row,) in by_customer(result, "row").items()} == expected
    matched = sum(key is not None and key in customers for key in keys_of(column))
    assert result.attributes_unmatched == len(column) - matched
    by = {key: row or 0 for key, row in expected.items()}
    facts = reference_facts.facts(customers, by=by, timezone=orders.timezone)
    whales = {key: (fact.is_whale,) for key, fact in facts.items()}
    assert by_customer(result, "is_whale") == whales
    assert result.facts.whale_nulls == sum(row is None for row in expected.values())


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".csv"])
def test_attributes__of_every_format(tmp_path, ending):
    table = pa.table({"plan": ["x", None, "z"], "customer_id": IDS, "points": [1, 2, 3]})
    result = rfm.score(ORDERS, as_of=AS_OF, attributes=written(tmp_path, table, ending))
    points = [3, None, 1] if ending != ".csv" else ["3", None, "1"]
    assert by_customer(result, "plan") == {7: ("z",), 8: (None,), 9: ("x",)}
    assert by_customer(result, "points") == {
        who: (own,) for who, own in zip((7, 8, 9), points, strict=True)
    }
    assert result.schema.names[-2:] == ["plan", "points"]
    assert result.attributes_unmatched == result.summary()["attributes_unmatched"] == 1
    assert result.options["attributes"] == str(tmp_path / f"attributes{ending}")


@pytest.mark.parametrize("options", [{}, {"by": "shop", "overall": True}, {"sort": "customer"}])
def test_attributes__are_the_same_in_chunks_groups_and_outputs(tmp_path, monkeypatch, options):
    monkeypatch.setattr("rfm_engine.totals.customers._CHUNK_CUSTOMERS", 50)
    orders = random_orders(1_000, 200, 4)
    orders = orders.append_column("shop", pa.array([f"shop {i % 3}" for i in range(1_000)]))
    ids = list(range(0, 400, 2))
    plans = pa.array([f"plan {i % 7}" for i in ids]).dictionary_encode()
    table = pa.table({"customer_id": ids, "plan": plans, "who": ids})
    place = written(tmp_path, table)
    out = tmp_path / "out.parquet"
    result = rfm.score(orders, as_of=AS_OF, attributes=place, output=out, **options)
    everyone = pq.read_table(out)
    assert everyone.schema.field("plan").type == pa.string()
    for row in everyone.to_pylist():
        who = row["customer_id"]
        assert row["who"] == (who if who % 2 == 0 else None)
        assert row["plan"] == (f"plan {who // 2 * 2 % 7}" if who % 2 == 0 else None)
    snapshot = rfm.read_snapshot(out)
    assert snapshot.attributes_unmatched == result.attributes_unmatched
    customers = {who for who in result.customers["customer_id"].to_pylist() if who % 2 == 0}
    assert result.attributes_unmatched == len(ids) - len(customers)
    if "overall" in options:
        assert result.overall.attributes_unmatched == result.attributes_unmatched
    (row, *_) = result.rows_of([2])
    assert (row["who"], row["plan"]) == (2, "plan 2")


def test_attributes__of_totals_and_of_a_state(tmp_path):
    place = written(tmp_path, pa.table({"customer_id": IDS, "points": [1, 2, 3]}))
    totals = rfm.CustomerTotals(as_of=AS_OF)
    totals.update(ORDERS)
    state = rfm.State.create(tmp_path / "state")
    state.ingest(ORDERS, batch_id="all")
    for result in (
        rfm.score(totals, attributes=place),
        rfm.score(state, as_of=AS_OF, attributes=place),
    ):
        assert by_customer(result, "points") == {7: (3,), 8: (None,), 9: (1,)}


def test_attributes__without_customers_and_without_rows(tmp_path):
    place = written(tmp_path, pa.table({"customer_id": [9], "plan": ["x"]}))
    none = rfm.score(ORDERS.slice(0, 0), as_of=AS_OF, attributes=place)
    assert (none.customers.num_rows, none.attributes_unmatched) == (0, 1)
    place = written(tmp_path, pa.table({"customer_id": IDS, "points": [1, 2, 3]}).slice(0, 0))
    result = rfm.score(ORDERS, as_of=AS_OF, attributes=place, facts=True, whale_by="points")
    assert by_customer(result, "points", "is_whale") == dict.fromkeys((7, 8, 9), (None, False))
    assert (result.attributes_unmatched, result.facts.whale_nulls) == (0, 3)


@pytest.mark.parametrize(
    ("points", "least", "scale"),
    [
        (pa.array([Decimal("1.50"), Decimal("7.00"), None], pa.decimal128(10, 2)), 150, 2),
        (pa.array([Decimal(10**17), Decimal(0), None], pa.decimal256(40, 0)), 10**17, 0),
        (pa.array([2**40, 7, None], pa.uint64()), 2**40, 0),
        (pa.array(["1.5", "x", None]), None, None),
        (pa.array(["1.5", "7", None]), 15, 1),
    ],
)
def test_whales__by_integers_and_decimals(tmp_path, points, least, scale):
    ending = ".csv" if pa.types.is_string(points.type) else ".parquet"
    place = written(tmp_path, pa.table({"customer_id": IDS, "points": points}), ending)
    options = {"as_of": AS_OF, "attributes": place, "facts": True, "whale_by": "points"}
    if least is None:
        with pytest.raises(rfm.DataError, match=r"'points' of whale_by must contain .* got 'x'"):
            rfm.score(ORDERS, **options)
        return
    result = rfm.score(ORDERS, whales="33%", **options)
    found = result.facts
    assert (found.whale_least, found.whale_scale, found.whale_nulls) == (least, scale, 2)
    assert by_customer(result, "is_whale") == {7: (False,), 8: (False,), 9: (True,)}


REFUSED = {
    "repeated": ({"customer_id": [9, 7, 7], "a": [1, 2, 3]}, rfm.DataError,
                 r"one row per customer; got '7' a second time in .*row group 1, row 1\."),
    "kind": ({"customer_id": ["9"], "a": [1]}, rfm.DataError,
             r"type of the customers, signed integers; got text"),
    "float": ({"customer_id": [9.0], "a": [1]}, rfm.DataError, r"must contain integers, text"),
    "no id": ({"id": [9], "a": [1]}, rfm.UsageError,
              r"the column 'customer_id', as customer is named; got id, a in"),
    "alone": ({"customer_id": [9]}, rfm.UsageError, "must have a column besides 'customer_id'"),
    "measure": ({"customer_id": [9], "segment": [1]}, rfm.UsageError, "got 'segment' in"),
    "fact": ({"customer_id": [9], "timing": [1]}, rfm.UsageError, "got 'timing' in"),
    "unknown": ({"customer_id": [9], "b": [1]}, rfm.UsageError,
                r"whale_by must be monetary, orders or an attribute, one of b; got 'a'"),
    "float value": ({"customer_id": [9], "a": [1.5]}, rfm.DataError, "got double in"),
    "digits": ({"customer_id": [9], "a": [10**18]}, rfm.DataError, "at most 18 digits"),
}  # fmt: skip


def test_attributes__in_csv_have_the_ids_of_the_orders(tmp_path):
    place = tmp_path / "attributes.csv"
    place.write_text("customer_id,a\n7.0,x\n")
    assert by_customer(rfm.score(ORDERS, as_of=AS_OF, attributes=place), "a")[7] == ("x",)
    text = ORDERS.set_column(0, "customer_id", ORDERS["customer_id"].cast(pa.string()))
    assert by_customer(rfm.score(text, as_of=AS_OF, attributes=place), "a")["7"] == (None,)
    place.write_text("customer_id,a\n7,x\n-1,y\n")
    most = pa.array([7, 2**64 - 1, 8, 9], pa.uint64())
    unsigned = rfm.score(ORDERS.set_column(0, "customer_id", most), as_of=AS_OF, attributes=place)
    assert by_customer(unsigned, "a")[7] == ("x",)
    assert by_customer(unsigned, "a")[2**64 - 1] == (None,)
    place.write_text("customer_id,a\nseven,x\n")
    said = r"'customer_id' of attributes must contain integers .* 'seven' in .*, row 1\. The ids"
    with pytest.raises(rfm.DataError, match=said):
        rfm.score(ORDERS, as_of=AS_OF, attributes=place)
    binary = ORDERS.set_column(0, "customer_id", text["customer_id"].cast(pa.binary()))
    with pytest.raises(rfm.DataError, match=r"type of the customers, binary; got text in"):
        rfm.score(binary, as_of=AS_OF, attributes=place)


@pytest.mark.parametrize("case", REFUSED)
def test_attributes__that_are_refused(tmp_path, case):
    columns, error, said = REFUSED[case]
    place = written(tmp_path, pa.table(columns))
    with pytest.raises(error, match=said):
        rfm.score(ORDERS, as_of=AS_OF, attributes=place, facts=True, whale_by="a")


def test_attributes__of_several_files_or_of_none(tmp_path):
    pq.write_table(ORDERS, tmp_path / "a.parquet")
    pq.write_table(ORDERS, tmp_path / "b.parquet")
    with pytest.raises(rfm.UsageError, match=r"attributes must be one file; got 2 files"):
        rfm.score(ORDERS, as_of=AS_OF, attributes=tmp_path)
    with pytest.raises(rfm.UsageError, match="must exist"):
        rfm.score(ORDERS, as_of=AS_OF, attributes=tmp_path / "none.parquet")
    place = written(tmp_path, pa.table({"customer_id": IDS, "points": [1, 2, 3]}))
    with pytest.raises(rfm.UsageError, match="must not be the attributes file"):
        rfm.score(ORDERS, as_of=AS_OF, attributes=place, output=place)


def test_whale_by__an_attribute_needs_attributes():
    with pytest.raises(rfm.UsageError, match=r"whale_by must be .* got 'a' without attributes"):
        rfm.score(ORDERS, as_of=AS_OF, facts=True, whale_by="a")


def test_attributes__that_cannot_be_copied_are_named_as_attributes(tmp_path):
    views = pa.array([["x"], None, None], pa.list_(pa.string_view()))
    place = written(tmp_path, pa.table({"customer_id": IDS, "a": views}), ".arrow")
    said = r"attribute column 'a' must have a type whose rows can be filtered; got list"
    with pytest.raises(rfm.DataError, match=said):
        rfm.score(ORDERS, as_of=AS_OF, attributes=place)


def test_attributes__of_customers_and_of_order_lines_are_independent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # `sku` is a column of both files: of integers in the orders, of text in the file of customers.
    skus = pa.array([1, 2, 3, 4])
    pq.write_table(ORDERS.append_column("sku", skus), "o.parquet")
    pq.write_table(pa.table({"customer_id": IDS, "sku": ["x", None, "z"]}), "c.parquet")
    Path("rfm.toml").write_text('product = "sku"\nunits = "sku"\nattributes = "c.parquet"\n')
    for words in (
        "score o.parquet -o scored.parquet", "normalize o.parquet -o rows.parquet",
        "state create s", "ingest s o.parquet", "score s -o of_state.parquet",
    ):  # fmt: skip
        run = CliRunner().invoke(app, words.split())
        assert run.exit_code == 0, run.output
    for name, product in (("scored", "sku"), ("of_state", None)):
        snapshot = rfm.read_snapshot(f"{name}.parquet")
        said = [snapshot.options[each] for each in ("product", "units", "attributes")]
        assert said == [product, product, "c.parquet"]
        found = pq.read_table(f"{name}.parquet", columns=["customer_id", "sku"]).to_pylist()
        assert {row["customer_id"]: row["sku"] for row in found} == {7: "z", 8: None, 9: "x"}
    rows = pq.read_table("rows.parquet")
    assert rows["sku"].to_pylist() == rows["units"].to_pylist() == skus.to_pylist()
    with pytest.raises(rfm.UsageError, match=r"units column 'plan' must exist in o\.parquet"):
        rfm.score("o.parquet", as_of=AS_OF, attributes="c.parquet", units="plan")
