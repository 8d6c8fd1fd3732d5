"""Run flows at a date of a history, and write their log and their output."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from rfm_engine.activation.flows.activity import lack_of
from rfm_engine.activation.flows.candidates import Found
from rfm_engine.activation.flows.catalogue import load_flows
from rfm_engine.activation.flows.columns import CONSENT
from rfm_engine.activation.flows.entries import (
    METADATA_KEY,
    counts_of,
    entries_of,
    output_of,
    people_of,
)
from rfm_engine.activation.flows.events import events_left_out
from rfm_engine.activation.flows.fates import ENTERED, FATES, Cap, Known, Rules, fates_of
from rfm_engine.activation.flows.flow import Flow
from rfm_engine.activation.flows.inputs import Given, Inputs, open_inputs
from rfm_engine.activation.flows.linter import MOST_HOLDOUT_BP, refuse_errors
from rfm_engine.activation.flows.log import entries_before, refuse_earlier, write_log
from rfm_engine.activation.flows.preparation import finder_of
from rfm_engine.activation.flows.presets import shipped_flows
from rfm_engine.activation.phones import country_of
from rfm_engine.activation.reach import Reach, reach_of
from rfm_engine.activation.split import GLOBAL, HOLDOUT, TREATED, buckets_of, held_out, key_in
from rfm_engine.errors import UsageError, shown
from rfm_engine.history.dates import refuse_unknown
from rfm_engine.history.history import History
from rfm_engine.kernels.arrays import arrow
from rfm_engine.movement.judgement import segments_of
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, write
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.id_values import distinct_ids
from rfm_engine.query.session import Machine

_CAP = re.compile(r"\s*([1-9][0-9]{0,5}) per ([1-9][0-9]{0,5})d\s*")
_COUNTS = tuple(fate for fate in FATES if fate != ENTERED)
_WITHOUT_CONTACTS = "consent is not checked, because no contacts are given"


@dataclass(frozen=True, slots=True)
class FlowRun:
    """Who entered which flow at a date.

    Attributes
    ----------
    as_of
        The date.
    table
        The entries: see `flows.run`.
    log
        What happened to the log of the history: `added` or `unchanged`.
    flows
        One row per active flow, by priority: its name and the numbers of customers or events, first
        those it is for (`matching`), then those who are removed, in this order, and those who
        entered (`treated`, `holdout`).
    inactive
        The other flows, and what each lacks.
    warnings
        What a reader of the result should know.
    """

    as_of: date
    table: pa.Table
    log: str
    flows: Sequence[Mapping[str, Any]]
    inactive: Mapping[str, str]
    warnings: Sequence[str]

    def summary(self) -> dict[str, Any]:
        """Return everything but the table, in values that JSON supports."""
        return {
            "as_of": self.as_of.isoformat(),
            "log": self.log,
            "entries": len(self.table),
            "flows": [dict(each) for each in self.flows],
            "inactive": [{"name": name, "reason": lack} for name, lack in self.inactive.items()],
            "warnings": [*self.warnings],
        }


def run_flows(  # noqa: PLR0913 - the inputs of a run
    history: History,
    flows: Sequence[Flow],
    day: date | None,
    given: Given,
    options: Mapping[str, Any],
    output: str | os.PathLike[str] | None,
) -> FlowRun:
    """Run flows; see `rfm_engine.activation.flows.run`."""
    require_duckdb("rfm flows run")
    if output is not None:
        check_output(output)
        refuse_inside(output, "the history", history.path)
        _refuse_overwriting(output, given, options)
    days = _days(history, day)
    day = days[1]
    refuse_earlier(history.store, day)
    caps, control_bp = _caps(options["caps"]), _control_bp(options["control_bp"])
    snapshot = history.snapshot(day)
    people = people_of(snapshot)
    refuse_errors(flows, segments_of(snapshot), [*shipped_flows()])
    machine = Machine.of(options)
    inputs = open_inputs(history, day, snapshot, given, options)
    active, inactive = _active(history, flows, inputs, day, options)
    reach = _reach(active, inputs, options, machine)
    finder = finder_of(history, days, active, inputs, reach, _of_events(options))
    found = [finder.find(number, flow) for number, flow in enumerate(active)]
    key = key_in(history.path)
    candidates = _together(found, finder.rows.table.schema.field(CUSTOMER).type, finder.rows.groups)
    rules = Rules(day, active, caps, options["exempt_priority"], _windows(flows))
    controlled, log = _controlled(candidates, key, control_bp), entries_before(history, day, people)
    fates = fates_of(candidates, rules, Known(reach, controlled, log), machine)
    entries = entries_of(fates, active, people, key, day)
    status = write_log(history, day, entries, {"as_of": day.isoformat()})
    rows = _rows(active, found, fates, counts_of(entries))
    warnings = [] if reach.consented is not None else [_WITHOUT_CONTACTS]
    result = FlowRun(day, output_of(entries, active, people), status, rows, inactive, warnings)
    # What happened to the log is left out, so that a second run gives the same bytes.
    about = {name: each for name, each in result.summary().items() if name != "log"}
    about["holdout_bp"] = {flow.name: flow.holdout_bp for flow in active}
    about["window_days"] = {flow.name: flow.window_days for flow in active}
    table = result.table.replace_schema_metadata({METADATA_KEY: json.dumps(about)})
    if output is not None:
        write(table.to_reader(), table.schema, output, threads=machine.threads)
    return FlowRun(day, table, status, rows, inactive, warnings)


def _refuse_overwriting(
    output: str | os.PathLike[str], given: Given, options: Mapping[str, Any]
) -> None:
    """Refuse an output that would replace one of the files that are read.

    Raises
    ------
    UsageError
        It would.
    """
    suppress = options["suppress"]
    several = [suppress] if isinstance(suppress, str | os.PathLike) else suppress
    read = {
        "the attributes": given.attributes, "the snapshot with labels": given.labels_from,
        "the file of tiers": given.tiers, "the contacts": options["contacts"],
        "the contacts with the shop": options["touches"],
    }  # fmt: skip
    for what, place in read.items():
        refuse_overwriting(output, what, place)
    for place in several:
        refuse_overwriting(output, "a suppression list", place)


def _days(history: History, day: date | None) -> tuple[date | None, date]:
    """Return the date of a run and the one before; None if there is none."""
    dates = history.dates
    if not dates:
        raise UsageError(
            f"history {str(history.path)!r} must have a date for flows; got none. Add one with rfm "
            "history add."
        )
    day = dates[-1] if day is None else day
    refuse_unknown(day, dates, history.path)
    place = dates.index(day)
    return (dates[place - 1] if place else None), day


def _active(
    history: History, flows: Sequence[Flow], inputs: Inputs, day: date, options: Mapping[str, Any]
) -> tuple[list[Flow], dict[str, str]]:
    """Return the active flows by priority, and why the others are inactive."""
    left_out = events_left_out(history, day, inputs.snapshot, _of_events(options))
    lacks = {flow.name: lack_of(flow, inputs, left_out, history.dates, day) for flow in flows}
    active = [flow for flow in flows if lacks[flow.name] is None]
    inactive = {name: lack for name, lack in lacks.items() if lack is not None}
    return sorted(active, key=lambda flow: (flow.priority, flow.name)), inactive


def _of_events(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of events among those of flows."""
    names = (
        "touches", "order_days", "touch_days", "threads", "memory_limit", "store_timeout",
        "spill_dir",
    )  # fmt: skip
    return {name: options[name] for name in names}


