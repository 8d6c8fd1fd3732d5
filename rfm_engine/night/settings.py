"""The options of the steps of a night, from the tables of its config file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rfm_engine.activation.audiences.platform import platform_of
from rfm_engine.activation.flows.catalogue import load_flows
from rfm_engine.activation.people import conditions_of
from rfm_engine.errors import UsageError, did_you_mean, shown_toml
from rfm_engine.movement.tier_files import load_tiers
from rfm_engine.night.inputs import is_there
from rfm_engine.night.plan import TABLE, Plan
from rfm_engine.options.config_file import keys_of, options_in, refuse_unknown
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import (
    AudienceOptions,
    EventOptions,
    FlowOptions,
    HistoryInputOptions,
    HistoryOptions,
    ReportOptions,
    StateOptions,
    TierOptions,
)
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.conditions import refuse_joined
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.fact_columns import FACT_COLUMNS

_UNUSED = ("as-of", "output", "json", "quiet")


class Table(NamedTuple):
    """A table of a config file.

    Attributes
    ----------
    options
        The class of the options that the step takes.
    own
        Keys that are not declared options, and the types of their values.
    unused
        Keys that the command of this name takes, and the step does not.
    known
        The class of the options that the table may have, if it is another one.
    """

    options: type
    own: Mapping[str, type] = {}
    unused: tuple[str, ...] = ()
    known: type | None = None


_WANTED = {
    str: "text", int: "a whole number", list: "a list of texts", bool: "true or false",
}  # fmt: skip
_TABLES = {
    "state": Table(StateOptions, {"history": str, "keep-batches": int, "keep": int}),
    "history": Table(
        HistoryOptions, {"frozen": str}, ("replace", "backfill"), HistoryInputOptions
    ),
    "tiers": Table(TierOptions, unused=("tiers",)),
    "flows": Table(FlowOptions, {"labels-from": str}, ("flows", "attributes", "tiers")),
    "audience": Table(
        AudienceOptions, {"columns": list, "consent": str, "no-consent-check": bool},
        ("who", "platform", "diff"),
    ),
    "events": Table(EventOptions, {"rows": list}, ("from", "to", "retracted")),
    "report": Table(
        ReportOptions, {"rows": list, "insight": str}, ("before", "charts", "formats", "each")
    ),
}  # fmt: skip


def settings(plan: Plan, command: str) -> dict[str, Any]:
    """Return the options of a step: those that commands share, and those of its table.

    Raises
    ------
    UsageError
        A key of the table is unknown, or an option does not accept its value.
    """
    table = _TABLES[command]
    values = plan.data.get(command, {})
    what = f"[{command}] of config file {str(plan.file)!r}"
    known = keys_of(table.known or table.options)
    refuse_unknown(values, [*known, *table.own, *table.unused, *_UNUSED], what)
    options = declared(table.options)
    shared = options_in(plan.data, options, plan.file)
    return shared | options_in(values, options, plan.file) | _own(values, table.own, what)


def running(plan: Plan, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the machine: those that are typed, of `[run]`, and of the file."""
    known = declared(RunningOptions)
    shared = options_in(plan.data, known, plan.file)
    return {**shared, **options_in(plan.data[TABLE], known, plan.file), **typed}


def check(plan: Plan) -> None:
    """Read all tables, tiers, flows and audiences, and look for files, so that errors come first.

    Raises
    ------
    UsageError
        As `settings`, or a file of tiers or flows, or an audience is wrong, or a file is missing.
    """
    for command in _TABLES:
        settings(plan, command)
    if plan.tiers is not None:
        load_tiers(plan.tiers)
    if plan.flows:
        load_flows(plan.flows)
    columns = settings(plan, "audience").get("columns", ())
    for each in plan.audiences:
        platform_of(each.platform, columns)
        conditions_of(each.who)
    for key in ("contacts", "suppress", "touches", "attributes"):
        refuse_missing(plan, TABLE, key, getattr(plan, key))


def refuse_missing(plan: Plan, table: str, key: str, given: str | Sequence[str] | None) -> None:
    """Refuse local paths and patterns in a table of the file that have no file.

    Raises
    ------
    UsageError
        There is no such file.
    """
    for place in [given] if isinstance(given, str) else given or ():
        if not is_there(place):
            raise UsageError(
                f"{key} in [{table}] of config file {str(plan.file)!r} must exist; got no file "
                f"{place!r}. Check the path, which is relative to the config file."
            )


def check_columns(plan: Plan, snapshot: Snapshot) -> None:
    """Look for the columns of the conditions of audiences in the newest snapshot of the history.

    Raises
    ------
    UsageError
        There is no such column.
    """
    names = Customers(snapshot).names
    known = [*dict.fromkeys([*snapshot.schema.names, *names, *FACT_COLUMNS])]
    for each in plan.audiences:
        conditions = conditions_of(each.who)
        refuse_joined(conditions, known)
        for condition in conditions:
            if condition.column not in {*known, GROUP, CUSTOMER}:
                hint = did_you_mean(condition.column, known, "Correct the condition.")
                raise UsageError(
                    f"who of audience {each.name!r} in [run] must name columns of the history; got "
                    f"{condition.column!r} in {condition.text!r}. {hint}"
                )


def _own(values: Mapping[str, Any], own: Mapping[str, type], what: str) -> dict[str, Any]:
    found = {}
    for written, value in values.items():
        key = written.replace("_", "-")
        if key not in own:
            continue
        given = [value] if own[key] is list and isinstance(value, str) else value
        if type(given) is not own[key]:
            wanted = _WANTED[own[key]]
            raise UsageError(f"{key} in {what} must be {wanted}; got {shown_toml(value)}.")
        found[key.replace("-", "_")] = given
    return found
