"""A run stays within `--memory-limit`, as measured by the system, with the same customers."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED, DEEP

MB = 1_000_000
LARGE, LARGE_LIMIT = (3_000_000, 850) if DEEP else (1_000_000, 740)
SPILLED = LARGE if DEEP else 400_000
large = pytest.mark.skipif(not DEEP, reason="ten seconds; HYPOTHESIS_PROFILE=deep")
MEASURES = ["customer_id", "first_order", "last_order", "frequency", "monetary", "m_score"]


@pytest.fixture
def folder():
    """A folder that is deleted after the test, because it is large and pytest keeps its own."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def orders_of():
    """Make files with six row groups and more customers than fit in memory."""
    with tempfile.TemporaryDirectory() as name:

        @cache
        def made(n_customers):
            orders = simulate(customers=n_customers, orders=2 * n_customers)
            schema = orders.schema.append(pa.field("orders", pa.int64()))
            counted = (
                batch.append_column("orders", pa.repeat(pa.scalar(i, pa.int64()), batch.num_rows))
                for i, batch in enumerate(orders)
            )
            batches = pa.RecordBatchReader.from_batches(schema, counted)
            place = Path(name) / f"{n_customers}.parquet"
            write(batches, schema, place, threads=2)
            return place

        yield made


@pytest.mark.skipif(not COMPILED, reason="two million orders are too many without the compiler")
@pytest.mark.parametrize(
    ("limit", "words", "n_customers"),
    [
        (445, [], SPILLED),
        (445, ["--customer-level"], SPILLED),
        (445, ["--sort", "customer"], SPILLED),
        pytest.param(445, ["--facts", "--sort", "customer"], LARGE, marks=large),
        pytest.param(850, ["--by", "orders", "--clv"], 3_000_000, marks=large),
        pytest.param(850, ["--by", "orders", "--facts"], 3_000_000, marks=large),
        (LARGE_LIMIT, ["--by", "orders", "--clv", "--sort", "customer"], LARGE),
    ],
    ids=str,
)
def test_memory_limit__is_held(rfm_process, folder, orders_of, limit, words, n_customers):
    """Sorted customers are the same with any memory limit."""

    orders = orders_of(n_customers)

    def peak_and_customers(limit):
        run = rfm_process(
            "score", orders, "-o", folder / "out.parquet", "--json",
            "--threads", 2, "--memory-limit", f"{limit}MB", "--spill-dir", folder, *words,
        )  # fmt: skip
        customers = pq.read_table(folder / "out.parquet", columns=MEASURES)
        if "--sort" not in words:
            by = [("customer_id", "ascending"), ("first_order", "ascending")]
            customers = customers.sort_by(by)
        return json.loads(run.stdout)["peak_memory_bytes"], customers

    peak, customers = peak_and_customers(limit)  # the tables get 10 of 445 MB, and need 60 MB
    _, expected = peak_and_customers(5_000)
    assert peak <= limit * MB
    assert customers.equals(expected)


@pytest.mark.skipif(not COMPILED, reason="a million orders are too many without the compiler")
@pytest.mark.parametrize(
    ("limit", "words"),
    [
        pytest.param(445, [], marks=large),
        (445, ["--order", "order"]),
        (620, ["--history", "rolling:800d"]),
    ],
    ids=str,
)
def test_memory_limit__is_held_by_an_ingest(rfm_process, folder, limit, words):
    orders = simulate(customers=LARGE, orders=LARGE)
    schema = orders.schema.append(pa.field("order", pa.int64()))
    numbered = (
        batch.append_column("order", batch.column("customer_id").cast(pa.int64()))
        for batch in orders
    )
    write(pa.RecordBatchReader.from_batches(schema, numbered), schema, folder / "orders.parquet")
    rfm_process("state", "create", folder / "state", *words)
    run = rfm_process(
        "ingest", folder / "state", folder / "orders.parquet", "--json", "--threads", 2,
        "--memory-limit", f"{limit}MB", "--spill-dir", folder,
    )  # fmt: skip
    done = json.loads(run.stdout)
    assert done["peak_memory_bytes"] <= limit * MB
    assert done["rows"]["counted"] + done["rows"]["too_late"] == LARGE
