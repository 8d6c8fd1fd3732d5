"""The groups of a snapshot in the report document: the biggest ones, and the sums of the rest."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.result.snapshot import Snapshot

MOST_GROUPS = 100


def groups_of(snapshot: Snapshot, *, most: int = MOST_GROUPS) -> dict[str, Any] | None:
    """Return the groups with the most spend, most first; None without the option `by`.

    `n` is the number of groups, `rest` the sums of those that are not listed. `overall` says
    whether the other sections are about all groups together; otherwise a customer counts in each
    group.
    """
    by = snapshot.options["by"]
    if by is None:
        return None
    table = ranked_groups(snapshot)
    rows = [_row(row) for row in table.slice(0, most).to_pylist()]
    rest = table.slice(most)
    return {
        "by": by,
        "overall": snapshot.overall is not None,
        "n": table.num_rows,
        "list": rows,
        "rest": None if not rest.num_rows else {
            "n": rest.num_rows,
            "customers": pc.sum(rest["customers"]).as_py(),
            "orders": pc.sum(rest["frequency_sum"]).as_py(),
            "monetary": f"{pc.sum(rest['monetary_sum']).as_py():f}",
        },
    }  # fmt: skip


def ranked_groups(snapshot: Snapshot) -> pa.Table:
    """Return groups, and their customers, orders and net amounts, most spend first."""
    by = snapshot.schema.names[1]
    columns = snapshot.columns([by, "frequency", "monetary"])
    group, kind = columns[by], snapshot.schema.field(by).type
    if isinstance(kind, pa.UuidType):  # Arrow can group and sort UUIDs only by their bytes.
        group = pa.chunked_array([chunk.storage for chunk in group.chunks], kind.storage_type)
    amounts = columns["monetary"].cast(pa.decimal128(38, snapshot.scale))
    counted = pa.table({
        "group": group, "frequency": columns["frequency"], "monetary": amounts,
    })  # fmt: skip
    sums = counted.group_by("group").aggregate([
        ([], "count_all"), ("frequency", "sum"), ("monetary", "sum"),
    ]).rename_columns({"count_all": "customers"})  # fmt: skip
    order = [("monetary_sum", "descending"), ("customers", "descending"), ("group", "ascending")]
    ranked = sums.take(pc.sort_indices(sums, order)).combine_chunks()
    if isinstance(kind, pa.UuidType):
        place = ranked.schema.get_field_index("group")
        values = [kind.wrap_array(chunk) for chunk in ranked["group"].chunks]
        ranked = ranked.set_column(place, "group", pa.chunked_array(values, kind))
    return ranked


def _row(row: dict[str, Any]) -> dict[str, Any]:
    group = row["group"]
    return {
        "group": group_text(group),
        "customers": row["customers"],
        "orders": row["frequency_sum"],
        "monetary": f"{row['monetary_sum']:f}",
    }


def group_text(group: Any) -> str | None:
    """Return a group as text; None is the null group."""
    if group is None:
        return None
    return group.decode(errors="backslashreplace") if isinstance(group, bytes) else str(group)
