"""Errors of the command line name options as flags, and never change what the user typed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import RowFileOptions, ScoreOptions

ORDERS = "customer_id,order_time,amount\n7,2026-01-01,1\n7,2026-01-02,\n"
MISSING = (
    "customer", "time", "amount", "order", "quantity", "currency", "by", "units", "discount",
    "list", "cost", "product", "category",
)  # fmt: skip
# Words that make a command fail because of the option.
WRONG = {name: [f"--{name}", "missing"] for name in MISSING} | {
    "rates": ["--rates", "rates.csv"],
    "n_orders": ["--orders", "n"],
    "where": ["--where", "n"],
    "as_of": ["--as-of", "tomorrow"],
    "window": ["--window", "1"],
    "timezone": ["--timezone", "Mars"],
    "amount_scale": ["--amount-scale", "99"],
    "refunds": ["--refunds", "net-order"],
    "zero": ["--zero", "drop", "--customer-level"],
    "frequency": ["--frequency", "days", "--customer-level"],
    "ids": ["--ids", "x"],
    "csv_delimiter": ["--csv-delimiter", "ab"],
    "csv_decimal": ["--csv-decimal", "x"],
    "csv_thousands": ["--csv-thousands", "xx"],
    "csv_null": ["--csv-null", '"'],
    "csv_encoding": ["--csv-encoding", "x"],
    "time_format": ["--time-format", ""],
    "distinct": ["--distinct", "a,a"],
    "as_files": [],
    "customer_level": ["--customer-level", "--order", "amount"],
    "strict": ["--strict"],
    "clv": ["--clv", "--customer-level"],
    "clv_unit": ["--clv-unit", "D"],
    "clv_model": ["--clv-model", "missing.json"],
    "method": ["--method", "x"],
    "bins": ["--bins", "1"],
    "r_cuts": ["--r-cuts", "3,2"],
    "f_cuts": ["--f-cuts", "3,2"],
    "m_cuts": ["--m-cuts", "3,2", "--method", "ntile"],
    "monetary": ["--monetary", "x"],
    "weights": ["--weights", "1"],
    "model": ["--model", "model.json", "--bins", "5"],
    "overall": ["--overall"],
    "attributes": ["--attributes", "orders.csv"],
    "facts": ["--facts", "--customer-level"],
    "whales": ["--facts", "--whales", "20"],
    "whale_by": ["--whale-by", "orders"],
    "threads": ["--threads", "0"],
    "memory_limit": ["--memory-limit", "much"],
    "store_timeout": ["--store-timeout", "0"],
    "spill_dir": ["--spill-dir", "missing"],
    "sort": ["--sort", "x"],
    "carry": ["--carry", "missing"],
    "buckets": ["--buckets", "0"],
}
KNOWN = declared(ScoreOptions) | declared(RowFileOptions)


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "scheme"])
def test_every_option__is_named_as_its_flag(rfm, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(ORDERS)
    place = "orders.csv"
    if name == "as_files":
        place = "table"
        (tmp_path / place / "_delta_log").mkdir(parents=True)
        pq.write_table(pa.table({"amount": [1]}), tmp_path / place / "part.parquet")
    command = "score" if name in declared(ScoreOptions) else "normalize"
    run = rfm(command, place, *WRONG[name], "-o", "out")
    assert run.exit_code in (2, 3), run.output
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert KNOWN[name].flag in run.stderr


def test_scheme__is_named_by_what_it_is(rfm):
    for words, name in (
        (["score", "o.csv", "--scheme", "x"], "--scheme"), (["schemes", "show", "x"], "scheme"),
    ):  # fmt: skip
        assert rfm(*words).stderr.startswith(f"error: {name} must be one of classic, ")


@pytest.mark.parametrize("name", ["as_of", "csv_null", "r_cuts", "--as-of"])
def test_names_that_the_user_chose__are_never_changed(rfm, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / f"{name}.csv"
    place.write_text(f"customer_id,order_time,{name}\n{name},2026-01-01,1\n")
    run = rfm("score", place)
    assert f"must exist in {place}; got customer_id, order_time, {name}. " in run.stderr
    run = rfm("score", place, "--amount", "customer_id")
    assert f"got '{name}' in {place}, row 1." in run.stderr
    run = rfm("score", place, f"--by={name}", f"--customer={name}")
    assert f"--by must name another column than --customer; got '{name}' for both." in run.stderr


@pytest.mark.parametrize(
    ("words", "options", "typed", "python"),
    [
        (
            ["--clv-unit", "W"], {"clv_unit": "W"},
            "--clv-unit must be used with --clv; got it alone. Set --clv too.",
            "clv_unit must be used with clv; got it alone. Set clv too.",
        ),
        (
            ["--orders", "n"], {"n_orders": "n"},
            "--orders must be used with --customer-level; got 'n' without it. "
            "Leave it out, or set --customer-level if rows are customers.",
            "n_orders must be used with customer_level; got 'n' without it. "
            "Leave it out, or set customer_level=True if rows are customers.",
        ),
        (
            ["--amount", "paid"], {"amount": "paid"},
            "amount column 'paid' must exist in orders.csv; got customer_id, order_time, amount. "
            "Did you mean 'amount'? Name it with --amount amount.",
            "amount column 'paid' must exist in orders.csv; got customer_id, order_time, amount. "
            "Did you mean 'amount'? Name it with amount=\"amount\".",
        ),
        (
            ["--r-cuts", "3,2"], {"r_cuts": ["3", "2"]},
            "--r-cuts must be ascending numbers; got 3,2. Write them like 133.95, with at "
            "most 18 digits before the decimal point.",
            "r_cuts must be ascending numbers; got ['3', '2']. Write them like 133.95, as text or "
            "Decimal, with at most 18 digits before the decimal point.",
        ),
    ],
)  # fmt: skip
def test_python__has_the_same_errors_with_keywords(
    rfm, tmp_path, monkeypatch, words, options, typed, python
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(ORDERS)
    assert rfm("score", "orders.csv", *words).stderr == f"error: {typed}\n"
    with pytest.raises(rfm_engine.UsageError) as raised:
        rfm_engine.score("orders.csv", as_of="newest", **options)
    assert str(raised.value) == python


@pytest.mark.parametrize(
    ("words", "got"),
    [
        (["--weights", "1,2"], "got 1,2."),
        (["--weights", "a b"], "got 'a b'."),
        (["--bins", "5,4"], "got 5,4."),
        (["--method", "ntile,mean"], "got ntile,mean."),
        (["--distinct", "amount,amount"], "got amount,amount."),
        (["--m-cuts", ""], "got ''."),
    ],
)
def test_lists__are_shown_as_they_are_typed(rfm, tmp_path, words, got):
    (tmp_path / "orders.csv").write_text(ORDERS)
    run = rfm("score", tmp_path / "orders.csv", *words)
    assert run.exit_code == 2
    assert got in run.stderr


def test_lists__of_a_state_are_shown_as_they_are_typed(rfm, tmp_path):
    state = tmp_path / "shop"
    where = ["--where", "a=1", "--where", "b!=2"]
    created = rfm("state", "create", state, "--distinct", "a,b", *where)
    assert created.exit_code == 0, created.stderr
    run = rfm("score", state, "--distinct", "b,a")
    assert "--distinct must be as set when the state was created, a,b; got b,a." in run.stderr
    run = rfm("score", state, "--where", "a=1")
    assert "created, a=1 and 'b!=2'; got a=1." in run.stderr


def test_warnings__name_flags_in_both_forms(rfm, tmp_path):
    place = tmp_path / "orders.csv"
    place.write_text("customer_id,order_time,amount\nNULL,2026-01-01,1.005\n7.0,2026-01-01,1\n")
    run = rfm("score", place)
    assert (
        "1 amount had more than 2 decimal places and was rounded. A larger --amount-scale keeps "
        "more places."
    ) in run.stderr
    assert "--csv-null NULL reads them as null" in run.stderr
    assert "--ids int reads 17850.0 as 17850." in run.stderr
    assert "--csv-null NULL reads them" in rfm("score", place, "--json", "--quiet").stdout
    texts = " ".join(each.text for each in rfm_engine.score(place, as_of="newest").warnings)
    assert "A larger amount_scale keeps more places." in texts
    assert 'csv_null="NULL" reads them as null' in texts
    assert 'ids="int" reads 17850.0 as 17850.' in texts
