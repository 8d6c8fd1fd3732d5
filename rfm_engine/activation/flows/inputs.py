"""What flows can read besides the history: tiers, labels, attributes, contacts."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.activation.flows.columns import (
    ATTRIBUTES,
    COMPUTED_FROM,
    DATE,
    LABELS,
    NEXT_PCT,
    known_columns,
)
from rfm_engine.activation.flows.rows import Extra
from rfm_engine.activation.flows.stages import Touches
from rfm_engine.activation.flows.values import typed_column
from rfm_engine.errors import DataError, UsageError, path_text
from rfm_engine.history.history import History
from rfm_engine.history.store import unit_of
from rfm_engine.history.tiers import FILE, continued
from rfm_engine.insight.lists import list_relations
from rfm_engine.kernels.arrays import values, whole
from rfm_engine.movement.tier_files import MONETARY, TierProgram, load_tiers
from rfm_engine.options.messages import message, named
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.sources.entry import files_of, open_files
from rfm_engine.query.id_values import plain_ids
from rfm_engine.query.lists import read_customer_file
from rfm_engine.query.session import Machine
from rfm_engine.query.snapshot_options import reading_of
from rfm_engine.result.snapshot import Snapshot, read_snapshot

Place = str | os.PathLike[str]


class Given(NamedTuple):
    """The files that a caller gave besides the history and contacts; None if not given."""

    attributes: Place | None
    labels_from: Place | None
    tiers: Place | None


@dataclass(frozen=True, slots=True)
class Inputs:
    """The opened inputs of a run.

    Attributes
    ----------
    snapshot
        The customers at the date.
    attributes
        The columns of the file of attributes.
    labels
        A snapshot with labels.
    touches
        Contacts with the shop.
    tiers
        The membership tiers at the date.
    has_contacts
        Whether contact data with consents was given.
    """

    snapshot: Snapshot
    attributes: Sequence[str]
    labels: Snapshot | None
    touches: Touches | None
    tiers: Extra | None
    has_contacts: bool
    _attributes_file: Place | None

    def names_of(self, column: str) -> str | None:
        """Return which input has a column of labels or attributes; None if none has it."""
        if column in self.attributes:
            return ATTRIBUTES
        if self.labels is not None and column in self.labels.schema.names:
            return LABELS
        return "snapshot" if column in self.snapshot.schema.names else None

    def label_columns(self, names: Sequence[str]) -> Extra:
        """Return columns of the snapshot with labels."""
        assert self.labels is not None
        by = self.labels.options["by"]
        ids = [self.labels.options["customer"], *([] if by is None else [by])]
        table = self.labels.columns(list(dict.fromkeys([*ids, *names])))
        return Extra(table[ids[0]], None if by is None else table[by], table.select(names))

    def attribute_columns(self, kinds: Mapping[str, str]) -> Extra:
        """Return columns of the file of attributes, by name with their kinds.

        Raises
        ------
        DataError
            A customer has several rows, or a value is not of the kind.
        """
        assert self._attributes_file is not None
        days = {name: name for name, kind in kinds.items() if kind == DATE}
        texts = [name for name in kinds if name not in days]
        table = read_customer_file(ATTRIBUTES, self._attributes_file, self.snapshot, days, texts)
        _refuse_twice(table)
        for name in texts:
            column = typed_column(table[name], name, kinds[name])
            table = table.set_column(table.column_names.index(name), name, column)
        return Extra(table[CUSTOMER], None, table.drop_columns([CUSTOMER]))


def open_inputs(
    history: History, day: date, snapshot: Snapshot, given: Given, options: Mapping[str, Any]
) -> Inputs:
    """Open the inputs of a run; membership tiers are computed if they are not stored.

    Raises
    ------
    UsageError
        A file does not exist, or is not what it should be.
    DataError
        A file is damaged, or its ids have another type.
    """
    labels = None
    if given.labels_from is not None:
        labels = read_snapshot(given.labels_from)
        _refuse_other_people(labels, snapshot, day)
    touches = None
    if options["touches"] is not None:
        lists = {"customer_list": None, "registered": None, "touches": options["touches"]}
        table = list_relations(snapshot, lists)["touches"]
        touches = Touches(table, options["order_days"], options["touch_days"])
    tiers = None
    if given.tiers is not None:
        tiers = _tiers_at(history, day, load_tiers(given.tiers), Machine.of(options))
    attributes = () if given.attributes is None else _columns_of(given.attributes, snapshot)
    return Inputs(
        snapshot, attributes, labels, touches, tiers, options["contacts"] is not None,
        given.attributes,
    )  # fmt: skip


def kind_wanted(column: str, kinds_of_values: Collection[str]) -> str:
    """Return the kind of a column of attributes: the known one, or that of the conditions on it."""
    known = known_columns().get(column)
    if known is not None and known.kind is not None:
        return known.kind
    return min(kinds_of_values, default="text")


def needed_of(names: Collection[str]) -> set[str]:
    """Return columns with the column of dates in place of days that are computed from it."""
    return {COMPUTED_FROM.get(name, name) for name in names}


def _columns_of(given: Place, snapshot: Snapshot) -> list[str]:
    reading = reading_of(snapshot)
    files = files_of(path_text(named(ATTRIBUTES), given)) or []
    names = open_files(files, None, csv_format=reading.csv)[0].schema.names
    customer = reading.options["customer"]
    if customer not in names:
        raise UsageError(
            message(
                "{attributes} must have the column {!r} of customers; got {}. Rename the column of "
                "ids.",
                customer, ", ".join(names),
            )
        )  # fmt: skip
    return [name for name in names if name != customer]


def _refuse_twice(table: pa.Table) -> None:
    ids = plain_ids(table[CUSTOMER])
    if len(ids.unique()) < len(ids):
        raise DataError(
            message(
                "{attributes} must have one row per customer; got customers with more than one. "
                "Remove the other rows."
            )
        )


def _refuse_other_people(labels: Snapshot, snapshot: Snapshot, day: date) -> None:
    """Refuse labels of customers with other ids or groups, or of a later date."""
    mine = (snapshot.schema.field(0).type, snapshot.options["by"])
    theirs = (labels.schema.field(0).type, labels.options["by"])
    if theirs != mine:
        raise UsageError(
            message(
                "{labels_from} must have the customers of the history, ids of type {} and groups "
                "{}; got {} and {}. Label a snapshot of the history.",
                *mine, *theirs,
            )
        )  # fmt: skip
    if labels.as_of is not None and labels.as_of > day:
        raise UsageError(
            message(
                "{labels_from} must not be of a later date than {}; got {}. Give labels of that "
                "date or before.",
                day, labels.as_of,
            )
        )  # fmt: skip


def _tiers_at(history: History, day: date, program: TierProgram, machine: Machine) -> Extra:
    """Return the columns of tiers at a date, and how much is missing to the next one."""
    chain = continued(history, program, machine)
    if day not in [step.as_of for step in chain.steps]:
        raise UsageError(
            f"tiers {program.name!r} must begin by {day}; got the first date "
            f"{chain.steps[0].as_of}. Add earlier dates to the history."
        )
    unit = unit_of(day, f"tiers/{program.name}")
    table = chain.table
    if day != chain.steps[-1].as_of:
        table = pq.read_table(history.store.place(unit) / FILE, partitioning=None)
    n_ids = 1 if history.snapshot(day).options["by"] is None else 2
    columns = table.select(range(n_ids, table.num_columns))
    columns = columns.append_column(NEXT_PCT, _next_pct(columns, program))
    return Extra(table.column(0), table.column(1) if n_ids == 2 else None, columns)


def _next_pct(tiers: pa.Table, program: TierProgram) -> pa.Array:
    """Return `ceil(100 * spend_to_next / threshold of the next tier)`; null in the highest tier.

    The next tier is the one after the tier that the customer has.
    """
    kind = tiers.schema.field("spend_to_next").type
    scale = kind.scale if program.measure == MONETARY else 0
    thresholds = [int(tier.threshold.scaleb(scale)) for tier in program.tiers[1:]]
    place = pa.compute.index_in(
        tiers["tier"].cast(pa.string()), value_set=pa.array(program.names[:-1], pa.string())
    )
    missing = whole(tiers["spend_to_next"])
    known = missing.is_valid()
    # The low word of a decimal is the number of its smallest units.
    minor = values(missing.fill_null(0), np.int64)[::2].tolist()
    places = whole(pa.chunked_array([place]) if isinstance(place, pa.Array) else place).to_pylist()
    found = [
        None if at is None or not is_known else -(-100 * own // thresholds[at])
        for own, at, is_known in zip(minor, places, known.to_pylist(), strict=True)
    ]
    return pa.array(found, pa.int32())
