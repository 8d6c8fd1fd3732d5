"""All snapshots of a history agree in their options."""

from __future__ import annotations

import shutil
from datetime import date

import pyarrow as pa
import pytest

import rfm_engine as rfm

DAY, NEXT = date(2026, 9, 30), date(2026, 10, 31)
ORDERS = pa.table(
    {
        "customer_id": ["ada", "ada", "bob", "eve"],
        "order_time": pa.array([date(2026, 8, 1), date(2026, 9, 9), date(2026, 9, 1), DAY]),
        "amount": pa.array([5, 6, 7, 8], pa.int64()),
        "seller": ["x", "x", "y", "y"],
        "basket": [1, 2, 3, 4],
    }
)
OTHERS = [
    ({"window": "90d"}, "window must not be given"),
    ({"timezone": "Europe/Paris"}, "timezone must be 'UTC'"),
    ({"amount_scale": 3}, "amount_scale must not be given"),
    ({"refunds": "drop"}, "refunds must be 'net'"),
    ({"zero": "drop"}, "zero must be 'count'"),
    ({"frequency": "days"}, "frequency must be 'orders'"),
    ({"monetary": "mean"}, "monetary must be 'sum'"),
    ({"order": "basket"}, "order must not be given"),
    ({"where": ["seller=x"]}, "where must not be given"),
    ({"by": "seller"}, "by must not be given"),
    ({"weights": ["1", "2", "3"]}, "weights must not be given"),
    ({"method": "ntile"}, "method must be"),
    ({"scheme": "five-types"}, "the scheme must be 'classic' as it is in"),
]


@pytest.fixture
def history(tmp_path):
    """A history of one date."""
    found = rfm.History.create(tmp_path / "h")
    found.add(ORDERS, as_of=DAY)
    return found


@pytest.mark.parametrize(("other", "text"), OTHERS, ids=str)
def test_add__refuses_other_options(history, other, text):
    with pytest.raises(rfm.StateError, match=text) as refused:
        history.add(ORDERS, as_of=NEXT, **other)
    assert str(DAY) in str(refused.value)
    assert str(NEXT) in str(refused.value)
    assert history.dates == [DAY]


@pytest.mark.parametrize(("other", "text"), OTHERS, ids=str)
def test_add__refuses_snapshots_with_other_options(history, other, text, tmp_path):
    place = tmp_path / "customers.parquet"
    rfm.score(ORDERS, as_of=NEXT, output=place, **other)
    with pytest.raises(rfm.StateError, match=text):
        history.add(place, as_of=NEXT)
    assert history.dates == [DAY]


def test_add__refuses_other_types_of_ids_and_amounts(history):
    ids = pa.array([1, 1, 2, 3], pa.int64())
    with pytest.raises(rfm.StateError, match="type of ids must be string"):
        history.add(ORDERS.set_column(0, "customer_id", ids), as_of=NEXT)
    amounts = ORDERS["amount"].cast(pa.decimal128(21, 2))
    with pytest.raises(rfm.StateError, match="number of decimals of amounts must be 0"):
        history.add(ORDERS.set_column(2, "amount", amounts), as_of=NEXT)
    assert history.verify() == []


def test_add__refuses_a_changed_scheme_file(tmp_path):
    scheme = tmp_path / "own.toml"
    text = 'name = "own"\nbins = 2\n[[segments]]\nname = "All"\nr = [1, 2]\n'
    scheme.write_text(text)
    history = rfm.History.create(tmp_path / "h", scheme=scheme)
    history.add(ORDERS, as_of=DAY)
    scheme.write_text(text.replace("All", "Everyone"))
    with pytest.raises(rfm.StateError, match="got other content of 'own'"):
        history.add(ORDERS, as_of=NEXT)


def test_add__takes_a_scheme_file_without_a_name_by_any_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text('bins = 2\n[[segments]]\nname = "All"\nr = [1, 2]\n')
    history = rfm.History.create("h", scheme="own.toml")
    history.add(ORDERS, as_of=DAY, scheme="own.toml")
    history.add(ORDERS, as_of=NEXT, scheme=tmp_path / "own.toml")
    rfm.score(ORDERS, as_of="2026-11-30", scheme="own.toml", output="c.parquet")
    assert history.add("c.parquet", as_of="2026-11-30").status == "added"


