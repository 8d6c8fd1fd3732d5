"""Compute insight tables: prepare the relations once, then run the SQL of each table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from rfm_engine.errors import Message, UsageError, shown
from rfm_engine.insight.checks import (
    MOST_DAYS,
    Checked,
    chosen_customers,
    first_orders,
    refuse_uncounted,
    small_buyers,
)
from rfm_engine.insight.finishing import Finished
from rfm_engine.insight.lists import list_relations
from rfm_engine.insight.tables import TABLES, Table, sql_of, table_of
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import InsightOptions
from rfm_engine.options.insight import TableOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.reading import as_date, conditions_of
from rfm_engine.query.conditions import Condition, parse_condition, refuse_joined
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.session import Choices, Machine, Query, Session
from rfm_engine.query.sql_file import SqlFile
from rfm_engine.result.snapshot import Snapshot

_BRIDGE_DAYS = timedelta(90)
# Tables that compare the whales if --who is not given.
_WHALES = {"affinity", "first-product"}


class Asked(NamedTuple):
    """A table that is asked for, and its query."""

    name: str
    table: Table
    query: Query


def answer(
    names: Sequence[str],
    snapshot: Snapshot,
    rows: object,
    explicit: Mapping[str, Any],
) -> dict[str, Finished]:
    """Compute some tables.

    Parameters
    ----------
    names
        The names of the tables.
    rows
        Orders, or a folder of normalised rows; None if no table needs rows.
    explicit
        The options that were given, see `InsightOptions`.

    Raises
    ------
    UsageError
        A table, an option or a column is wrong, or rows are missing.
    DataError
        The rows are not those of the snapshot.
    """
    require_duckdb("rfm insight")
    checked = checked_options(explicit)
    asked = [asked_of(name, snapshot, checked) for name in names]
    _refuse_others(asked, explicit)
    _refuse_window(asked, snapshot, checked["mode"])
    who = [parse_condition(text) for text in checked["who"]]
    refuse_joined(who, snapshot.schema.names)
    _refuse_group(snapshot, who, checked["split"])
    queries = [each.query for each in asked]
    lists = list_relations(snapshot, checked)
    choices = Choices(who, checked["split"], checked)
    found: dict[str, Finished] = {}
    machine = _machine(explicit)
    with ExitStack() as opened:
        for population in snapshot.populations:
            session = opened.enter_context(Session(population, rows, machine, choices))
            session.prepare(queries, lists)
            rows = session.rows
            parameters = parameters_of(population, checked)
            for each in asked:
                own = _finished(each, session, parameters, checked | {"who": who})
                found[each.name] = _together(found.get(each.name), own, snapshot)
    return {
        each.name: found[each.name].described({
            "table": each.name, "as_of": snapshot.as_of,
            "options": {name: checked[name] for name in each.table.options},
        })
        for each in asked
    }  # fmt: skip


def _together(within_groups: Finished | None, own: Finished, snapshot: Snapshot) -> Finished:
    """Return a table of the first population, or append that of the second one to it."""
    if within_groups is None:
        return own
    return within_groups.with_overall(own, snapshot.options["by"])


def _finished(
    asked: Asked, session: Session, parameters: Mapping[str, Any], options: dict[str, Any]
) -> Finished:
    """Return a table of the customers of a session that has been prepared."""
    table = session.run(asked.query, parameters)
    finished = asked.table.finish(table, options | {"attribute": asked.query.attribute})
    checks = list(_checks(asked, session, parameters, options))
    about = dict(item for check in checks for item in check.about.items())
    warnings = tuple(warning for check in checks for warning in check.warnings)
    whole = finished._replace(about=about | finished.about, warnings=warnings)
    return _of_groups(whole, session)


def _of_groups(finished: Finished, session: Session) -> Finished:
    """Return a table with the group as its first column, if it is within groups."""
    table = session.with_groups(finished.table)
    is_within = GROUP in finished.table.column_names and session.snapshot.options["by"] is not None
    group = table.column_names[:1] if is_within else ()
    return finished._replace(table=table, copied=(*group, *finished.copied))


def _checks(
    asked: Asked, session: Session, parameters: Mapping[str, Any], options: Mapping[str, Any]
) -> Iterator[Checked]:
    """Yield what readers of a table must know about its customers; `who` has been parsed."""
    chosen = session.chosen_by(asked.query)
    if chosen is not None and "who" in asked.table.options:
        column = session.column_of_customers(chosen)
        yield chosen_customers(column, options["who"], session.column_of_snapshot)
    if "burn_in" in asked.table.options:
        first_days = session.column_of_customers("first_day")
        is_of_first = asked.table.is_of_first or options["mode"] == "first"
        yield first_orders(first_days, parameters["start"], options["burn_in"], warn=is_of_first)
    if asked.name == "bridge" and session.snapshot.n_customers:
        yield small_buyers(parameters["start"], parameters["since"])


def asked_of(name: str, snapshot: Snapshot | None, options: Mapping[str, Any]) -> Asked:
    """Return a table with its query for some options.

    Raises
    ------
    UsageError
        The table does not exist, or has no column of values.
    """
    table = table_of(name)
    attribute = options["attribute"] if "attribute" in table.options else None
    if attribute is None and table.attribute is not None:
        attribute = options[table.attribute]
        if attribute is None and snapshot is not None:
            attribute = snapshot.options.get(table.attribute)
    if attribute is None and snapshot is None and table.needs_attribute:
        attribute = table.attribute or "source"
    if attribute is None and table.needs_attribute:
        raise UsageError(
            message(
                "{attribute} must name the column whose values {} compares; got none. Name a "
                "column of the rows.",
                name,
            )
        )
    chosen = "is_whale" if name in _WHALES else None
    return Asked(name, table, Query(sql_of(table.file(name, options)), attribute, chosen))


def missing_of(
    name: str, snapshot: Snapshot, rows: object, options: Mapping[str, Any]
) -> Message | None:
    """Return what a table lacks that can be computed only with more input; None if nothing."""
    try:
        asked = asked_of(name, snapshot, options)
    except UsageError:
        return message("they need {attribute}")
    if asked.query.sql.reads_rows and rows is None:
        return message("they need {rows}")
    if snapshot.options["window"] is not None and _is_of_first(asked, options["mode"]):
        return message("they need a snapshot without {window}")
    return None


def _is_of_first(asked: Asked, mode: str) -> bool:
    return asked.table.is_of_first or (asked.name == "affinity" and mode == "first")


def options_of(names: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that some of the tables have, and all that are not of tables."""
    known = {option for name in names for option in table_of(name).options}
    of_tables = declared(TableOptions)
    return {name: each for name, each in options.items() if name in known or name not in of_tables}


