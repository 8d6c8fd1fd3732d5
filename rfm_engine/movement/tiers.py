"""Compute membership tiers at a date from those at the date before."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow, arrow_texts, valid_mask, values, whole
from rfm_engine.movement.tier_dates import Step
from rfm_engine.movement.tier_files import MONETARY, TierProgram
from rfm_engine.options.messages import message
from rfm_engine.query.id_values import plain_ids, typed_ids
from rfm_engine.query.relations import free_name
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import shipped_sql
from rfm_engine.query.tables import run_on_tables
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.totals.chunks import decimals
from rfm_engine.totals.records import MAX_DIGITS

METADATA_KEY = b"rfm_engine_tiers"
"""Key of the schema metadata of a table of tiers: a JSON object."""
COLUMNS = (
    "tier", "qualified_tier", "valid_until", "in_grace", "rolling", "spend_to_next",
    "spend_to_keep",
)  # fmt: skip
_GROUP, _CUSTOMER = "group_key", "customer_id"
_DIGITS = 38
_RELATIONS = ("members", "after", "before", "tiers")
_PLACES = pa.int16()
# No amount is larger. With it the differences in tiers.sql stay far below the int64 limit.
_MOST_MINOR = 10**MAX_DIGITS - 1


def tiers_at(
    program: TierProgram,
    step: Step,
    snapshot_of: Callable[[date], Snapshot],
    members: pa.Table | None,
    machine: Machine,
) -> pa.Table:
    """Return the tier of each customer and member at a date.

    Parameters
    ----------
    step
        The date, and the date whose totals are subtracted.
    snapshot_of
        Returns the customers at a date, such as `History.snapshot`.
    members
        The result for the date before; None if there is none.

    Returns
    -------
    pyarrow.Table
        One row per member in the order of `score(sort="customer")`: the customer, the group if
        there are groups, `tier` and `qualified_tier` (dictionaries of string), `valid_until`
        (date32), `in_grace` (bool), `rolling`, `spend_to_next` (null in the highest tier) and
        `spend_to_keep` (decimal128(38, scale); orders have scale 0).

    Raises
    ------
    UsageError
        Thresholds have more decimals than the amounts, or the amounts of the two snapshots have
        different numbers of decimals.
    """
    after = snapshot_of(step.as_of)
    before = None if step.before is None else snapshot_of(step.before)
    _refuse_name(after)
    scale = after.scale if program.measure == MONETARY else 0
    if before is not None and program.measure == MONETARY and before.scale != scale:
        raise UsageError(
            message(
                "amounts of a history must have the same number of decimals for tiers {!r}; got {} "
                "on {} and {} on {}. Build the history again with {amount_scale}.",
                program.name, before.scale, step.before, scale, step.as_of,
            )
        )  # fmt: skip
    measured = _measured(after, program)
    relations = {
        "members": _members(members, measured.schema, program),
        "after": measured,
        "before": measured.slice(0, 0) if before is None else _measured(before, program),
        "tiers": _levels(program, scale),
    }
    sql = shipped_sql("rfm_engine.movement.sql", "tiers", _RELATIONS)
    found = run_on_tables(sql, relations, {"as_of": step.as_of}, machine)
    return _finished(found, program, step, after, scale)


def _refuse_name(snapshot: Snapshot) -> None:
    """Refuse customers whose column has the name of a column of tiers."""
    name = snapshot.options["customer"]
    if name.lower() in COLUMNS:
        raise UsageError(
            f"customer column must not have the name of a column of tiers; got {name!r}. Score "
            "with another name."
        )


def _measured(snapshot: Snapshot, program: TierProgram) -> pa.Table:
    """Return the relation of the customers of a snapshot: the total of each in integers."""
    id_column, by = snapshot.options["customer"], snapshot.options["by"]
    read = [id_column, program.measure, *([] if by is None else [by])]
    table = snapshot.columns(read)
    value = whole(table[program.measure])
    if program.measure == MONETARY:
        # The low word of a decimal of 18 digits is the number of minor units.
        value = arrow(values(value, np.int64)[::2].copy())
    group = arrow(np.zeros(len(table), np.int8)) if by is None else plain_ids(table[by])
    return pa.table({_GROUP: group, _CUSTOMER: plain_ids(table[id_column]), "value": value})


def _members(members: pa.Table | None, schema: pa.Schema, program: TierProgram) -> pa.Table:
    """Return the relation of the members: the place of the tier of each."""
    fields = [schema.field(name) for name in (_GROUP, _CUSTOMER)]
    fields += [pa.field("tier", _PLACES), pa.field("valid_until", pa.date32())]
    if members is None:
        return pa.schema(fields).empty_table()
    import pyarrow.compute as pc

    n_ids = members.num_columns - len(COLUMNS)
    group = arrow(np.zeros(len(members), np.int8)) if n_ids == 1 else plain_ids(members.column(1))
    tier = pc.index_in(members["tier"].cast(pa.string()), arrow_texts(program.names))
    columns = [group, plain_ids(members.column(0)), tier.cast(_PLACES), members["valid_until"]]
    return pa.table(dict(zip(pa.schema(fields).names, columns, strict=True)))


def _levels(program: TierProgram, scale: int) -> pa.Table:
    """Return the relation of the tiers, with thresholds in integers."""
    thresholds = []
    for tier in program.tiers:
        minor = tier.threshold.scaleb(scale)
        if minor != minor.to_integral_value():
            raise UsageError(
                f"threshold of tier {tier.name!r} must have at most as many decimals as the "
                f"amounts, {scale}; got {tier.threshold:f}. Round it."
            )
        if minor > _MOST_MINOR:
            raise UsageError(
                f"threshold of tier {tier.name!r} must be at most "
                f"{Decimal(_MOST_MINOR).scaleb(-scale):f}, because amounts have {scale} of at "
                f"most {MAX_DIGITS} digits after the decimal point; got {tier.threshold:f}. Lower "
                "it, or remove the tier."
            )
        thresholds.append(int(minor))
    tiers = program.tiers
    return pa.table({
        "tier": pa.array(range(len(tiers)), _PLACES),
        "threshold": pa.array(thresholds, pa.int64()),
        "next_threshold": pa.array([*thresholds[1:], None], pa.int64()),
        "valid_months": pa.array([each.valid_months for each in tiers], pa.int32()),
        "grace_months": pa.array([each.grace_months for each in tiers], pa.int32()),
        "soft_landing": pa.array([each.soft_landing for each in tiers], pa.bool_()),
    })  # fmt: skip


def _finished(
    found: pa.Table, program: TierProgram, step: Step, after: Snapshot, scale: int
) -> pa.Table:
    """Return the result with names of tiers, decimals, and the names of the snapshot."""
    id_column, by = after.options["customer"], after.options["by"]
    kinds = after.schema.types
    columns: dict[str, Any] = {id_column: typed_ids(found[_CUSTOMER], kinds[0])}
    if by is not None:
        name = free_name(by, "by", [*columns, *COLUMNS])
        columns[name] = typed_ids(found[_GROUP], kinds[1])
    names = arrow_texts(program.names)
    for name in COLUMNS:
        column = found[name]
        if name in ("tier", "qualified_tier"):
            column = pa.DictionaryArray.from_arrays(whole(column).cast(_PLACES), names)
        elif pa.types.is_integer(column.type):
            array = whole(column)
            column = decimals(values(array, np.int64), scale, _DIGITS, valid_mask(array))
        columns[name] = column
    about = {
        "tiers": program.name, "digest": program.digest, "as_of": str(step.as_of),
        "before": None if step.before is None else str(step.before), "measure": program.measure,
        "names": list(program.names),
    }  # fmt: skip
    return pa.table(columns).replace_schema_metadata({METADATA_KEY: json.dumps(about)})
