"""The tables of movement: their SQL, and what is added to the result of the SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.insight.finishing import Finished
from rfm_engine.movement import finishing, order_tables, parameters
from rfm_engine.movement.judgement import refuse_without_cuts
from rfm_engine.options.declaration import declared
from rfm_engine.options.messages import message, named
from rfm_engine.options.movement import MovementOptions
from rfm_engine.query.sql_file import RELATIONS, SqlFile, shipped_sql
from rfm_engine.result.snapshot import Snapshot

Options = Mapping[str, Any]
_RELATIONS = (*RELATIONS, "pairs", "paths", "segments", "groups")


def _nothing(*_: object) -> dict[str, Any]:
    return {}


def _none(*_: object) -> None:
    return None


class Table(NamedTuple):
    """A table of movement.

    Attributes
    ----------
    options
        The names of its own options.
    finish
        Completes the result of the SQL, given the options and the `scale` of amounts.
    parameters
        Returns parameters of its query, given both snapshots and the options, which are parameters
        too.
    relations
        Returns further relations by name, given the second snapshot and the options.
    needs_cuts
        Whether it asks what other cut points would say.
    check
        Refuses snapshots and options for which it cannot be computed, given its name.
    since
        Returns the first day whose rows its query reads, given both snapshots and the options; None
        if it reads those of the second snapshot.
    """

    options: tuple[str, ...] = ()
    finish: Callable[[Any, dict[str, Any]], Finished] = finishing.money
    parameters: Callable[[Snapshot, Snapshot, Options], dict[str, Any]] = _nothing
    relations: Callable[[Snapshot, Options], dict[str, pa.Table]] = _nothing
    needs_cuts: bool = False
    check: Callable[[str, Snapshot, Snapshot, Options], object] = _nothing
    since: Callable[[Snapshot, Snapshot, Options], date | None] = _none


class Asked(NamedTuple):
    """A table that is asked for.

    Attributes
    ----------
    file
        The name of its SQL file.
    beside
        Names of files whose further columns are appended.
    since
        The first day whose rows the query reads; None if it reads those of the second snapshot.
    """

    table: Table
    file: str
    beside: tuple[str, ...] = ()
    since: date | None = None


TABLES: dict[str, Table] = {
    "matrix": Table(),
    "effects": Table(("effects",), needs_cuts=True),
    "classes": Table(needs_cuts=True),
    "retention": Table(("within",), finishing.retention, parameters.retention),
    "second-order": Table(finish=order_tables.second_order, check=order_tables.refuse_window),
    "lifecycle": Table(
        ("span",),
        order_tables.of_two_periods,
        order_tables.periods,
        check=order_tables.refuse_window,
    ),
    "aipl": Table(
        ("touches", "customer_list", "order_days", "touch_days"),
        order_tables.aipl,
        relations=order_tables.lists,
        check=order_tables.refuse_days,
        since=order_tables.first_of_order_days,
    ),
    "period": Table(
        ("span",),
        order_tables.of_two_periods,
        order_tables.periods,
        since=order_tables.first_of_period,
    ),
}


_OF_SUMMARY = TABLES["effects"].options


def options_of(name: str | None, options: Options) -> dict[str, Any]:
    """Return those options that a table or the summary (None) has, and all that are of no table."""
    known = _OF_SUMMARY if name is None else table_of(name).options
    of_tables = declared(MovementOptions)
    return {key: each for key, each in options.items() if key in known or key not in of_tables}


def refuse_others(name: str | None, given: Collection[str]) -> None:
    """Refuse options that a table or the summary (None) does not have.

    Raises
    ------
    UsageError
        There is no such table, or one of the options is of other tables.
    """
    known = _OF_SUMMARY if name is None else table_of(name).options
    for option in given:
        if option in declared(MovementOptions) and option not in known:
            tables = [other for other, table in TABLES.items() if option in table.options]
            owners = " or ".join(tables)
            said = f"{owners}; got it with {name}. Leave it out."
            if name is None:
                said = f"--table {owners}; got it without. Add the table, or leave it out."
            raise UsageError(message("{} must be used with {}", named(option), said))


def asked_of(
    name: str, before: Snapshot, after: Snapshot, options: Options, *, has_rows: bool
) -> Asked:
    """Return a table for two snapshots and some options, and how it is computed.

    Raises
    ------
    UsageError
        There is no such table, or it cannot be computed for these snapshots.
    """
    table = table_of(name)
    if table.needs_cuts:
        for snapshot in (before, after):
            refuse_without_cuts(snapshot)
    table.check(name, before, after, options)
    if name == "effects":
        if after.options["window"] is not None and not has_rows:
            table = table._replace(finish=finishing.effects_without_aging)
        is_shapley = options["effects"] == "shapley"
        return Asked(table, name, ("effects-shapley",) if is_shapley else ())
    if name == "retention":
        needs_rows = parameters.refuse_retention(before, after, options, has_rows=has_rows)
        file = "retention-rows" if needs_rows else "retention"
        assert before.as_of is not None
        return Asked(table, file, since=before.as_of + timedelta(1) if needs_rows else None)
    return Asked(table, name, since=table.since(before, after, options))


def sql_of(file: str) -> SqlFile:
    """Return one of the SQL files that come with the library."""
    return shipped_sql("rfm_engine.movement.sql", file, _RELATIONS)


def table_of(name: str) -> Table:
    """Return the table with a name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name not in TABLES:
        raise UsageError(
            message(
                "{} must be one of {}; got {}. {}",
                named("table"),
                ", ".join(TABLES),
                shown(name),
                did_you_mean(name, TABLES, "Choose one of them."),
            )
        )
    return TABLES[name]