def test_add__takes_files_of_other_columns(history):
    renamed = ORDERS.rename_columns(["customer_id", "paid_at", "total", "seller", "basket"])
    again = history.add(renamed, as_of=DAY, time="paid_at", amount="total")
    assert again.status == "unchanged"


def test_add__needs_backfill_before_the_newest_date(history):
    with pytest.raises(rfm.StateError, match="backfill must be given"):
        history.add(ORDERS, as_of=date(2026, 9, 15))
    assert history.add(ORDERS, as_of=date(2026, 9, 15), backfill=True).status == "added"
    assert history.dates == [date(2026, 9, 15), DAY]


def test_add__needs_a_date(history):
    with pytest.raises(rfm.UsageError, match="as_of must be a date for a history"):
        history.add(ORDERS, as_of="newest")


def test_frozen__scores_all_dates_with_one_model(tmp_path):
    model = tmp_path / "model.json"
    rfm.save_model(rfm.score(ORDERS, as_of=DAY), model)
    history = rfm.History.create(tmp_path / "h", frozen=model)
    model.unlink()
    for day in (DAY, NEXT):
        history.add(ORDERS, as_of=day)
    first, second = (history.snapshot(day) for day in history.dates)
    assert first.cuts == second.cuts
    assert history.frozen


def test_create__refuses_what_a_history_cannot_have(tmp_path):
    with pytest.raises(rfm.UsageError, match="customer_level must not be used with a history"):
        rfm.History.create(tmp_path / "h", customer_level=True, n_orders="orders")
    with pytest.raises(rfm.UsageError, match="frozen must name the model"):
        rfm.History.create(tmp_path / "h", model=tmp_path / "model.json")
    with pytest.raises(rfm.UsageError, match="the parent folder of history"):
        rfm.History.create(tmp_path / "none" / "h")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(rfm.StateError, match="must be a new or empty folder"):
        rfm.History.create(tmp_path / "full")
    assert not (tmp_path / "h").exists()


def test_snapshot__names_the_nearest_dates(history):
    with pytest.raises(rfm.UsageError, match="must have the date 2026-10-01; got 1 dates"):
        history.snapshot("2026-10-01")


def test_create__refuses_an_object_store():
    with pytest.raises(rfm.UsageError, match="must be a folder on a local file system"):
        rfm.History.create("s3://bucket/h")


def test_add__knows_what_others_added_since_the_history_was_opened(tmp_path):
    rfm.History.create(tmp_path / "h")
    one, other = (rfm.History.open(tmp_path / "h") for _ in range(2))
    one.add(ORDERS, as_of=DAY)
    later = ORDERS.slice(3)
    ids = pa.array([3], pa.int64())
    with pytest.raises(rfm.StateError, match="type of ids must be string"):
        other.add(later.set_column(0, "customer_id", ids), as_of=NEXT)
    other.add(later, as_of=NEXT)
    assert {each.first_row for each in (one, other)} == {date(2026, 8, 1)}
    assert other.verify() == []


def test_verify__names_snapshots_of_other_types(tmp_path):
    histories = [rfm.History.create(tmp_path / name) for name in "ab"]
    amounts = ORDERS["amount"].cast(pa.decimal128(21, 2))
    for history, table in zip(
        histories, [ORDERS, ORDERS.set_column(2, "amount", amounts)], strict=True
    ):
        history.add(table, as_of=DAY)
    shutil.rmtree(histories[0].path / f"as_of={DAY}")
    shutil.copytree(histories[1].path / f"as_of={DAY}", histories[0].path / f"as_of={DAY}")
    assert histories[0].verify() == [
        f"as_of={DAY}: the number of decimals of amounts is 2, but 0 in the history"
    ]


def test_replace__takes_other_attributes(tmp_path):
    attributes = tmp_path / "a.csv"
    attributes.write_text("customer_id,born\nada,1980-03-02\n")
    history = rfm.History.create(tmp_path / "h", attributes=attributes)
    history.add(ORDERS, as_of=DAY)
    assert history.add(ORDERS, as_of=DAY, replace=True).status == "unchanged"
    attributes.write_text("customer_id,born\nada,1980-06-01\n")
    assert history.add(ORDERS, as_of=DAY).status == "unchanged"
    assert history.add(ORDERS, as_of=DAY, replace=True).status == "replaced"
    assert history.snapshot(DAY).customers["born"].to_pylist() == ["1980-06-01", None, None]
