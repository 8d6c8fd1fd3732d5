"""The groups of a snapshot in the report document: the biggest ones, and the sums of the rest."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.result.snapshot import Snapshot

MOST_GROUPS = 100


def groups_of(snapshot: Snapshot, *, most: int = MOST_GROUPS) -> dict[str, Any] | None:
    """Return the groups with the most spend, most first; None without the option `by`.

    `n` is the number of groups, `rest` the sums of those that are not listed.
    """
    by = snapshot.options["by"]
    if by is None:
        return None
    table = sums_by_group(snapshot)
    order = [("monetary_sum", "descending"), ("customers", "descending"), ("group", "ascending")]
    table = table.take(pc.sort_indices(table, order))
    rows = [_row(row) for row in table.slice(0, most).to_pylist()]
    rest = table.slice(most)
    return {
        "by": by,
        "n": table.num_rows,
        "list": rows,
        "rest": None if not rest.num_rows else {
            "n": rest.num_rows,
            "customers": pc.sum(rest["customers"]).as_py(),
            "orders": pc.sum(rest["frequency_sum"]).as_py(),
            "monetary": f"{pc.sum(rest['monetary_sum']).as_py():f}",
        },
    }  # fmt: skip


def sums_by_group(snapshot: Snapshot) -> pa.Table:
    """Return customers, orders and net amounts by group."""
    group = snapshot.schema.names[1]
    columns = snapshot.columns([group, "frequency", "monetary"])
    wide = pa.decimal128(38, snapshot.scale)
    amounts = columns["monetary"].cast(wide)
    counted = pa.table({
        "group": columns[group], "frequency": columns["frequency"], "monetary": amounts,
    })  # fmt: skip
    sums = counted.group_by("group").aggregate([
        ([], "count_all"), ("frequency", "sum"), ("monetary", "sum"),
    ])  # fmt: skip
    return sums.rename_columns({"count_all": "customers"})


def _row(row: dict[str, Any]) -> dict[str, Any]:
    group = row["group"]
    return {
        "group": None if group is None else _text(group),
        "customers": row["customers"],
        "orders": row["frequency_sum"],
        "monetary": f"{row['monetary_sum']:f}",
    }


def _text(group: Any) -> str:
    return group.decode(errors="backslashreplace") if isinstance(group, bytes) else str(group)