def _reach(
    flows: Sequence[Flow], inputs: Inputs, options: Mapping[str, Any], machine: Machine
) -> Reach:
    """Return who can be contacted on the channels of flows, and of conditions on consent."""
    channels = [flow.channel for flow in flows]
    conditions = [each.column for flow in flows for each in flow.conditions]
    channels += [name.removeprefix(CONSENT) for name in conditions if name.startswith(CONSENT)]
    code = options["default_country"]
    country = None if code is None else country_of(code)
    contacts, suppress = options["contacts"], options["suppress"]
    if contacts is None and not suppress:  # opening a database for nothing takes 50 ms
        ids = inputs.snapshot.schema.field(0).type
        return Reach(None, pa.schema([(CUSTOMER, ids), ("channel", pa.string())]).empty_table())
    given = [suppress] if isinstance(suppress, str | os.PathLike) else suppress
    return reach_of(inputs.snapshot, contacts, given, [*dict.fromkeys(channels)], machine, country)


def _windows(flows: Sequence[Flow]) -> dict[str, int]:
    """Return the windows of all flows that one can wait for: presets, and those of the run."""
    known = {flow.name: flow.window_days for flow in load_flows(None)}
    return known | {flow.name: flow.window_days for flow in flows}


def _together(found: Sequence[Found], kind: pa.DataType, groups: pa.Array | None) -> pa.Table:
    group = pa.int32() if groups is None else groups.type
    schema = pa.schema([
        ("flow", pa.int16()), ("group_key", group), (CUSTOMER, kind), ("event_id", pa.string()),
        ("key", pa.string()), ("own_us", pa.int64()),
    ])  # fmt: skip
    return pa.concat_tables([schema.empty_table(), *(each.table for each in found)])


def _controlled(candidates: pa.Table, key: str, control_bp: int) -> pa.Table:
    """Return the candidates of the global control group, whom no flow contacts."""
    if not control_bp:
        return candidates.select([CUSTOMER]).slice(0, 0)
    ids = distinct_ids(candidates[CUSTOMER])
    is_controlled = held_out(buckets_of(key, GLOBAL, ids), control_bp)
    return pa.table({CUSTOMER: ids.filter(arrow(is_controlled))})


def _rows(
    flows: Sequence[Flow],
    found: Sequence[Found],
    fates: pa.Table,
    arms: Mapping[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    counted = fates.group_by(["flow", "fate"]).aggregate([([], "count_all")]).to_pylist()
    numbers = {(row["flow"], row["fate"]): row["count_all"] for row in counted}
    rows = []
    for place, (flow, own) in enumerate(zip(flows, found, strict=True)):
        removed = {fate: numbers.get((place, fate), 0) for fate in _COUNTS}
        removed["unless"] += own.excluded
        entered = arms.get(flow.name, {TREATED: 0, HOLDOUT: 0})
        rows.append({"name": flow.name, "matching": own.matched, **removed, **entered})
    return rows


def _caps(given: object) -> list[Cap]:
    several = [given] if isinstance(given, str) else given
    found = []
    for each in several if isinstance(several, Sequence) else [several]:
        match = _CAP.fullmatch(each) if isinstance(each, str) else None
        if match is None:
            raise UsageError(
                message(
                    "{caps} must be numbers of messages per days such as '1 per 3d'; got {}. "
                    "Write it like this.",
                    shown(each),
                )
            )
        found.append(Cap(int(match[1]), int(match[2])))
    return found


def _control_bp(given: object) -> int:
    if type(given) is not int or not 0 <= given <= MOST_HOLDOUT_BP:
        raise UsageError(
            message(
                "{control_bp} must be basis points from 0 to {:,}; got {}. 100 are 1%.",
                MOST_HOLDOUT_BP, shown(given),
            )
        )  # fmt: skip
    return given
