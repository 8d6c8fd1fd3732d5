"""Answer queries about a snapshot and its rows: prepare relations in a folder, then run SQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import RfmError, UsageError
from rfm_engine.kernels.arrays import whole
from rfm_engine.options.columns import AttributeOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.messages import message
from rfm_engine.orders.place import MissingColumnError
from rfm_engine.orders.row_columns import CUSTOMER, TakenNameError
from rfm_engine.orders.sources.deadline import STORE_TIMEOUT
from rfm_engine.query.conditions import Condition, all_hold
from rfm_engine.query.connection import connection, lock
from rfm_engine.query.customers import CHOSEN, GROUP, SPLIT, Customers
from rfm_engine.query.prepared import LINES, ORDERS, prepare
from rfm_engine.query.relations import Views, created_views, run_query, split_names, with_groups
from rfm_engine.query.row_plan import Wanted
from rfm_engine.query.rows import (
    BucketFolder,
    bucket_folder,
    is_bucket_folder,
    normalise_into,
    only_input,
)
from rfm_engine.query.sql_file import SqlFile
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.totals.memory.spill import spill_folder
from rfm_engine.totals.memory.system import query_limit_of, threads_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The column of the relation `customers` that says who meets the conditions of `who`.
_WHO = "who are chosen"
# Options whose columns are carried with the rows.
_CARRIED = ("category", "product", "attribute")


class Machine(NamedTuple):
    """What a session may use: threads, bytes of memory (None: no limit), a folder for its files.

    `store_timeout` is the longest time without progress from an object store with the rows.
    """

    threads: int
    memory_limit: int | None
    spill_dir: Path | None
    store_timeout: float | str = STORE_TIMEOUT

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the machine that options such as `threads` describe.

        Raises
        ------
        UsageError
            A value is wrong.
        """
        limit, spill_dir = options["memory_limit"], options["spill_dir"]
        return cls(
            threads_of(options["threads"]),
            query_limit_of(limit),
            None if spill_dir is None else spill_folder(spill_dir),
            options["store_timeout"],
        )


class Query(NamedTuple):
    """A query and the columns that take the names `attribute` and `chosen` in it.

    `attribute` is a column of the rows. `chosen` says which customers are compared: the conditions
    of `who`, if there are any, or else the column of this name; None means all customers.
    """

    sql: SqlFile
    attribute: str | None = None
    chosen: str | None = None


class Choices(NamedTuple):
    """What queries compare.

    Attributes
    ----------
    who
        Conditions on the customers to compare.
    split
        Columns of the snapshot that are packed into the column `split`.
    attributes
        Options that name columns of the rows, besides those that the snapshot names.
    all_lines
        Whether the relation `lines` also has the rows of customers without an order.
    until
        The last day of the rows; they need not be those of the snapshot then. None: they are.
    """

    who: Sequence[Condition] = ()
    split: Sequence[str] = ()
    attributes: Mapping[str, Any] = {}
    all_lines: bool = False
    until: date | None = None


