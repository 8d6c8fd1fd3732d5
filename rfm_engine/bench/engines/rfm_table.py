"""rfm, for a table in memory; for a file the benchmark runs the command `rfm score`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rfm_engine.api import score

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine.bench.child import Job


def from_table(orders: pa.Table, job: Job) -> pa.Table:
    """Score a table."""
    order = "order_id" if job.lines else None
    return score(orders, as_of="newest", order=order, threads=job.threads).customers
