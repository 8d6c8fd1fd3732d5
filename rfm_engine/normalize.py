"""normalized(): the counted orders as a stream of rows, and as files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar, Unpack

import pyarrow as pa

from rfm_engine.api import __version__
from rfm_engine.errors import UsageError, shown
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import RowFileOptions, RowOptions, StateOptions, TotalsOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.attributes import Attributes
from rfm_engine.orders.batches import gathered
from rfm_engine.orders.buckets import buckets_of, check_buckets
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.newest_day import newest_day
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.deadline import seconds_of
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.tables.part import tables_of
from rfm_engine.orders.stream import MOST_ROWS, Added, NormalizedRows, each_batch
from rfm_engine.output import check_output, refuse_overwriting, write_groups
from rfm_engine.output.bucket_files import write_buckets
from rfm_engine.output.bucket_parts import part_of
from rfm_engine.output.column_types import check_types
from rfm_engine.output.place import ending
from rfm_engine.state.inputs import state_of
from rfm_engine.totals.aggregation import Progress, Report
from rfm_engine.totals.duplicates.filter import Duplicates
from rfm_engine.totals.memory.budget import Budget, batch_bytes, plan_memory
from rfm_engine.totals.memory.system import anonymous_bytes, limit_of, threads_of

# Row groups have half a million rows, or fewer if the rows are large.
_GROUP_ROWS = 1 << 19
_GROUP_BYTES = 1 << 27
_MOST_BUCKET_BYTES = 1 << 29
T = TypeVar("T")


@documented(RowOptions)
def normalized(orders: object, **options: Unpack[RowOptions]) -> NormalizedRows:
    """Return the counted rows of orders, in canonical columns, as a stream that is read once.

    A row is in the stream exactly when `score` with the same options counts it. Its amount there is
    `minor`: the net amount in minor units, after quantity, rates and rounding.

    Parameters
    ----------
    orders
        As for `rfm_engine.score`, except for a state, because it contains no rows.
    {options}

    Returns
    -------
    NormalizedRows
        A stream for any reader of Arrow streams, with these columns: `customer_id` (int64, uint64,
        string, binary or uuid); with `by`, that column; with `order`, `order_id`; `moment`
        (timestamp[us, UTC]); `local` (timestamp[us], local time in `timezone`); `day` (date32, the
        date of `local`); `minor` (int64); with `quantity`, `quantity` (int64); with `units`,
        `discount`, `list` and `cost`, `units`, `disc_minor`, `list_minor` and `cost_minor` (int64);
        the columns of `product` and `category`; the carried columns.

    Raises
    ------
    UsageError
        An option, a column or an input is wrong.
    DataError
        Column types cannot be read or differ between files. Errors in rows are raised while the
        stream is read.

    Notes
    -----
    With `as_of="newest"` the orders are read twice, because the schema contains the date. A stream
    that can be read only once therefore needs a date. `customer_level` is refused, because its rows
    are not orders.

    Memory holds a few batches per thread and, with `distinct`, the keys and values of the counted
    rows.

    With `refunds="net-order"` the stream contains the rows of an order that is cancelled in full,
    because they are counted rows: whether an order counts is decided when its rows are added up.

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> orders = pa.table({
    ...     "customer_id": ["ada", "ada", None],
    ...     "order_time": ["2026-10-01T09:30", "2026-10-30", "2026-10-30"],
    ...     "amount": [10.5, 4.5, 7.0],
    ...     "source": ["app", "web", "web"],
    ... })
    >>> rows = rfm.normalized(orders, as_of="2026-10-31", carry="source")
    >>> pa.table(rows).select(["customer_id", "day", "minor", "source"]).to_pylist()[0]
    {'customer_id': 'ada', 'day': datetime.date(2026, 10, 1), 'minor': 1050, 'source': 'app'}
    >>> rows.rows.counted, rows.rows.dropped["null_customer"]
    (2, 1)
    """
    return _opened(orders, given("normalized", RowOptions, options)).rows


def write_normalized(
    orders: object,
    output: str | os.PathLike[str],
    *,
    progress: Report | None = None,
    **options: Unpack[RowFileOptions],
) -> NormalizedRows:
    """Write the rows of `normalized` to a file, or to a directory with one file per bucket.

    Parameters
    ----------
    orders, **options
        As for `normalized`; and `buckets`, the number of Parquet files in the directory `output`,
        from 1 to 1000. All rows of a customer are in the same file, which depends only on the id
        and this number: see `rfm_engine.orders.buckets.buckets_of`.
    output
        As for `rfm_engine.score`; it is written completely or not at all.
    progress
        Called from time to time from the calling thread.

    Returns
    -------
    NormalizedRows
        The stream, read to its end, so that its row counts are complete.

    Raises
    ------
    UsageError, DataError
        As for `normalized`; nothing was written.
    """
    check_output(output)
    asked = given("write_normalized", RowFileOptions, options)
    buckets = asked.get("buckets")
    if buckets is not None:
        check_buckets(buckets)
        if ending(output):
            raise UsageError(
                message(
                    "{buckets} must be used with a directory as output, a name without an ending; "
                    "got {}. Remove the ending.",
                    shown(os.fspath(output)),
                )
            )
    refuse_overwriting(output, "the rates file", options.get("rates"))
    rows, sources, budget, n_threads = _opened(orders, asked, output, buckets)
    check_types(rows.schema, output)
    lengths = [source.n_rows for source in sources]
    n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
    if buckets is None:
        batches = iter(rows) if progress is None else _told(rows, rows, progress, n_rows)
        whole = gathered(batches, n_rows=_GROUP_ROWS, n_bytes=_GROUP_BYTES)
        groups = (partial(pa.Table.from_batches, some, rows.schema) for some in whole)
        write_groups(groups, rows.schema, output, threads=n_threads)
    else:
        parts = each_batch(
            rows, lambda columns: part_of(columns, buckets_of(columns[0], buckets), buckets)
        )
        if progress is not None:
            parts = _told(parts, rows, progress, n_rows)
        write_buckets(
            parts,
            rows.schema,
            output,
            n_buckets=buckets,
            most_bytes=_bucket_bytes(budget.limit),
            threads=n_threads,
        )
    return rows


class _Opened(NamedTuple):
    rows: NormalizedRows
    sources: Sequence[Source]
    budget: Budget
    threads: int


def _opened(
    orders: object,
    options: Mapping[str, Any],
    output: str | os.PathLike[str] | None = None,
    buckets: int | None = None,
) -> _Opened:
    asked = resolve(RowOptions, options)
    if state_of(orders) is not None:
        raise UsageError(
            "orders must be rows to be normalised; got a state, which contains totals of customers "
            "and no rows. Give the files that were ingested into it."
        )
    read: Any = {name: asked[name] for name in declared(TotalsOptions) if name in asked}
    known = Reading(**read)
    if known.options["customer_level"]:
        raise UsageError(
            message(
                "{customer_level} must not be used with normalised rows, because its rows are "
                "totals of customers and not orders; got it. Leave it out, or score the totals."
            )
        )
    carry = column_names(asked["carry"], "carry")
    attributes = Attributes.of(asked)
    threads = threads_of(asked["threads"])
    budget = _budget(known, threads, asked["memory_limit"])
    roles = dict.fromkeys(carry, "carry") | attributes.roles | known.roles
    sources = open_sources(
        orders, [*known.columns, *attributes.roles, *carry], csv_format=known.csv,
        as_files=known.options["as_files"], roles=roles, most_rows=MOST_ROWS,
        store_timeout=seconds_of(asked["store_timeout"]), period=known.period,
    )  # fmt: skip
    for source in sources:
        refuse_overwriting(output, "an input", source.name)
    dated = _dated(known, sources, threads)
    duplicates = None
    if known.options["distinct"]:
        budget, most_bytes = budget.shared_with_rows()
        duplicates = Duplicates(dated, HashKey.from_int(secrets.randbits(63)), most_bytes)
    of_reading: Mapping[str, Any] = known.options
    said = {name: of_reading[name] for name in declared(StateOptions)} | {
        "window": known.options["window"],
        "rates": None if asked["rates"] is None else os.fspath(asked["rates"]),
        **attributes.options,
        "carry": carry,
        **tables_of(sources),
    }
    about = {"version": __version__, "buckets": buckets, "options": said}
    rows = NormalizedRows(
        sources, Intake(dated, duplicates), Added(attributes, carry), about, threads
    )
    return _Opened(rows, sources, budget, threads)


def _budget(reading: Reading, threads: int, memory_limit: int | str | None) -> Budget:
    by, distinct = reading.options["by"] is not None, bool(reading.options["distinct"])
    a_thread = batch_bytes(by=by, clv=False, distinct=distinct)
    limit = limit_of(memory_limit, threads, a_thread)
    return plan_memory(limit, anonymous_bytes(), threads, 1, a_thread)


def _dated(reading: Reading, sources: Sequence[Source], threads: int) -> Reading:
    """Return the reading with the date of the newest row, if as_of is "newest"."""
    if reading.as_of_day is not None:
        return reading
    if not all(source.repeatable for source in sources):
        raise UsageError(
            message(
                "{as_of} must be a date for the rows of a stream, which can be read only once; got "
                "'newest'. Give the date."
            )
        )
    newest, _ = newest_day(sources, reading, threads)
    if newest is None:  # No row is counted, so no window applies.
        return reading.but(window=None)
    return reading.but(as_of=newest)


def _told(
    found: Iterable[T], rows: NormalizedRows, progress: Report, n_rows: int | None
) -> Iterator[T]:
    for each in found:
        progress(Progress("write", rows.rows.read, n_rows, 0))
        yield each
        del each


def _bucket_bytes(limit: int | None) -> int:
    """Return the memory for the rows of buckets; it must not depend on the number of threads."""
    return _MOST_BUCKET_BYTES if limit is None else min(_MOST_BUCKET_BYTES, limit // 6)
