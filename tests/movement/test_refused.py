"""What cannot be compared is refused with what differs; empty snapshots are not refused."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.movement import Comparison
from tests.movement.frames import compared, day_of, random_case, table_of

CASE = random_case(2, "classic", None, is_grouped=False)
ORDERS = table_of(CASE.rows)
DAYS = day_of(35), day_of(50)


@pytest.fixture
def snapshot(tmp_path):
    """Score orders at a date."""
    numbers = iter(range(100))

    def scored(day, orders=ORDERS, **options):
        place = tmp_path / f"{next(numbers)}.parquet"
        rfm.score(orders, as_of=day, sort="customer", output=place, **options)
        return rfm.read_snapshot(place)

    return scored


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({}, {"scheme": "value-tiers"}, "scheme .* 'classic' on .* and 'value-tiers'"),
        ({"window": "20d"}, {"window": "30d"}, "window .* '20d' on 2025-02-05 and '30d'"),
        ({}, {"by": "seller"}, "by .* None .* 'seller'"),
        ({"amount_scale": 2}, {"amount_scale": 3}, "decimals .* 2 .* 3"),
        ({}, {"method": "qcut-drop"}, "method"),
    ],
)
def test_options__must_agree(snapshot, one, other, words):
    with pytest.raises(rfm.StateError, match=words):
        Comparison(snapshot(DAYS[0], **one), snapshot(DAYS[1], **other))


def test_ids__must_have_one_type(snapshot):
    texts = ORDERS.set_column(0, "customer_id", ORDERS["customer_id"].cast(pa.string()))
    with pytest.raises(rfm.StateError, match=r"type of customers .* 'int64' .* 'string'"):
        Comparison(snapshot(DAYS[0]), snapshot(DAYS[1], texts))


def test_scheme__must_have_the_same_content(snapshot, tmp_path):
    place = tmp_path / "own.toml"
    both = []
    for day, limit in zip(DAYS, (3, 4), strict=True):
        place.write_text(f'name = "own"\n[[segments]]\nname = "Many"\nf = [{limit}, 5]\n')
        both.append(snapshot(day, scheme=place))
    with pytest.raises(rfm.StateError, match="segments of scheme own"):
        Comparison(*both)


def test_models__may_differ_in_their_numbers(snapshot, tmp_path):
    both = []
    for day in DAYS:
        rfm.save_model(rfm.score(ORDERS, as_of=day, scheme="five-types"), tmp_path / "model.json")
        both.append(snapshot(day, model=tmp_path / "model.json"))
    fitted = [snapshot(day, scheme="five-types") for day in DAYS]
    assert Comparison(*both).effects().equals(Comparison(*fitted).effects())


def test_dates__must_be_in_order(snapshot):
    later, earlier = snapshot(DAYS[1]), snapshot(DAYS[0])
    with pytest.raises(rfm.StateError, match="order of their dates; got 2025-02-20 and 2025-02-05"):
        Comparison(later, earlier)


@pytest.mark.parametrize("method", ["ntile", "rank-linear", "nested"])
def test_ranks__have_a_matrix_but_no_effects(snapshot, method):
    found = Comparison(*(snapshot(day, method=method) for day in DAYS))
    counts = found.matrix()["customers"].to_pylist()
    entered = found.after.n_customers - found.before.n_customers
    assert sum(counts) == found.before.n_customers + entered
    for table in (found.effects, found.classes):
        with pytest.raises(rfm.UsageError, match=f"cut points .* method {method}"):
            table()
    assert {"matrix"} == {*found.summary()} & {"matrix", "effects", "classes"}


def test_retention__needs_rows_if_the_window_is_short(snapshot):
    both = [snapshot(day, window="14d") for day in DAYS]
    with pytest.raises(rfm.UsageError, match="rows must be given for retention over more days"):
        Comparison(*both).retention()
    found = Comparison(*both, rows=ORDERS).retention()
    assert found["orders"].null_count == 0
    with pytest.raises(rfm.UsageError, match="within must be at most the 15d"):
        Comparison(*both, rows=ORDERS).table("retention", within="16d")
    with pytest.raises(rfm.UsageError, match="rows must be given for within"):
        Comparison(snapshot(DAYS[0]), snapshot(DAYS[1])).table("retention", within="5d")


def test_rows__must_be_those_of_the_second_snapshot(snapshot):
    both = [snapshot(day, window="14d") for day in DAYS]
    for table in ("effects", "retention"):
        with pytest.raises(rfm.DataError, match="rows"):
            Comparison(*both, rows=ORDERS.slice(20)).table(table)
    found = Comparison(*both, rows=ORDERS.slice(20)).matrix()  # does not read them
    assert found.equals(Comparison(*both).matrix())


def test_options__of_other_tables_are_refused(snapshot):
    both = [snapshot(day) for day in DAYS]
    with pytest.raises(rfm.UsageError, match="effects must be used with effects; got it with mat"):
        Comparison(*both).table("matrix", effects="shapley")
    with pytest.raises(rfm.UsageError, match=r"one of matrix, .*; got 'matirx'\. Did you mean"):
        Comparison(*both).table("matirx")


@pytest.mark.parametrize(
    ("scheme", "dates"),
    [
        ("classic", (-2, 50)),
        ("five-types", (-2, 50)),
        ("five-types", (35, 59)),
        ("classic", (-2, -1)),
    ],
)
def test_empty_snapshots(scheme, dates):
    """There are no orders up to the first date, or none in the window of the second one."""
    rows = [row for row in CASE.rows if row.day < 40]
    case = CASE._replace(rows=rows, dates=dates, window=19 if dates[1] == 59 else None)
    with compared(case._replace(scheme=scheme)) as found:
        summary = found.summary()
        sizes = found.before.n_customers, found.after.n_customers
        assert (summary["customers_from"], summary["customers_to"]) == sizes
        assert 0 in sizes
        assert summary["stay_rate"] is None
        n = sum(sizes)
        counts = {row["class"]: row["customers"] for row in summary["classes"] if row["customers"]}
        assert counts == ({"entered" if sizes[1] else "left": n} if n else {})
        none = summary["effects"][-1]
        assert none["n1"] - none["n0"] == sizes[0] - sizes[1]
        rows = found.retention().to_pylist() if case.window is None else []
        assert all(row["retention"] is None for row in rows if not row["size"])


def test_overall__has_its_own_cut_points(snapshot):
    grouped = table_of([row._replace(group=row.group or "c") for row in CASE.rows])
    both = [snapshot(day, grouped, by="seller", overall=True) for day in DAYS]
    alone = Comparison(*(snapshot(day, grouped) for day in DAYS))
    for name in ("effects", "retention"):
        table = Comparison(*both).table(name).table
        rows = [row for row in table.to_pylist() if row.pop("seller") is None]
        assert rows == alone.table(name).table.to_pylist()
    found = Comparison(*both).summary()
    assert found["customers_to"] == alone.after.n_customers


def test_new_group__enters_under_its_own_cut_points(snapshot):
    rows = [row._replace(group="new" if row.day > 40 else "old") for row in CASE.rows]
    both = [snapshot(day, table_of(rows), by="seller") for day in DAYS]
    for row in Comparison(*both).effects().to_pylist():
        if row["seller"] == "new":
            assert row["threshold"] == row["aged"] == row["n0"] == 0 or row["segment"] == "(none)"
            assert row["behaviour"] == row["n1"] or row["segment"] == "(none)"


def test_whales_by_an_attribute(snapshot, tmp_path):
    """The limit of the first date has its number of decimals, those of the second have theirs."""
    scheme = tmp_path / "value.toml"
    scheme.write_text('[[segments]]\nname = "Whales"\nwhen = ["is_whale"]\n')
    people = sorted({row.customer for row in CASE.rows})
    both = []
    for number, day in enumerate(DAYS):
        place = tmp_path / f"attributes{number}.csv"
        values = [[person + 50, Decimal(person * 12 + 505) / 10][number] for person in people]
        lines = [f"{who},{value}" for who, value in zip(people, values, strict=True)]
        place.write_text("customer_id,worth\n" + "\n".join(lines) + "\n")
        both.append(snapshot(day, scheme=scheme, whale_by="worth", attributes=place, facts=True))
    rows = {row["segment"]: row for row in Comparison(*both).effects().to_pylist()}
    worth = [sorted(map(Decimal, each.customers["worth"].to_pylist()))[::-1] for each in both]
    limit = worth[0][ceil(len(worth[0]) / 5) - 1]
    n10 = sum(value >= limit for value in worth[1])
    assert n10 > rows["Whales"]["n1"] > 0
    assert rows["Whales"]["n1"] - rows["Whales"]["threshold"] == n10


def test_error_while_customers_are_read__is_not_that_of_the_query(snapshot, monkeypatch):
    both = [snapshot(day) for day in DAYS]

    def damaged(_, customers, own, *_rest):
        if len(customers):  # the first piece has none, and is read before the query begins
            raise rfm.DataError("file must be undamaged")
        return pa.array(own)

    monkeypatch.setattr("rfm_engine.movement.judgement.Judgement.codes", damaged)
    with pytest.raises(rfm.DataError, match="file must be undamaged"):
        Comparison(*both).effects()