def _refuse_others(asked: Sequence[Asked], given: Collection[str]) -> None:
    """Refuse options that none of the tables has."""
    known = {option for each in asked for option in each.table.options}
    if {"period", "age"} <= {*given} and all(each.name == "cohort" for each in asked):
        raise UsageError(
            message(
                "{period} must not be combined with {age}, which counts days since the first order "
                "instead of calendar periods; got both. Leave one out."
            )
        )
    for name in given:
        if name in declared(TableOptions) and name not in known:
            owners = [other for other, table in TABLES.items() if name in table.options]
            raise UsageError(
                message(
                    "{} must be used with {}; got it with {}. Leave it out.",
                    named(name), _either(owners), ", ".join(each.name for each in asked),
                )
            )  # fmt: skip


def _refuse_window(asked: Sequence[Asked], snapshot: Snapshot, mode: str) -> None:
    """Refuse tables about first orders if older orders are not counted."""
    window = snapshot.options["window"]
    first = [each.name for each in asked if _is_of_first(each, mode)]
    if window is not None and first:
        raise UsageError(
            message(
                "{} must have all orders of the customers, because it is about their first order; "
                "got a snapshot with {window} {}. Score without {window}.",
                ", ".join(first), window,
            )
        )  # fmt: skip


def _refuse_group(snapshot: Snapshot, who: Sequence[Condition], split: Collection[str]) -> None:
    """Refuse to choose by the group if customers of all groups together, who have none, follow."""
    by = snapshot.options["by"]
    for option, names in (("split", split), ("who", [each.column for each in who])):
        if snapshot.overall is not None and by in names:
            raise UsageError(
                message(
                    "{} must not name the groups of a snapshot that also has all groups together "
                    "({overall}); got {!r}. Score without {overall}.",
                    named(option), by,
                )
            )  # fmt: skip