class Session:
    """Relations of a snapshot and its rows, in a temporary folder that is deleted at the end.

    Parameters
    ----------
    snapshot
        The customers.
    rows
        Orders, or a folder that `rfm normalize --buckets` wrote, or the `rows` of a session that
        has been prepared and not yet closed; None if no query reads rows.

    Attributes
    ----------
    rows
        The normalised rows, once they have been prepared.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        rows: object,
        machine: Machine,
        choices: Choices = Choices(),  # noqa: B008 - it is never changed
        *,
        customers: Customers | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.customers = Customers(snapshot) if customers is None else customers
        self.rows = only_input(rows)
        self._machine = machine
        self._who = choices.who
        self._split = choices.split
        self._all_lines = choices.all_lines
        self._until = choices.until
        known = [*declared(AttributeOptions), "attribute"]
        stored = {name: each for name in known if (each := snapshot.options.get(name))}
        given = {name: each for name, each in choices.attributes.items() if name in known and each}
        self._attributes = stored | given
        self._held = ExitStack()

    def __enter__(self) -> Self:
        temporary = tempfile.mkdtemp(prefix="rfm-insight-", dir=self._machine.spill_dir)
        self._held.callback(shutil.rmtree, temporary, ignore_errors=True)
        self._folder = Path(temporary)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def prepare(
        self, queries: Sequence[Query], extra: Mapping[str, pa.Table | Iterable[pa.Table]]
    ) -> None:
        """Write the relations that queries read; `extra` are further relations by name.

        A further relation is a table, or pieces of one that are written as they are made.

        Raises
        ------
        UsageError
            A query needs rows and there are none, or a column does not exist.
        DataError
            The rows are not those of the snapshot.
        """
        self._prepared = self._folder / "relations"
        self._prepared.mkdir()
        (self._folder / "spill").mkdir()
        if any("customers" in query.sql.inputs for query in queries):
            self.write("customers", [self._customer_table(queries)])
        for name, pieces in extra.items():
            self.write(name, [pieces] if isinstance(pieces, pa.Table) else pieces)
        if any(query.sql.reads_rows for query in queries):
            self._prepare_rows(queries)

    def write(self, name: str, pieces: Iterable[pa.Table]) -> None:
        """Write a relation of a session that has been prepared, with row groups per piece."""
        (self._prepared / name).mkdir()
        place = self._prepared / name / "part-00000.parquet"
        writer = None
        with ExitStack() as opened:
            for piece in pieces:
                if writer is None:
                    # Encoding numbers with dictionaries takes most of the time of writing, and
                    # compressing them a third of the rest.
                    texts = [each.name for each in piece.schema if not _is_number(each.type)]
                    packed = {
                        name: "lz4" if name in (*texts, GROUP) else "none"
                        for name in piece.column_names
                    }
                    made = pq.ParquetWriter(
                        place, piece.schema, compression=packed, write_statistics=False,
                        use_dictionary=[name for name in texts if name != CUSTOMER],
                    )  # fmt: skip
                    writer = opened.enter_context(made)
                writer.write_table(piece)

    def run(self, query: Query, parameters: Mapping[str, Any]) -> pa.Table:
        """Run a query whose relations have been prepared; return its result with `group_id`."""
        with created_views(self._opened, self._prepared, query.sql, self._views(query)):
            return run_query(self._opened, query.sql, parameters)

    def run_stream(
        self, query: Query, parameters: Mapping[str, Any], name: str, pieces: Iterator[pa.Table]
    ) -> pa.Table:
        """Run a query that reads one relation, and only once, from pieces that are not written.

        For ten million rows of ten columns this saves a second of writing and reading them.

        Raises
        ------
        RfmError
            The query is wrong or the machine fails, or an error of `pieces`, which is not changed.
        """
        first = next(pieces)
        failed: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for piece in chain([first], pieces):
                    yield from piece.to_batches()
            except BaseException as error:  # also Ctrl-C, which DuckDB would call wrong SQL
                failed.append(error)
                raise

        reader = pa.RecordBatchReader.from_batches(first.schema, batches())
        self._opened.register(name, reader)
        try:
            return run_query(self._opened, query.sql, parameters)
        except RfmError:
            if failed:
                raise failed[0] from None
            raise

    def run_per_bucket(self, query: Query, parameters: Mapping[str, Any]) -> pa.Table:
        """Run a query of `lines` for each bucket of customers, which needs less memory.

        The query has one row per customer, or several. They are in the order of the buckets.
        """
        return pa.concat_tables(self.each_bucket(query, parameters))

    def each_bucket(self, query: Query, parameters: Mapping[str, Any]) -> Iterator[pa.Table]:
        """Run a query of `lines` for each bucket of customers; yield the results."""
        views = self._views(query)
        for file in sorted((self._prepared / LINES).glob("*.parquet")):
            with created_views(self._opened, self._prepared, query.sql, views, file.stem):
                yield run_query(self._opened, query.sql, parameters)

    def _views(self, query: Query) -> Views:
        attribute = None
        if query.attribute is not None and LINES in query.sql.inputs:
            attribute = self._wanted.place_of(query.attribute)
        return Views(attribute, self.chosen_by(query))

    @cached_property
    def _opened(self) -> DuckDBPyConnection:
        """One connection for all queries, because to open one takes 30 ms."""
        machine = self._machine
        opened = self._held.enter_context(
            connection(
                [self._prepared], self._folder / "spill",
                threads=machine.threads, memory_limit=machine.memory_limit,
            )
        )  # fmt: skip
        lock(opened)
        return opened

    def column_of_customers(self, name: str) -> pa.ChunkedArray:
        """Return a column of the relation `customers` that a query reads."""
        return pq.read_table(self._prepared / "customers", columns=[name])[name]

    def column_of_snapshot(self, name: str) -> pa.ChunkedArray:
        """Return a column or a fact of the customers of the snapshot."""
        return self.customers.columns([name])[name]

    def chosen_by(self, query: Query) -> str | None:
        """Return the column that says which customers are compared; None if all are."""
        return _WHO if self._who else query.chosen

    def with_groups(self, table: pa.Table) -> pa.Table:
        """Return a result with the group as its first column instead of `group_id`."""
        return with_groups(table, self.customers, self.snapshot.options["by"])

    def _customer_table(self, queries: Sequence[Query]) -> pa.Table:
        needed = _needed(queries, "customers")
        names = self.customers.names if needed is None else needed
        chosen = {query.chosen for query in queries if query.chosen is not None}
        table = self.customers.table(sorted({*names, *chosen} - {CHOSEN, SPLIT}))
        if self._who:
            named = self.customers.columns({each.column: None for each in self._who})
            table = table.append_column(_WHO, all_hold(self._who, named))
        if SPLIT in names:
            named = self.customers.columns(self._split)
            columns = [_plain(named[name]) for name in self._split]
            struct = pa.StructArray.from_arrays(columns, split_names(self._split))
            table = table.append_column(SPLIT, struct)
        return table

    def _prepare_rows(self, queries: Sequence[Query]) -> None:
        if self.rows is None:
            names = ", ".join(query.sql.place for query in queries if query.sql.reads_rows)
            raise UsageError(
                message(
                    "{rows} must be given for {}, because it needs the orders of the customers; "
                    "got none. Give the orders that were scored.",
                    names,
                )
            )
        attributes = list(dict.fromkeys(query.attribute for query in queries if query.attribute))
        lines, orders = _needed(queries, LINES), _needed(queries, ORDERS)
        self._wanted = wanted = Wanted(lines, orders, attributes, self._all_lines)
        self.rows = folder = self._bucket_folder(wanted)
        n_threads = self._machine.threads
        prepare(folder, self.customers, wanted, self._prepared, n_threads, self._until)

    def _bucket_folder(self, wanted: Wanted) -> BucketFolder:
        if isinstance(self.rows, BucketFolder):
            return self.rows
        if is_bucket_folder(self.rows):
            place = Path(self.rows)  # type: ignore[arg-type]
            return bucket_folder(place, self.snapshot, self._until)
        machine = self._machine
        # Products and categories are carried like other attributes, if a query reads them.
        own = {n: each for n, each in self._attributes.items() if n not in _CARRIED}
        carried = [name for name in wanted.attributes if name != self.snapshot.options["by"]]
        try:
            return normalise_into(
                self.rows, self._folder / "rows", self.snapshot, carried, self._until, **own,
                threads=machine.threads, memory_limit=machine.memory_limit,
                store_timeout=machine.store_timeout,
            )  # fmt: skip
        except (MissingColumnError, TakenNameError) as error:
            if error.role != "carry":
                raise
            names = [name for name in _CARRIED if name in self._attributes]
            roles = {self._attributes[name]: name for name in names}
            if isinstance(error, TakenNameError):
                raise TakenNameError(error.column, roles[error.column]) from None
            raise error.by_role(roles) from None


def _needed(queries: Iterable[Query], relation: str) -> Collection[str] | None:
    """Return the columns of a relation that queries read; None means all columns."""
    found: dict[str, None] = {}
    for query in queries:
        if relation in query.sql.inputs:
            columns = query.sql.inputs[relation]
            if columns is None:
                return None
            found |= dict.fromkeys(columns)
    return list(found)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_primitive(kind) or pa.types.is_decimal(kind))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array without a dictionary."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return whole(column)
