"""The table of events: its columns, and ids outside of SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow_texts, values, whole
from rfm_engine.movement.event_queries import NO_GROUP
from rfm_engine.movement.event_types import RETRACTED, TYPES
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP
from rfm_engine.query.id_values import typed_ids
from rfm_engine.query.relations import free_name
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.totals.chunks import decimals

METADATA_KEY = b"rfm_engine_events"
"""Key of the schema metadata of events: a JSON object."""
_NAMES = (
    "event_id", "type", "happened_on", "from", "to", "value", "as_of_from", "as_of_to",
)  # fmt: skip
# Customer and group come after these.
_N_FIRST = 2
_VALUE_DIGITS = 38


def event_table(
    found: pa.Table, about: dict[str, Any], after: Snapshot, groups: pa.Array | None
) -> pa.Table:
    """Return events with the columns of the specification."""
    import pyarrow.compute as pc

    customer, by = after.schema.field(0), after.options["by"]
    people = {customer.name: typed_ids(found[CUSTOMER], customer.type)}
    if by is not None:
        groups = pa.nulls(0, after.schema.field(1).type) if groups is None else groups
        places = found[GROUP]
        has_none = pc.equal(places, NO_GROUP)
        places = pc.if_else(has_none, pa.scalar(None, places.type), places)
        people[free_name(by, "by", [*_NAMES, *people])] = groups.take(places)
    kind = pa.decimal128(_VALUE_DIGITS, after.scale)
    minor = whole(found["minor"])
    amounts = decimals(values(minor.fill_null(0), np.int64), after.scale).cast(kind)
    amounts = pc.if_else(minor.is_valid(), amounts, pa.scalar(None, kind))
    days = [pa.repeat(pa.scalar(about[name], pa.date32()), len(found)) for name in _NAMES[-2:]]
    own = [
        found["event_id"], type_column(found["type"]), *people.values(),
        found["happened_on"], found["before"], found["after"],
        pc.coalesce(found["n"].cast(kind), amounts), *days,
    ]  # fmt: skip
    names = [*_NAMES[:_N_FIRST], *people, *_NAMES[_N_FIRST:]]
    table = pa.table(dict(zip(names, own, strict=True)))
    return table.replace_schema_metadata({METADATA_KEY: json.dumps(about, default=str)})


def of_types(table: pa.Table, types: Sequence[str]) -> pa.Table:
    """Return the events of some types."""
    import pyarrow.compute as pc

    kept = pc.is_in(table["type"].cast(pa.string()), value_set=arrow_texts(types))
    about = json.loads(table.schema.metadata[METADATA_KEY])
    about |= {"types": list(types), "left_out": {}}
    about["warnings"] = [each for each in about["warnings"] if each["type"] in types]
    return table.filter(kept).replace_schema_metadata({METADATA_KEY: json.dumps(about)})


def type_column(names: pa.ChunkedArray) -> pa.Array:
    """Return types of events as a dictionary of all types, so that equal events are equal bytes."""
    import pyarrow.compute as pc

    known = arrow_texts(TYPES)
    places = pc.index_in(whole(names.cast(pa.string())), value_set=known)
    return pa.DictionaryArray.from_arrays(places.cast(pa.int8()), known)


def refuse_name(customer: str) -> None:
    """Refuse a customer column that has the name of a column of events; its case is ignored.

    Raises
    ------
    UsageError
        It has.
    """
    if customer.lower() in _NAMES:
        raise UsageError(
            message(
                "{customer} must have another name than the columns of events, {}; got {!r}. "
                "Rename the column in the orders.",
                ", ".join(_NAMES), customer,
            )
        )  # fmt: skip


def people_of(table: pa.Table) -> list[str]:
    """Return the columns of the customer, and of the group if there are groups."""
    names: list[str] = table.column_names
    return names[_N_FIRST : names.index("happened_on")]


def retractions(sent: pa.Table) -> pa.Table:
    """Return an event of the type `retracted` for each event: `from` is its type, `to` its id."""
    people = [sent[name].to_pylist() for name in people_of(sent)]
    old = sent["event_id"].to_pylist()
    ids = [event_id(RETRACTED, *parts) for parts in zip(*people, old, strict=True)]
    columns = {name: sent[name] for name in sent.column_names}
    columns |= {
        "event_id": pa.array(ids, pa.string()),
        "type": type_column(pa.chunked_array([pa.repeat(RETRACTED, len(sent))])),
        "from": sent["type"].cast(pa.string()),
        "to": sent["event_id"],
        "value": pa.nulls(len(sent), sent.schema.field("value").type),
    }
    return pa.table(columns).replace_schema_metadata(sent.schema.metadata)


def event_id(kind: str, *parts: object) -> str:
    """Return the id of an event of a kind, from the customer, the group and its key.

    Parts that are None are left out, such as a group that there is not. Binary ids are written as
    hexadecimal digits.

    >>> event_id("second_order", "00001", None, 2)
    'b55456989d8e4030de6d12d9d2f7aea6'
    """
    known = [each for each in parts if each is not None]
    texts = [each.hex() if isinstance(each, bytes) else str(each) for each in known]
    return sha256("\x1f".join(["rfm-event/1", kind, *texts]).encode()).hexdigest()[:32]