def checked_options(explicit: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of tables with days as numbers, dates as dates and lists as tuples.

    Raises
    ------
    UsageError
        A value is wrong.
    """
    options = resolve(InsightOptions, explicit)
    found = dict(options)
    for name in ("burn_in", "within", "age"):
        found[name] = None if options[name] is None else _days(name, options[name])
    if found["age"] == 0:
        raise UsageError(message("{age} must be at least 1d; got 0d. Give more days."))
    for name in ("until", "since"):
        found[name] = None if options[name] is None else as_date(options[name])
    found["has_list"] = options["customer_list"] is not None
    found["has_dates"] = options["registered"] is not None
    found["who"] = conditions_of(options["who"])
    found["split"] = column_names(options["split"], "split") or ("segment",)
    refuse_uncounted(
        found, ("min_customers", "min_item", "min_pair", "order_days", "touch_days", "top")
    )
    return found


def _days(name: str, text: Any) -> int:
    match = re.fullmatch(r"([0-9]{1,6})d", text) if isinstance(text, str) else None
    if match is None or int(match[1]) > MOST_DAYS:
        raise UsageError(message("{} must be days such as 90d; got {}.", named(name), shown(text)))
    return int(match[1])


def parameters_of(snapshot: Snapshot, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of all queries by name.

    Raises
    ------
    UsageError
        The dates of `bridge` are not in order.
    """
    import pyarrow.compute as pc

    # Without customers any date will do, but not null, whose type DuckDB does not know.
    as_of = snapshot.as_of or date.min
    first_days = Customers(snapshot).table(["first_day"])["first_day"]
    found: dict[str, Any] = {
        name: options[name]
        for name in (
            "mode", "burn_in", "within", "period", "age", "min_item", "min_pair", "first_rule",
            "order_days", "touch_days", "has_list", "has_dates",
        )
    }  # fmt: skip
    found |= {"as_of": as_of, "start": pc.min(first_days).as_py() or as_of}
    if snapshot.as_of is None:
        return found | {"until": as_of, "since": as_of}
    until = options["until"] or as_of - _BRIDGE_DAYS
    since = options["since"] or until - _BRIDGE_DAYS
    if not since < until < as_of:
        raise UsageError(
            message(
                "{since} must be before {until}, and {until} before the date of analysis {}; "
                "got {} and {}.",
                as_of, since, until,
            )
        )  # fmt: skip
    return found | {"until": until, "since": since}


def _machine(explicit: Mapping[str, Any]) -> Machine:
    return Machine.of(resolve(InsightOptions, explicit))


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def answer_script(
    script: SqlFile, snapshot: Snapshot, rows: object, explicit: Mapping[str, Any]
) -> Finished:
    """Run the query of a user; the parameters are those of `answer`.

    Raises
    ------
    UsageError, DataError
        As `answer`, or the query is wrong.
    """
    require_duckdb("rfm insight")
    checked = checked_options(explicit)
    who = [parse_condition(text) for text in checked["who"]]
    refuse_joined(who, snapshot.schema.names)
    _refuse_group(snapshot, who, checked["split"])
    # Without a header the query may read everything, but it needs no rows if none are given.
    if rows is None and None in script.inputs.values():
        inputs = {name: each for name, each in script.inputs.items() if name == "customers"}
        script = replace(script, inputs=inputs)
    query = Query(script, checked["attribute"], "is_whale")
    choices = Choices(who, checked["split"], checked)
    lists = list_relations(snapshot, checked)
    machine = _machine(explicit)
    found = None
    with ExitStack() as opened:
        for population in snapshot.populations:
            session = opened.enter_context(Session(population, rows, machine, choices))
            session.prepare([query], lists)
            rows = session.rows
            own = Finished(session.run(query, parameters_of(population, checked)), {})
            found = _together(found, _of_groups(own, session), snapshot)
    assert found is not None
    return found.described({"table": script.name, "as_of": snapshot.as_of})
