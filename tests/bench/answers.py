"""A small answer of a benchmark, and a job."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pyarrow as pa

from rfm_engine.bench.child import Job
from rfm_engine.bench.work import segment_of_cells

DAY = datetime.datetime(2025, 1, 1)
SEGMENTS = ["Champions", "At Risk", "Hibernating"]


def answer_of(n: int = 6) -> pa.Table:
    """Return customers 0 to n - 1, with the types that rfm writes."""
    times = [DAY + datetime.timedelta(days=i, seconds=i) for i in range(n)]
    return pa.table(
        {
            "customer_id": pa.array(range(n), pa.int64()),
            "first_order": pa.array(times, pa.timestamp("us", "UTC")),
            "last_order": pa.array(times, pa.timestamp("us", "UTC")),
            "recency_days": pa.array(range(n), pa.int32()),
            "frequency": pa.array([1 + i % 3 for i in range(n)], pa.int64()),
            "monetary": pa.array([Decimal(i * i - 5) / 4 for i in range(n)], pa.decimal128(18, 2)),
            "r_score": pa.array([1 + i % 5 for i in range(n)], pa.int8()),
            "f_score": pa.array([1 + i % 4 for i in range(n)], pa.int8()),
            "m_score": pa.array([1 + i % 3 for i in range(n)], pa.int8()),
            "segment": pa.array([SEGMENTS[i % 3] for i in range(n)]).dictionary_encode(),
        }
    )


def job_of(engine: str, *, lines: bool = False, threads: int = 2) -> Job:
    """Return a job in which only the fields that solutions use are real."""
    return Job(
        engine=engine,
        script="",
        input="",
        columns=["customer_id", "order_time", "amount", *(["order_id"] if lines else [])],
        output="",
        report="",
        answer="",
        segments=segment_of_cells(),
        threads=threads,
        lines=lines,
        in_memory=True,
        cold=True,
        csv=False,
        int_ids=True,
    )
