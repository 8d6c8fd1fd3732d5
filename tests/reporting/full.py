"""A report that has every section, from few orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rfm_engine as rfm
from tests.shapes import random_orders

DATES = [f"2024-{month}-01" for month in ("07", "08", "09", "10", "11", "12")]


def full_document(folder: Path) -> dict[str, Any]:
    """Return the report document of a history, with its orders."""
    orders = random_orders(2_400, 250, 8)
    history = rfm.History.create(folder / "history")
    history.build(orders, as_of=DATES)
    return rfm.report(history, rows=orders, title="Shop of tests", currency_sign="$").document
