"""Compare `rates` with the naive twin: exact products, rounded once, with the rate of the day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.orders.money import rates
from tests import reference, strategies
from tests.compare import digest, expected_scores, scores_of, totals_of
from tests.laws.test_score_reference import assert_same, engine_options, twin_options
from tests.reference_money import NoRateError, TooLargeError
from tests.shapes import AS_OF, DAY_US, NEW_YEAR_2024_US, cents, orders_table, random_orders

EPOCH = date(1970, 1, 1)
CURRENCIES = ("EUR", "USD", "jpy", "é")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("rates") / "rates.csv"


def write(place, lines) -> None:
    """Write a file of rates from currency, day or None, and rate as text of each line."""
    file = StringIO()
    file.write("date, rate,currency\n")
    for currency, day, rate in lines:
        file.write(f"{'' if day is None else day},{rate}, {currency}\n")
    place.write_text(file.getvalue(), "utf-8")


def twin_rates(lines):
    found = {}
    for currency, day, rate in lines:
        found.setdefault(currency, []).append((day, Fraction(Decimal(rate))))
    return found


def rate_texts():
    written = st.builds(
        lambda minor, digits: f"{Decimal(minor).scaleb(-digits):f}",
        st.integers(1, 10**8),
        st.integers(0, 9),
    )
    return st.one_of(written, st.sampled_from(("1", "0.5", "1.50", "2.5", "0.000000001")))


@st.composite
def rate_lines(draw, currencies=CURRENCIES):
    """Draw lines of some currencies, without dates or with days in the range of the orders."""
    lines = []
    for currency in draw(st.lists(st.sampled_from(currencies), min_size=1, unique=True)):
        if draw(st.booleans()):
            lines.append((currency, None, draw(rate_texts())))
            continue
        starts = draw(st.lists(st.integers(19_300, 20_400), min_size=1, max_size=4, unique=True))
        early = draw(st.booleans())
        days = [date.min if early else EPOCH + timedelta(starts[0])]
        days += [EPOCH + timedelta(start) for start in starts[1:]]
        lines += [(currency, day, draw(rate_texts())) for day in days]
    return draw(st.permutations(lines))


def with_currency(orders, names):
    kind = pa.dictionary(pa.int8(), pa.string()) if len(names) % 2 else pa.string()
    table = orders.table.append_column("currency", pa.array(names, kind))
    rows = [row._replace(currency=c) for row, c in zip(orders.rows, names, strict=True)]
    return table, rows


@given(orders=strategies.orders(), policies=strategies.policies(), data=st.data())
def test_rates__equal_the_twin_or_are_refused_as_there(orders, policies, data, place):
    lines = data.draw(rate_lines())
    known = st.sampled_from([name for name, *_ in lines])
    any_name = st.sampled_from((*CURRENCIES, None))
    names_from = known if data.draw(st.booleans()) else st.one_of(known, known, any_name)
    n = orders.table.num_rows
    names = data.draw(st.lists(names_from, min_size=n, max_size=n))
    write(place, lines)
    table, rows = with_currency(orders, names)
    options = policies | {"as_of": data.draw(st.sampled_from(("newest", AS_OF)))}
    twin = twin_options(orders, options) | {"rates": twin_rates(lines)}
    engine = engine_options(orders, options) | {"currency": "currency", "rates": place}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "_MOST_CELLS", data.draw(st.sampled_from((0, rates._MOST_CELLS))))
        try:
            expected = reference.score(rows, **twin)
        except (NoRateError, TooLargeError):
            with pytest.raises(rfm.DataError):
                rfm.score(table, **engine)
            return
        assert_same(rfm.score(table, **engine), expected, orders.scale)


AMOUNTS = st.builds(
    lambda minor, digits: f"{Decimal(minor).scaleb(-digits):f}",
    st.integers(-(10**16), 10**16),
    st.integers(0, 20),
)


@given(
    amounts=st.lists(AMOUNTS, max_size=20),
    scale=st.integers(0, 6),
    kind=st.sampled_from(("text", "decimal128", "decimal256", "uint64")),
    data=st.data(),
)
def test_rates__products_of_many_digits_are_exact(
    amounts, scale, kind, data, place, tmp_path_factory
):
    """Products of quantities up to 63 bits and rates up to 18 digits exceed 64 bits."""
    n = len(amounts)
    quantity = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))
    quantities = data.draw(st.lists(quantity, min_size=n, max_size=n))
    rate = data.draw(st.integers(1, 10**18 - 1).map(lambda m: f"{Decimal(m).scaleb(-17):f}"))
    write(place, [("USD", None, rate)])
    values = [Decimal(text) for text in amounts]
    if kind == "uint64":
        values = [abs(int(value)) * 1000 % 2**64 for value in values]
    rows = [
        reference.Row(i, NEW_YEAR_2024_US, value, None, q, currency="USD")
        for i, (value, q) in enumerate(zip(values, quantities, strict=True))
    ]
    kinds = {"decimal128": pa.decimal128(38, 20), "decimal256": pa.decimal256(50, 20)}
    column = pa.array(values, kinds.get(kind, pa.uint64() if kind == "uint64" else None))
    if kind == "text":
        column = pa.array(amounts, pa.string())
    table = orders_table(
        list(range(n)), [NEW_YEAR_2024_US] * n, column,
        n=pa.array(quantities, pa.int64()), currency=pa.array(["USD"] * n, pa.string()),
    )  # fmt: skip
    options = {"quantity": "n", "currency": "currency", "rates": place, "amount_scale": scale}
    source: object = table
    if kind == "text":
        source = str(tmp_path_factory.mktemp("csv") / "orders.csv")
        pyarrow.csv.write_csv(table, source)
        options["ids"] = "int"
    try:
        expected = reference.score(
            rows, as_of=AS_OF, scale=scale, rates=twin_rates([("USD", None, rate)])
        )
    except TooLargeError:
        with pytest.raises(rfm.DataError, match="at most 18 digits"):
            rfm.score(source, as_of=AS_OF, **options)
        return
    assert scores_of(rfm.score(source, as_of=AS_OF, **options).customers) == expected_scores(
        expected
    )


def test_rates__round_ties_half_even_once(place):
    """0.05 * 0.5 and 0.15 * 0.5 are ties; 3 * 0.05 * 0.5 is a tie only as a whole product."""
    write(place, [("EUR", None, "0.5")])
    table = orders_table(
        [1, 2, 3, 4], [NEW_YEAR_2024_US] * 4, [cents(5), cents(15), cents(5), cents(-5)],
        n=pa.array([1, 1, 3, 1]), currency=pa.array(["EUR"] * 4),
    )  # fmt: skip
    result = rfm.score(
        table, as_of=AS_OF, quantity="n", currency="currency", rates=place, refunds="drop"
    )
    monetary = dict(
        zip(*map(list, result.customers.select([0, 5]).to_pydict().values()), strict=True)
    )
    assert monetary == {1: cents(2), 2: cents(8), 3: cents(8)}
    assert result.rows.amounts_rounded == 3


def test_rates__floats_of_more_digits_than_the_scale_come_to_what_text_does(place):
    place.write_text("currency,rate\nBTC,60000\nKWD,2.5\nEUR,1\n")
    texts = {1: ("0.0125", "BTC"), 2: ("0.004", "BTC"), 3: ("1.125", "KWD"), 4: ("10.05", "EUR")}
    orders = pa.table(
        {
            "customer_id": pa.array(list(texts)),
            "order_time": pa.array([NEW_YEAR_2024_US] * len(texts), pa.timestamp("us")),
            "amount": [float(amount) for amount, _ in texts.values()],
            "money": [money for _, money in texts.values()],
        }
    )
    options = {"as_of": AS_OF, "currency": "money", "rates": place}
    found = totals_of(rfm.score(orders, **options).customers)
    assert {who: row[-1] for who, row in found.items()} == {1: 75_000, 2: 24_000, 3: 281, 4: 1_005}


def test_rates__hold_from_their_local_day_on(place):
    """The time is on the evening before in New York, and on the next day in UTC."""
    write(place, [("USD", date(2024, 1, 1), "2"), ("USD", date(2024, 1, 2), "3")])
    late = NEW_YEAR_2024_US + DAY_US + 3 * 3_600_000_000
    table = orders_table(
        [1], pa.array([late], pa.timestamp("us", "UTC")), [cents(100)], currency=pa.array(["USD"])
    )
    options = {"as_of": AS_OF, "currency": "currency", "rates": place}
    for zone, minor in (("UTC", 300), ("America/New_York", 200)):
        result = rfm.score(table, timezone=zone, **options)
        assert result.customers["monetary"].to_pylist() == [cents(minor)]


def test_rates__batches_and_threads_do_not_matter(place):
    orders = random_orders(3_000, 200)
    names = [CURRENCIES[i % 3] for i in range(3_000)]
    table = orders.append_column("currency", pa.array(names))
    lines = [(name, date(2023, 1, 1) + timedelta(40 * i), f"1.{i}7") for name in CURRENCIES
             for i in range(20)]  # fmt: skip
    write(place, lines)
    options = {"as_of": "newest", "currency": "currency", "rates": place, "window": "500d"}
    seen = {
        digest(rfm.score(table.to_batches(max_chunksize=size), threads=n, **options).customers)
        for size in (7, 1_000, 5_000)
        for n in (1, 3)
    }
    assert len(seen) == 1


def test_rates__equal_files_make_equal_totals(place, tmp_path):
    other = tmp_path / "other.csv"
    write(place, [("EUR", None, "1"), ("USD", None, "0.90")])
    write(other, [("USD", None, ".9"), ("EUR", None, "01.0")])
    table = random_orders(50, 5).append_column("currency", pa.array(["USD"] * 50))
    totals = [
        rfm.CustomerTotals(as_of=AS_OF, currency="currency", rates=file) for file in (place, other)
    ]
    for each in totals:
        each.update(table)
    totals[0].merge(totals[1])
    assert totals[0].rows.read == 100
    write(other, [("EUR", None, "1"), ("USD", None, "0.91")])
    third = rfm.CustomerTotals(as_of=AS_OF, currency="currency", rates=other)
    with pytest.raises(rfm.UsageError, match="same options"):
        totals[0].merge(third)


def test_rates__newest_with_a_window_forgives_what_the_window_drops(place):
    """Before the window are a currency without a rate, and a row before its first rate."""
    write(place, [("USD", date(2024, 3, 1), "0.00001"), ("EUR", None, "1")])
    table = orders_table(
        [1, 1, 1, 2],
        [NEW_YEAR_2024_US + days * DAY_US for days in (0, 1, 100, 100)],
        pa.array([1, 2, 10**18, 5], pa.int64()),
        currency=pa.array(["GBP", "USD", "USD", "EUR"]),
    )
    result = rfm.score(
        table, as_of="newest", window="30d", currency="currency", rates=place, threads=1
    )
    assert result.rows.dropped["before_window"] == 2
    assert sorted(result.customers["monetary"].to_pylist()) == [5, 10**13]
