"""The output of a date whose entries are in the log of a history already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.activation.flows.entries import output_of, people_of
from rfm_engine.activation.flows.flow import Flow
from rfm_engine.activation.flows.log import FOLDER, LOG, refuse_damaged
from rfm_engine.history.history import History
from rfm_engine.history.store import unit_of
from rfm_engine.output import write


def has_log(history: History, day: date) -> bool:
    """Whether the log of a date exists."""
    return unit_of(day, FOLDER) in history.store.units(FOLDER)


def write_logged(
    history: History, day: date, flows: Sequence[Flow], output: str | os.PathLike[str]
) -> pa.Table:
    """Write who entered at a date as the log says, with the channels and treatments of flows.

    A flow of the log that is not among the flows has no channel and no treatment.

    Raises
    ------
    StateError
        The log is damaged.
    """
    unit = unit_of(day, FOLDER)
    refuse_damaged(history.store, unit)
    entries = pq.read_table(history.store.place(unit) / LOG, partitioning=None)
    table = output_of(entries, flows, people_of(history.snapshot(day)))
    write(table.to_reader(), table.schema, output)
    return table
