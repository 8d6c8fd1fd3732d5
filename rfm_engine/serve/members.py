"""The customers of a segment, page by page, in the order of their ids."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, shown_cause
from rfm_engine.kernels.arrays import arrow
from rfm_engine.serve.lookup import Lookup, wanted_group
from rfm_engine.totals.ids import is_among

MOST_MEMBERS = 10_000
"""Customers per page."""
MOST_SCANNED = 1 << 20  # 5 ms; without this limit, a page of a rare segment would read all rows
_ADVICE = "Write it again with: rfm score ... --sort customer -o NEW.arrow."


class Wanted(NamedTuple):
    """Which customers of a segment a page should have.

    Attributes
    ----------
    segment
        The name of the segment.
    after
        The customer after whom the page begins; `...` for the first page.
    limit
        Number of customers.
    group
        As for `Lookup.get`.
    """

    segment: str
    after: Any
    limit: int
    group: Any


class Page(NamedTuple):
    """Some customers of a segment, and the customer after whom the next page begins.

    `next` is None on the last page. Other pages may have fewer customers than asked for, or none,
    because the number of rows that are read for a page is limited.
    """

    rows: pa.Table
    next: Any


def members_of(lookup: Lookup, wanted: Wanted, most_scanned: int = MOST_SCANNED) -> Page:
    """Return a page of the customers of a segment.

    Parameters
    ----------
    most_scanned
        Number of rows after which the page ends; at least one record batch is read.

    Raises
    ------
    UsageError
        The id or the group is not a value of its column.
    DataError
        The rows are damaged.
    """
    group = wanted_group(lookup.snapshot, wanted.group)
    found: list[pa.RecordBatch] = []
    n_found = n_scanned = 0
    last: Any = None
    for batch in lookup.batches(wanted.after):
        if n_found == wanted.limit or n_scanned >= most_scanned:
            break
        places = _places(batch, wanted.segment, group)[: wanted.limit - n_found]
        found.append(_valid(batch.take(arrow(places)), lookup))
        n_found += len(places)
        n_scanned += batch.num_rows
        end = int(places[-1]) if n_found == wanted.limit else batch.num_rows - 1
        last = batch.column(0)[end].as_py()
        if end < batch.num_rows - 1:
            break
    else:
        last = None
    return Page(pa.Table.from_batches(found, lookup.schema), last)


def _places(batch: pa.RecordBatch, segment: str, group: tuple[Any, ...]) -> Any:
    """Return the numbers of the rows of a segment, and of a group if there is one."""
    column = batch.column("segment")
    names = column.dictionary.to_pylist()
    code = names.index(segment) if segment in names else -1
    is_member = column.indices.to_numpy(zero_copy_only=False) == code
    if group:
        within = is_among(pa.chunked_array([batch.column(1)]), group)
        is_member &= within.to_numpy()
    return np.flatnonzero(is_member)


def _valid(rows: pa.RecordBatch, lookup: Lookup) -> pa.RecordBatch:
    try:
        rows.validate(full=True)
    except pa.ArrowException as error:
        raise DataError(
            f"lookup file {str(lookup.path)!r} must be undamaged; got {shown_cause(error)}. "
            f"{_ADVICE}"
        ) from None
    return rows
