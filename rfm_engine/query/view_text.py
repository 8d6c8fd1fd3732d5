"""The relations as `create view` statements, for people who run a query in the shell of DuckDB.

They give the same rows as the prepared relations, but read all files for each query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.conditions import Condition
from rfm_engine.query.customers import Customers
from rfm_engine.query.relations import quoted, split_names
from rfm_engine.query.session import Query
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.fact_columns import FACT_COLUMNS

_NUMBERED = ("order_number", "orders_after", "first_day", "prev_day")


class Places(NamedTuple):
    """The files of the customers and of the normalised rows, as paths or globs.

    `columns` are those of the rows; None means that they are not known.
    """

    customers: str
    rows: str
    columns: Sequence[str] | None = None


# Columns that views add to the rows; a column of the user with such a name is only read by name.
_COUNTED = ("group_id", "attribute", "order_key", "row_key", *_NUMBERED)


class _About(NamedTuple):
    """What the views depend on; the values are examples if there is no snapshot.

    `has_overall` is whether the snapshot also has customers of all groups together, which have a
    null group, and `has_null` whether a group is null, for this or another reason.
    """

    customer: str
    by: str | None
    scale: int
    columns: Sequence[str]
    has_orders: bool
    is_net: bool
    has_overall: bool = False
    has_null: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot | None) -> _About:
        if snapshot is None:
            return cls(
                CUSTOMER, None, 2, ("is_whale", "lifecycle_stage"), has_orders=True, is_net=False
            )
        options = snapshot.options
        # Columns that are named like facts are of the user if the snapshot has none.
        names = snapshot.schema.names
        columns = names if options["facts"] else [n for n in names if n not in FACT_COLUMNS]
        has_overall = snapshot.overall is not None
        groups = Customers(snapshot).groups
        return cls(
            options["customer"], options["by"], snapshot.scale, columns,
            options["order"] is not None, options["refunds"] == "net-order",
            has_overall, has_overall or (groups is not None and groups.null_count > 0),
        )  # fmt: skip


def view_texts(
    query: Query,
    places: Places,
    snapshot: Snapshot | None,
    who: Sequence[Condition],
    split: Sequence[str],
) -> Iterator[str]:
    """Yield the statements that create the relations that a query reads."""
    about = _About.of(snapshot)
    if query.sql.reads_rows:
        yield from _row_views(query, places, about)
    yield _customer_view(query, places, about, who, split)
    empty = {"listed": "null::date as registered", "touches": "null::date as day, '' as stage"}
    for name, columns in empty.items():
        if name in query.sql.inputs:
            yield (
                f"create or replace view {name} as\n"
                f"select {CUSTOMER}, {columns} from customers where false;\n"
            )


def _row_views(query: Query, places: Places, about: _About) -> Iterator[str]:
    group = _group(about)
    attribute = "null::varchar" if query.attribute is None else quoted(query.attribute)
    order_id = ORDER if about.has_orders else "null::bigint"
    shown_id = f",\n    order_key as {ORDER}" if about.has_orders else ""
    keys = f"group_id, {CUSTOMER}, order_key, row_key"
    net = ""
    if about.is_net:
        net = (
            "\n    and (sum(minor) > 0\n        or (sum(minor) = 0 and "
            "count(*) filter (where minor < 0) = 0))"
        )
    kept = [name for name in (places.columns or [about.by or ""]) if name.lower() in _COUNTED]
    excluded = f" exclude ({', '.join(map(quoted, kept))})" if kept else ""
    yield f"""create or replace view counted as
select
    *{excluded},
    {group} as group_id,
    {attribute} as attribute,
    {order_id} as order_key,
    case when {order_id} is null then filename || ' ' || file_row_number end as row_key
from {_rows(places, about)};
"""
    yield f"""create or replace view orders as
with summed as (
    select
        {keys},
        min(moment) filter (where minor >= 0) as moment,
        arg_min(local, moment) filter (where minor >= 0) as local,
        arg_min(day, moment) filter (where minor >= 0) as day,
        sum(minor)::bigint as minor,
        min(attribute) as attribute
    from counted
    group by {keys}
    having count(*) filter (where minor >= 0) > 0{net}
)
select
    *{shown_id},
    (row_number() over numbers)::integer as order_number,
    (count(*) over (partition by group_id, {CUSTOMER}))::integer - order_number as orders_after,
    lag(day) over numbers as prev_day,
    first_value(day) over numbers as first_day
