"""Run the queries of a report: read the rows, and add up what each arm bought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfm_engine.activation.campaign.assigned import BEGINS, ENDS, Assigned
from rfm_engine.activation.campaign.drawing import CAMPAIGN
from rfm_engine.activation.campaign.files import GROUP as GROUP_IN_FILE
from rfm_engine.activation.campaign.margin import Margin
from rfm_engine.activation.campaign.populations import Populations
from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow
from rfm_engine.options.messages import message
from rfm_engine.orders.place import MissingColumnError
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP
from rfm_engine.query.id_values import plain_ids
from rfm_engine.query.rows import BucketFolder, is_bucket_folder, only_input
from rfm_engine.query.session import Choices, Machine, Query, Session
from rfm_engine.query.sql_file import RELATIONS, SqlFile, shipped_sql

Row = dict[str, Any]
_RELATIONS = (*RELATIONS, "contacts", "responses", "people", "units", "spans")


class Span(NamedTuple):
    """The time of a campaign without a holdout, and the equally long time before it.

    Attributes
    ----------
    campaign, population
        Places in the lists of campaigns and snapshots.
    before
        The first day of the time before.
    begins, ends
        The first and the last day of the campaign.
    """

    campaign: int
    population: int
    before: date
    begins: date
    ends: date


class Added(NamedTuple):
    """The results of the queries, by file, and the first and the last day of the rows."""

    cells: list[Row]
    changes: list[Row]
    values: list[Row]
    first_row: date


class Asked(NamedTuple):
    """What the queries read besides the rows.

    Attributes
    ----------
    responses
        `customer_id`, with groups `group`, `campaign` and `cost`.
    spans
        The campaigns whose customers are compared with all others.
    """

    assigned: Assigned
    responses: pa.Table
    populations: Populations
    spans: Sequence[Span]
    margin: Margin
    attribution: str


def added_up(asked: Asked, rows: object, machine: Machine) -> Added:
    """Read the rows and add up what each arm of each campaign bought.

    Raises
    ------
    UsageError
        A campaign ends after the newest row, or the rows lack a column.
    DataError
        The rows have other ids, or are damaged.
    """
    rows, column, last = only_input(rows), asked.margin.column, asked.assigned.last
    if column is not None and is_bucket_folder(rows):
        raise UsageError(
            message(
                "{margin} must be a share for normalised rows; got the column {!r}. Give the "
                "orders as {rows}.",
                column,
            )
        )
    attributes = {} if column is None else {"cost": column}
    choices = Choices(attributes=attributes, all_lines=True, until=last)
    customers = asked.populations.newest
    units = Query(_sql("units"))
    with Session(customers.snapshot, rows, machine, choices, customers=customers) as session:
        try:
            session.prepare([units], _relations(asked))
        except MissingColumnError as error:
            if error.column != column:
                raise
            raise error.advised(message("Correct {margin}.")) from None
        first_row = _check_end(session.rows, last)
        days = {"first": _first(asked), "last": last}
        session.write("units", session.each_bucket(units, days))
        cells, changes, values = (
            _rows(session, name, asked) for name in ("cells", "changes", "values")
        )
        return Added(cells, changes, values, first_row)


def _sql(name: str) -> SqlFile:
    return shipped_sql("rfm_engine.activation.campaign.sql", name, _RELATIONS)


def _rows(session: Session, name: str, asked: Asked) -> list[Row]:
    if name == "changes" and not asked.spans:
        return []
    found = session.run(Query(_sql(name)), {"attribution": asked.attribution})
    rows: list[Row] = found.to_pylist()
    return rows


def _first(asked: Asked) -> date:
    return min([asked.assigned.first, *(span.before for span in asked.spans)])


def _check_end(rows: object, last: date) -> date:
    """Return the day of the first row; refuse a campaign that ends after the newest row."""
    assert isinstance(rows, BucketFolder)
    days = [pc.min_max(pq.read_table(file, columns=["day"])["day"]).as_py() for file in rows.files]
    newest = max((each["max"] for each in days if each["max"] is not None), default=None)
    if newest is None or newest < last:
        raise UsageError(
            message(
                "{rows} must go on to {}, the last day of a campaign; got {}. Wait for the orders, "
                "or shorten the time in which orders count.",
                last, "no rows" if newest is None else f"rows up to {newest}",
            )
        )  # fmt: skip
    first: date = min(each["min"] for each in days if each["min"] is not None)
    return first


def _relations(asked: Asked) -> Mapping[str, pa.Table | Iterator[pa.Table]]:
    table, populations = asked.assigned.table, asked.populations
    place_of = pa.table({
        BEGINS: pa.array(list(populations.of_day), pa.date32()),
        "population": pa.array(list(populations.of_day.values()), pa.int32()),
    })  # fmt: skip
    place = pc.index_in(table[BEGINS], value_set=place_of[BEGINS].combine_chunks())
    contacts = _keyed(table, asked) | {
        "population": place_of["population"].take(place),
        **{name: table[name] for name in ("is_treated", BEGINS, ENDS, "cost")},
    }
    responses = _keyed(asked.responses, asked) | {"cost": asked.responses["cost"]}
    spans = pa.Table.from_pylist(
        [span._asdict() for span in asked.spans],
        pa.schema([
            ("campaign", pa.int32()), ("population", pa.int32()), ("before", pa.date32()),
            (BEGINS, pa.date32()), (ENDS, pa.date32()),
        ]),
    )  # fmt: skip
    return {
        "contacts": pa.table(contacts), "responses": pa.table(responses), "spans": spans,
        "people": populations.people(),
    }  # fmt: skip


def _keyed(table: pa.Table, asked: Asked) -> dict[str, Any]:
    """Return the places of campaigns and groups, and the customers."""
    names = pa.array(asked.assigned.campaigns, pa.string())
    customers = asked.populations.newest
    groups = (
        arrow(np.zeros(len(table), np.int32))
        if customers.groups is None
        else customers.group_ids(table[GROUP_IN_FILE])
    )
    return {
        "campaign": pc.index_in(table[CAMPAIGN], value_set=names),
        GROUP: groups,
        CUSTOMER: plain_ids(table[CUSTOMER]),
    }


def span_of(
    place: int, begins: date, ends: date, populations: Populations
) -> Span:  # fmt: skip
    """Return the span of a campaign whose contacts all have the same days."""
    length = ends - begins + timedelta(1)
    before = max(begins.toordinal() - length.days, date.min.toordinal())
    return Span(
        place, populations.of_day[begins], date.fromordinal(before), begins, ends
    )  # fmt: skip
