"""Compare units, discounts, list prices and costs of normalised rows with the naive twin."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import strategies
from tests.compare import digest
from tests.reference_attributes import summed_minor
from tests.reference_money import Single, TooLargeError, decimal_of
from tests.shapes import AS_OF

RATES = {"EUR": "1", "USD": "0.915", "JPY": "0.0061"}
LARGE = 6 * 10**17


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("attributes")
    lines = [f"{name},{rate}" for name, rate in RATES.items()]
    (place / "rates.csv").write_text("currency,rate\n" + "\n".join(lines) + "\n")
    return place


def is_integral(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale <= 0)


@st.composite
def money(draw, n, *, integral):
    """Draw a column whose numbers have the same unit as the amounts."""
    if integral:
        kind = draw(st.sampled_from((pa.int64(), pa.int16(), pa.uint32(), pa.decimal128(18, 0))))
        large = st.sampled_from((LARGE, -LARGE)) if kind.bit_width >= 64 else st.just(7)
        values = st.one_of(st.integers(0, 30_000), large)
        return pa.array(draw(strategies.column(values, n)), kind)
    while True:
        column, _ = draw(strategies.amounts(n))
        if not is_integral(column.type):
            return column


@st.composite
def attributes(draw, orders):
    """Draw a table with attribute columns, and the options that name them."""
    table, n = orders.table, orders.table.num_rows
    integral = is_integral(table["amount"].type)
    options = {}
    is_whole_decimal = pa.types.is_decimal(table["amount"].type) and integral
    if draw(st.booleans()) and not is_whole_decimal:
        options["amount_scale"] = draw(st.integers(0, 6))
    for name in ("d0", "d1", "d2", "listed", "cost"):
        own = draw(st.booleans()) if "amount_scale" in options else integral
        column = draw(money(n, integral=own))
        if pa.types.is_decimal(column.type) and own and options.get("amount_scale"):
            column = column.cast(pa.int64())
        table = table.append_column(name, column)
    kind = draw(st.sampled_from((pa.int64(), pa.int8(), pa.decimal128(9, 0), pa.null())))
    pieces = st.none() if pa.types.is_null(kind) else st.integers(-5, 99)
    table = table.append_column("pieces", pa.array(draw(strategies.column(pieces, n)), kind))
    table = table.append_column("sku", draw(strategies.keys(n)))
    table = table.append_column("number", pa.array(range(n), pa.int64()))
    named = {
        "discount": draw(st.sampled_from((["d0"], ["d0", "d1"], ["d2", "d0", "d1"]))),
        "list": "listed", "cost": "cost", "units": "pieces", "product": "sku",
    }  # fmt: skip
    return table, options, named


def expected(table, numbers, scale, named, rates):
    """Return the attributes of the rows with these numbers."""
    cells = {}
    for name in ("d0", "d1", "d2", "listed", "cost"):
        single = pa.types.is_float32(table[name].type)
        values = table[name].to_pylist()
        integral = is_integral(table[name].type)
        convert = Single if single else int if integral else (lambda value: value)
        cells[name] = [None if value is None else convert(value) for value in values]

    def minor(names, row):
        return summed_minor([cells[name][row] for name in names], scale, rates[row])

    pieces = [None if value is None else int(value) for value in table["pieces"].to_pylist()]
    return [
        {
            "units": pieces[row],
            "disc_minor": minor(named["discount"], row),
            "list_minor": minor(["listed"], row),
            "cost_minor": minor(["cost"], row),
        }
        for row in numbers
    ]


@given(data=st.data(), orders=strategies.orders(), policies=strategies.policies())
def test_attributes__equal_the_twin_and_change_no_row(data, orders, policies, folder):
    table, options, named = data.draw(attributes(orders))
    options |= policies | {"as_of": AS_OF, "timezone": orders.timezone}
    rates = [None] * table.num_rows
    if "quantity" in table.column_names:
        options["quantity"] = "quantity"
    if data.draw(st.booleans()):
        names = data.draw(st.lists(st.sampled_from([*RATES]), min_size=len(rates),
                                   max_size=len(rates)))  # fmt: skip
        table = table.append_column("money", pa.array(names, pa.string()))
        options |= {"currency": "money", "rates": folder / "rates.csv"}
        rates = [Fraction(Decimal(RATES[name])) for name in names]
    source = data.draw(st.one_of(strategies.cuttings(table), st.just(folder / "o.parquet")))
    if not isinstance(source, list):
        pq.write_table(table, source)
    plain = rfm.normalized(source, carry="number", **options)
    without = pa.table(plain)
    rows = rfm.normalized(source, carry="number", threads=2, **options, **named)
    try:
        wanted = expected(table, without["number"].to_pylist(), plain.scale, named, rates)
    except TooLargeError:
        with pytest.raises(rfm.DataError, match="must have at most 18 digits"):
            list(rows)
        return
    found = pa.table(rows)
    names = ["units", "disc_minor", "list_minor", "cost_minor"]
    assert found.select(names).to_pylist() == wanted
    assert {found.schema.field(name).type for name in names} == {pa.int64()}
    assert found.drop_columns([*names, "sku"]).equals(without)
    assert rows.rows == plain.rows
    scored = [digest(rfm.score(source, **options, **more).customers) for more in ({}, named)]
    assert scored[0] == scored[1]


POINTS = ((".", None), (",", None), (",", "."), (".", ","), (",", "space"))
SIGNS = {None: "", "space": " ", ".": ".", ",": ","}


@st.composite
def texts(draw, point, sign):
    """Draw a number as text, rarely one that cannot be read."""
    if draw(st.integers(0, 40)) == 0:
        return draw(st.sampled_from(("x", "1x", "--1", "1e", "(-3)")))
    whole = draw(st.integers(0, 10**7))
    digits = draw(st.sampled_from(("", "5", "25", "125", "000")))
    grouped = f"{whole:,}".replace(",", SIGNS[sign]) if draw(st.booleans()) else str(whole)
    text = grouped + (point + digits if digits else "")
    return draw(st.sampled_from(("{}", "-{}", "{}-", "({})", " {}"))).format(text)


@given(data=st.data(), notation=st.sampled_from(POINTS), scale=st.integers(0, 4))
def test_attributes__of_csv_equal_the_twin_in_every_notation(data, notation, scale, folder):
    point, sign = notation
    cell = st.one_of(st.just(""), texts(point, sign), texts(point, sign))
    lines = data.draw(st.lists(st.tuples(st.booleans(), cell, cell, cell), max_size=12))
    place = folder / "o.csv"
    body = [
        f"{i},2025-01-01,{'1' if counts else ''}," + ",".join(f'"{c}"' if c else "" for c in cells)
        for i, (counts, *cells) in enumerate(lines)
    ]
    place.write_text("\n".join(["customer_id,order_time,amount,one,two,cost", *body]) + "\n")
    rows = rfm.normalized(
        place, as_of=AS_OF, csv_decimal=point, csv_thousands=sign, amount_scale=scale,
        discount=["one", "two"], cost="cost",
    )  # fmt: skip

    def minor(*cells):
        return summed_minor([number(each, point, sign) for each in cells if each], scale)

    counted = [cells for counts, *cells in lines if counts]
    if any(each and number(each, point, sign) is None for cells in counted for each in cells):
        with pytest.raises(rfm.DataError, match=r"^(discount|cost) column '\w+' must be a decimal"):
            list(rows)
        return
    found = pa.table(rows).select(["disc_minor", "cost_minor"]).to_pylist()
    assert found == [
        {"disc_minor": minor(one, two), "cost_minor": minor(cost)} for one, two, cost in counted
    ]


def number(text, point, sign):
    return decimal_of(text, point, SIGNS[sign])
