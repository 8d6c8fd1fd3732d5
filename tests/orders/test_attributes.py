"""Attribute columns of normalised rows: their values, names, types and errors."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.shapes import AS_OF, cents, orders_table

MONEY = ("discount", "list", "cost")


def with_columns(**columns):
    return orders_table([1] * 3, [0] * 3, [cents(100)] * 3, **columns)


def rows_of(orders, **options):
    return pa.table(rfm.normalized(orders, **{"as_of": AS_OF} | options))


def decimals(*minor):
    return pa.array([None if each is None else cents(each) for each in minor])


def test_attributes__have_the_documented_names_types_and_order():
    table = with_columns(
        pieces=pa.array([2, None, 4], pa.uint8()),
        coupon=decimals(10, None, None), card=decimals(5, 7, None), listed=decimals(200, None, 1),
        bought=pa.array([0.5, float("nan"), float("-inf")]), times=pa.array([3, 3, 3]),
        sku=pa.array(["a", "b", None]).dictionary_encode(), group=pa.array([1, 2, None], pa.int8()),
        note=pa.array(["x", "y", "z"]),
    )  # fmt: skip
    rows = rows_of(
        table, units="pieces", discount=["coupon", "card"], list="listed", cost="bought",
        product="sku", category="group", quantity="times", carry=["note", "coupon"],
    )  # fmt: skip
    assert [(field.name, str(field.type)) for field in rows.schema][4:] == [
        ("minor", "int64"), ("quantity", "int64"), ("units", "int64"), ("disc_minor", "int64"),
        ("list_minor", "int64"), ("cost_minor", "int64"), ("sku", "string"), ("group", "int8"),
        ("note", "string"), ("coupon", "decimal128(2, 2)"),
    ]  # fmt: skip
    assert rows.select(rows.column_names[4:-2]).to_pydict() == {
        "minor": [300, 300, 300], "quantity": [3, 3, 3], "units": [2, None, 4],
        "disc_minor": [15, 7, None], "list_minor": [200, None, 1], "cost_minor": [50, None, None],
        "sku": ["a", "b", None], "group": [1, 2, None],
    }  # fmt: skip


def test_attributes__are_named_in_the_metadata():
    table = with_columns(a=decimals(1, 2, 3), b=decimals(1, 2, 3), sku=pa.array([1, 2, 3]))
    rows = rfm.normalized(table, as_of=AS_OF, discount=["a", "b"], product="sku")
    said = json.loads(rows.schema.metadata[b"rfm_engine_rows"])["options"]
    wanted = {"units": None, "discount": ["a", "b"], "list": None, "cost": None, "category": None}
    assert {name: said[name] for name in wanted} == wanted
    assert said["product"] == "sku"


def test_attributes__of_dropped_rows_are_not_read(tmp_path):
    place = tmp_path / "o.csv"
    head = "customer_id,order_time,amount,pieces,off\n"
    place.write_text(head + "1,2025-01-01,1,2,0.5\n,2025-01-01,1,?,?\n2,2025-01-01,,?,?\n")
    [row] = rows_of(place, units="pieces", discount="off").to_pylist()
    assert (row["units"], row["disc_minor"]) == (2, 50)


@pytest.mark.parametrize("role", MONEY)
def test_attributes__that_are_no_numbers_are_refused_like_amounts(tmp_path, role):
    place = tmp_path / "o.csv"
    head = "customer_id,order_time,amount,off\n"
    for text, advice in (
        ("NULL", "In CSV, --csv-null NULL reads it as null."),
        ("1,50", "Set the decimal point with --csv-decimal ','."),
        ("x", "Correct it, or name another column."),
    ):
        place.write_text(head + f'1,2025-01-01,1,1\n1,2025-01-02,1,"{text}"\n')
        with pytest.raises(rfm.DataError) as raised:
            list(rfm.normalized(place, as_of=AS_OF, **{role: "off"}))
        assert raised.value.typed == (
            f"--{role} column 'off' must be a decimal number with '.' as decimal point; "
            f"got '{text}' in {place}, row 2. {advice}"
        )
        place.write_text(head + f'1,2025-01-01,1,1\n1,2025-01-02,"{text}",1\n')
        with pytest.raises(rfm.DataError) as of_amount:
            list(rfm.normalized(place, as_of=AS_OF))
        assert of_amount.value.typed == raised.value.typed.replace(
            f"--{role} column 'off'", "amount"
        )


def test_attributes__refuse_units_that_are_not_whole(tmp_path):
    place = tmp_path / "o.csv"
    place.write_text("customer_id,order_time,amount,n\n1,2025-01-01,1,1.5\n")
    with pytest.raises(rfm.DataError, match=r"units column 'n' must contain integers .* got '1.5'"):
        list(rfm.normalized(place, as_of=AS_OF, units="n"))
    for column in (pa.array([1.0, 2.0, 3.0]), pa.array(["1", "2", "3"])):
        with pytest.raises(rfm.DataError, match="units column 'pieces' must contain integers; got"):
            rfm.normalized(with_columns(pieces=column), as_of=AS_OF, units="pieces")
    wide = pa.array([1, 2, 2**63], pa.uint64())
    with pytest.raises(rfm.DataError, match="units column 'pieces' must fit int64"):
        list(rfm.normalized(with_columns(pieces=wide), as_of=AS_OF, units="pieces"))


@pytest.mark.parametrize(
    ("amounts", "column", "scale", "said"),
    [
        ([1.5], pa.array([150]), None, r"digits .* like the amounts \(2\); got int64"),
        ([1.5], pa.array([150]), 2, None),
        ([150], pa.array([1.5]), None, "contain integers like the amounts; got double"),
        ([150], pa.array([1.5]), 2, None),
        ([150], pa.array([150], pa.uint16()), None, None),
        ([150], pa.array([150], pa.decimal128(38, 0)), None, None),
        ([1.5], pa.array([2], pa.decimal128(38, 0)), None, r"like the amounts \(2\); got decimal"),
        ([1.5], pa.array([2], pa.decimal128(38, 0)), 2, r"like the amounts \(2\); got decimal"),
        ([1.5], pa.array([cents(150)], pa.decimal128(9, 3)), None, None),
        ([1.5], pa.array(["1.5"]), None, "contain integers, floats or decimals; got string"),
        ([1.5], pa.array([True]), None, "contain integers, floats or decimals; got bool"),
        ([1.5], pa.array([1.5], pa.float16()), None, "contain integers, floats or decimals"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", MONEY)
def test_attributes__have_the_unit_of_the_amounts(role, amounts, column, scale, said):
    table = orders_table([1], [0], pa.array(amounts), off=column)
    options = {"amount_scale": scale, role: "off"}
    if said is None:
        assert rows_of(table, **options).column(4 + 1).to_pylist() == [150]
        return
    with pytest.raises(rfm.DataError, match=rf"{role} column 'off' must .*{said}"):
        rfm.normalized(table, as_of=AS_OF, **options)
    text = table.set_column(3, "off", pa.nulls(1))
    later = iter([*text.to_batches(), *table.to_batches()])
    with pytest.raises(rfm.DataError, match=rf"{role} column 'off' must .*{said}"):
        list(rfm.normalized(later, as_of=AS_OF, **options))


def test_attributes__of_more_than_18_digits_are_refused():
    large = pa.array([10**18 - 1, 1, None], pa.int64())
    table = orders_table([1, 2, 3], [0] * 3, pa.array([1, 2, 3]), a=large, b=large, c=large)
    assert rows_of(table, cost="a")["cost_minor"].to_pylist() == [10**18 - 1, 1, None]
    with pytest.raises(rfm.DataError, match=r"columns 'a' \+ 'b' must have at most 18 digits"):
        list(rfm.normalized(table, as_of=AS_OF, discount=["a", "b"]))
    wide = table.set_column(3, "a", pa.array([10**18, 1, 2]))
    with pytest.raises(rfm.DataError, match="list column 'a' must have at most 18 digits"):
        list(rfm.normalized(wide, as_of=AS_OF, list="a"))


def test_attributes__names_that_cannot_be_are_refused():
    table = with_columns(shop=pa.array([1, 2, 3]), minor=pa.array([1, 2, 3]))
    for options, said in (
        ({"product": "minor"}, "product must not name a column that .* have; got 'minor'"),
        ({"category": "shop", "by": "shop"}, "category must not name a column .* got 'shop'"),
        ({"product": "shop", "carry": "shop"}, "carry must not name a column .* got 'shop'"),
        ({"product": "shop", "category": "shop"}, "category must name another column than product"),
        ({"cost": 7}, "cost must name a column; got 7"),
        ({"discount": ["a", "a"]}, "discount must name each column once"),
        ({"units": "shopp"}, r"units column 'shopp' must exist .* Did you mean 'shop'"),
        ({"discount": "shopp"}, r"discount column 'shopp' .* Did you mean 'shop'\? Correct disc"),
    ):
        with pytest.raises(rfm.UsageError, match=said):
            rfm.normalized(table, as_of=AS_OF, **options)


def test_products__of_other_types_are_named_as_products():
    tables = [with_columns(sku=column) for column in (pa.array([1, 2, 3]), pa.array(["1"] * 3))]
    with pytest.raises(rfm.DataError, match=r"type of 'sku' \(product\) must be the same"):
        rfm.normalized(tables, as_of=AS_OF, product="sku")
    items = iter(batch for table in tables for batch in table.to_batches())
    with pytest.raises(rfm.DataError, match="product column 'sku' must be int64 as in earlier"):
        list(rfm.normalized(items, as_of=AS_OF, product="sku"))
