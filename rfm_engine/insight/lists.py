"""The relations `listed` and `touches`, from files that options name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.errors import DataError, UsageError, shown_value
from rfm_engine.options.messages import message
from rfm_engine.query.id_values import plain_ids, typed_ids
from rfm_engine.query.lists import read_customer_file
from rfm_engine.result.snapshot import Snapshot

_LISTED = 10


def list_relations(snapshot: Snapshot, options: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Return the relations by name; without a file they have no rows.

    Raises
    ------
    UsageError
        A file or a column does not exist, or the customers are within groups.
    DataError
        Ids have another type than in the snapshot, a customer is listed twice, or a kind of contact
        has no stage.
    """
    kind = snapshot.schema.field(0).type
    listed = pa.table({"customer_id": pa.array([], kind), "registered": pa.array([], pa.date32())})
    touches = pa.table({
        "customer_id": pa.array([], kind), "day": pa.array([], pa.date32()),
        "stage": pa.array([], pa.string()),
    })  # fmt: skip
    for name in ("customer_list", "touches"):
        if options[name] is not None and snapshot.options["by"] is not None:
            raise UsageError(
                message(
                    "customers must not be within groups for {customer_list} and {touches}; got a "
                    "snapshot with {by} {!r}. Score without {by}.",
                    snapshot.options["by"],
                )
            )
    if options["registered"] is not None and options["customer_list"] is None:
        raise UsageError(
            message("{registered} must be used with {customer_list}; got it alone. Name the list.")
        )
    if options["customer_list"] is not None:
        listed = read_customer_file(
            "customer_list", options["customer_list"], snapshot,
            {"registered": options["registered"]},
        )  # fmt: skip
        _refuse_twice(listed)
    if options["touches"] is not None:
        read = read_customer_file(
            "touches", options["touches"], snapshot, {"day": "time"}, ["kind"]
        )
        touches = read.drop_columns(["kind"]).append_column("stage", _stages(read["kind"]))
    return {"listed": listed, "touches": touches}


def _refuse_twice(listed: pa.Table) -> None:
    ids = pa.table({"customer_id": plain_ids(listed["customer_id"])})
    counts = ids.group_by("customer_id").aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts["count_all"], 1))["customer_id"]
    if len(twice):
        first = typed_ids(twice.slice(0, 1), listed.schema.field("customer_id").type)[0]
        raise DataError(
            message(
                "{customer_list} must have one row per customer; got {} more than once. Remove "
                "the other rows.",
                shown_value(first),
            )
        )


@cache
def _stage_of_kind() -> dict[str, str]:
    text = (files("rfm_engine.insight") / "kinds.toml").read_text("utf-8")
    return {kind: stage for stage, kinds in tomllib.loads(text).items() for kind in kinds}


def _stages(kinds: pa.ChunkedArray) -> pa.Array:
    """Return the stage of each kind of contact."""
    known = _stage_of_kind()
    unknown = sorted({str(kind) for kind in kinds.unique().to_pylist()} - known.keys())
    if unknown:
        raise DataError(
            message(
                "kinds of {touches} must be among {}; got {}. Rename them in the file.",
                ", ".join(known), ", ".join(map(shown_value, unknown[:_LISTED])),
            )
        )  # fmt: skip
    return pa.array([known[kind] for kind in kinds.to_pylist()], pa.string())
