"""Overlapping monthly exports on the command line."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine import DataError, score

HEAD = "customer_id,order_time,amount,order_id,line\n"
OCTOBER = HEAD + "ada,2026-10-05,20.00,A-16,1\nada,2026-10-31,20.00,A-17,1\n"
NOVEMBER = HEAD + "ada,2026-10-31,20.00,A-17,1\nada,2026-11-02,20.00,A-18,1\n"


@pytest.fixture
def exports(tmp_path):
    places = []
    for name, text in (("october", OCTOBER), ("november", NOVEMBER)):
        places.append(tmp_path / f"{name}.csv")
        places[-1].write_text(text)
    return places


def scored(rfm, out, *words):
    run = rfm("score", *words, "--json", "-o", out)
    assert run.exit_code == 0, run.stderr
    summary = json.loads(run.stdout)
    [customer] = pq.read_table(out).to_pylist()
    return str(customer["monetary"]), customer["frequency"], summary["rows"]["dropped"]["duplicate"]


def test_score__overlapping_exports_count_an_order_once(rfm, exports, tmp_path):
    out = tmp_path / "out.parquet"
    assert scored(rfm, out, *exports, "--order", "order_id") == ("80.00", 3, 0)
    for columns in ("order_id", "order_id,line", "line, order_id"):
        given = ("--order", "order_id", "--distinct", columns)
        assert scored(rfm, out, *exports, *given) == ("60.00", 3, 1)
    assert scored(rfm, out, *exports, "--distinct", "order_id", "--ids", "text") == ("60.00", 3, 1)


def test_score__says_how_many_were_dropped(rfm, exports, tmp_path):
    run = rfm("score", *exports, "--distinct", "order_id", "-o", tmp_path / "out.parquet")
    assert "from 3 of 4 rows" in run.stdout
    assert "dropped: 1 duplicate" in run.stdout


def test_score__rows_that_differ_are_exit_3_naming_file_row_and_values(rfm, exports, tmp_path):
    exports[1].write_text(NOVEMBER.replace("20.00,A-17", "30.00,A-17"))
    out = tmp_path / "out.parquet"
    run = rfm("score", *exports, "--threads", 1, "--distinct", "order_id", "-o", out)
    assert run.exit_code == 3
    assert run.stderr.splitlines()[-1] == (
        "error: rows that are equal in order_id must be equal in all columns that are read; "
        f"got amount 20.00 and 30.00 for order_id 'A-17' in {exports[1]}, row 1. "
        "Remove --distinct, or name more columns."
    )
    assert not out.exists()


def test_score__takes_the_columns_from_a_config_file(rfm, exports, tmp_path):
    config = tmp_path / "shop.toml"
    for given in ('"order_id,line"', '["order_id", "line"]'):
        config.write_text(f"distinct = {given}\n")
        out = tmp_path / "out.parquet"
        assert scored(rfm, out, *exports, "--config", config) == ("60.00", 3, 1)


def test_score__ids_as_integers_are_those_of_a_parquet_file(rfm, exports, tmp_path):
    numbers = [place.read_text().replace("A-", "00").replace("ada", "7") for place in exports]
    exports[0].write_text(numbers[0])
    table = {
        "customer_id": [7, 7],
        "order_time": pa.array(["2026-10-31", "2026-11-02"]).cast(pa.timestamp("s")),
        "amount": pa.array(["20.00"] * 2).cast(pa.decimal128(9, 2)),
        "order_id": [17, 18],
    }
    pq.write_table(pa.table(table), tmp_path / "november.parquet")
    both = (exports[0], tmp_path / "november.parquet")
    words = ("--order", "order_id", "--distinct", "order_id", "--ids", "int")
    assert scored(rfm, tmp_path / "out.parquet", *both, *words) == ("60.00", 3, 1)


def test_score__a_column_that_is_missing_or_given_twice_is_exit_2(rfm, exports, tmp_path):
    for columns, said in (
        ("ordr_id", "Did you mean 'order_id'?"),
        ("line,line", "each column once"),
    ):
        run = rfm("score", *exports, "--distinct", columns, "-o", tmp_path / "out.parquet")
        assert run.exit_code == 2
        assert said in run.stderr


def test_ingest__overlapping_exports_count_an_order_once(rfm, exports, tmp_path):
    shop, out = tmp_path / "shop", tmp_path / "out.parquet"
    run = rfm("state", "create", shop, "--order", "order_id", "--distinct", "order_id,line")
    assert run.exit_code == 0, run.stderr
    for export, n_added in zip(exports, (2, 1), strict=True):
        run = rfm("ingest", shop, export)
        assert run.exit_code == 0, run.stderr
        assert f"{n_added} of 2 rows added" in run.stdout
    assert scored(rfm, out, shop) == ("60.00", 3, 1)
    assert scored(rfm, out, shop, "--distinct", "order_id,line") == ("60.00", 3, 1)
    assert rfm("score", shop, "--distinct", "line", "-o", out).exit_code == 4
    exports[1].write_text(NOVEMBER.replace("20.00,A-18", "30.00,A-18"))
    run = rfm("ingest", shop, exports[1])
    assert run.exit_code == 3
    assert "got amount 20.00 and 30.00 for order_id 'A-18', line '1' in" in run.stderr


def test_explain__counts_an_order_once_too(rfm, exports):
    run = rfm("explain", *exports, "--distinct", "order_id", "--id", "ada")
    assert run.exit_code == 0
    assert "60.00" in run.stdout


def test_score__rows_that_differ_are_exit_3_whichever_thread_finds_them(exports):
    lines = "".join(f"c{n},2026-10-31,{n}.00,A-{n % 40},1\n" for n in range(400))
    for export in exports:
        export.write_text(HEAD + lines)
    for _ in range(40):
        with pytest.raises(DataError, match="must be equal in all columns that are read"):
            score(exports, as_of="newest", distinct="order_id", threads=4)
