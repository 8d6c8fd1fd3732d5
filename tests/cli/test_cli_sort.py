"""`--sort customer` on the command line."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest


def test_sort__orders_the_rows_of_a_file(rfm, orders, tmp_path):
    out = tmp_path / "out.csv"
    run = rfm("score", orders, "-o", out, "--sort", "customer", "--json")
    assert json.loads(run.stdout)["options"]["sort"] == "customer"
    ids = pyarrow.csv.read_csv(out)["customer_id"].to_pylist()
    assert len(ids) == 500
    assert ids == sorted(ids)


def test_sort__orders_the_rows_of_a_stream(rfm_process, orders):
    run = rfm_process("score", orders, "-o", "-", "--sort", "customer")
    ids = pa.ipc.open_stream(io.BytesIO(run.stdout)).read_all()["customer_id"].to_pylist()
    assert len(ids) == 500
    assert ids == sorted(ids)


@pytest.mark.parametrize("threads", [2, 3])
def test_sort__gives_the_same_file_in_every_process(rfm_process, orders, tmp_path, threads):
    words = ["score", orders, "--sort", "customer", "-q"]
    rfm_process(*words, "-o", tmp_path / "one.parquet", "--threads", 1)
    rfm_process(*words, "-o", tmp_path / "more.parquet", "--threads", threads)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "more.parquet").read_bytes()


def test_sort__may_come_from_a_config_file_for_all_commands(rfm, orders, tmp_path):
    (tmp_path / "rfm.toml").write_text('sort = "customer"')
    out = tmp_path / "out.parquet"
    run = rfm("score", orders, "-o", out, "--config", tmp_path / "rfm.toml")
    assert run.exit_code == 0
    ids = pq.read_table(out)["customer_id"].to_pylist()
    assert ids == sorted(ids)
    words = ["explain", orders, "--id", ids[0], "--config", tmp_path / "rfm.toml"]
    assert rfm(*words).exit_code == 0


@pytest.mark.parametrize("given", ["group", "Customer", ""])
def test_sort__refuses_other_values(rfm, orders, tmp_path, given):
    run = rfm("score", orders, "-o", tmp_path / "out.parquet", "--sort", given)
    assert run.exit_code == 2
    assert run.stderr.count("\n") == 1
    assert "--sort" in run.stderr
    assert not (tmp_path / "out.parquet").exists()
