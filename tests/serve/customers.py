"""Small files of customers whose rows tell their date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

import rfm_engine as rfm

N_CUSTOMERS = 40


def write_customers(path: Path, day: str, ids: Sequence[object] = range(N_CUSTOMERS)) -> Path:
    """Score customers as of a day, whose number is the cents of all amounts."""
    orders = pa.table(
        {
            "customer_id": list(ids),
            "order_time": [date(2026, 1, 1 + n % 5) for n in range(len(ids))],
            "amount": [Decimal(f"{n}.{day[-2:]}") for n in range(len(ids))],
        }
    )
    rfm.score(orders, as_of=day, sort="customer", output=path)
    return path


def replace(path: Path, content: bytes | Path) -> None:
    """Replace a file by renaming another one."""
    new = path.with_name("new")
    new.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    new.rename(path)