from summed
window numbers as (
    partition by group_id, {CUSTOMER}
    order by moment, order_key nulls last, minor, attribute nulls last
);
"""
    yield f"""create or replace view lines as
select counted.*, orders.order_number, orders.orders_after, held.first_day
from counted
left join orders
    on orders.group_id is not distinct from counted.group_id
    and orders.{CUSTOMER} = counted.{CUSTOMER}
    and orders.order_key is not distinct from counted.order_key
    and orders.row_key is not distinct from counted.row_key
join orders as held
    on held.group_id is not distinct from counted.group_id
    and held.{CUSTOMER} = counted.{CUSTOMER}
    and held.order_number = 1;
"""


def _customer_view(
    query: Query, places: Places, about: _About, who: Sequence[Condition], split: Sequence[str]
) -> str:
    named = query.sql.inputs.get("customers") or ()
    chosen = "true"
    if who:
        chosen = " and ".join(f"coalesce({_of_condition(each)}, false)" for each in who)
    elif query.chosen is not None:
        chosen = _whale(about) if query.chosen == "is_whale" else f"scored.{quoted(query.chosen)}"
    made = {
        "minor": f"(scored.monetary * {10**about.scale})::bigint",
        "is_whale": _whale(about),
        "chosen": chosen,
        "split": "{" + ", ".join(_fields(split)) + "}",
        "first_day": "first.day",
    }
    group = _group(about, "scored.")
    columns = [f"{group} as group_id", f"scored.{quoted(about.customer)} as {CUSTOMER}"]
    columns += [
        f"{made[name]} as {name}" if name in made else f"scored.{quoted(name)}" for name in named
    ]
    join = ""
    if "first_day" in named:
        join = (
            f"\njoin orders as first\n    on first.{CUSTOMER} = scored.{quoted(about.customer)}"
            f"\n    and first.group_id is not distinct from {group}"
            "\n    and first.order_number = 1"
        )
    listed = ",\n    ".join(columns)
    return (
        f"create or replace view customers as\nselect\n    {listed}\n"
        f"from read_parquet({_text(places.customers)}) as scored{join};\n"
    )


def _fields(split: Sequence[str]) -> Iterator[str]:
    for field, name in zip(split_names(split), split, strict=True):
        yield f"{_text(field)}: scored.{quoted(name)}"


def _rows(places: Places, about: _About) -> str:
    """Return the normalised rows, with a copy of each row of all groups together."""
    rows = f"read_parquet({_text(places.rows)}, filename = true, file_row_number = true)"
    if not about.has_overall:
        return rows
    return (
        f"(\n    select * from {rows}\n    union all by name\n"
        f"    select * replace (null as {quoted(about.by or '')}) from {rows}\n)"
    )


def _group(about: _About, table: str = "") -> str:
    """Return what tells groups apart: null groups as part of a value, so that joins find them."""
    if about.by is None:
        return "0"
    column = f"{table}{quoted(about.by)}"
    return f"{{{_text(about.by)}: {column}}}" if about.has_null else column


def _whale(about: _About) -> str:
    """Return whether a customer is among the best 20%, from the column or from the amounts."""
    if "is_whale" in about.columns:
        return "scored.is_whale"
    group = "" if about.by is None else f"partition by scored.{quoted(about.by)} "
    return (
        f"scored.monetary > 0 and (rank() over ({group}order by scored.monetary desc)\n"
        f"        <= (count(*) over ({group.strip()}) * 20 + 99) // 100)"
    )


def _of_condition(condition: Condition) -> str:
    """Return a condition as SQL, from its parsed parts."""
    column = f"scored.{quoted(condition.column)}"
    values = [_literal(value) for value in condition.values]
    forms = {
        "null": f"{column} is null",
        "not null": f"{column} is not null",
        "true": column,
        "not": f"not {column}",
        "between": f"{column} between {values[0]} and {values[-1]}" if values else "",
        "in": f"{column} in ({', '.join(values)})",
    }
    return forms.get(condition.form) or f"{column} {condition.form} {values[0]}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _text(value) if isinstance(value, str) else str(Decimal(value))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
