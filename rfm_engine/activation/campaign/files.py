"""Read the files of campaigns: who was assigned, and who responded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.activation.campaign.drawing import METADATA_KEY
from rfm_engine.activation.contact_ids import Ids
from rfm_engine.activation.flows.entries import ENTERED_ON, FLOW, group_name
from rfm_engine.activation.flows.entries import METADATA_KEY as FLOWS_KEY
from rfm_engine.errors import DataError, UsageError, path_text
from rfm_engine.kernels.arrays import first_true
from rfm_engine.options.messages import message, named
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.normalize import whole_column
from rfm_engine.orders.place import Place
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.entry import files_of, open_files
from rfm_engine.query.csv_files import csv_format_of
from rfm_engine.query.lists import days_of
from rfm_engine.query.snapshot_options import reading_of
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.snapshot_files import schema_of

GROUP = "group"


class Columns(NamedTuple):
    """The columns to read besides ids and groups, by the type that they are read as."""

    texts: Sequence[str] = ()
    days: Sequence[str] = ()
    wholes: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.texts, *self.days, *self.wholes]


class CampaignFile:
    """A CSV, Parquet or Arrow file about customers in campaigns.

    Parameters
    ----------
    option
        The option that names the file, for messages.
    given
        The path or URI.
    snapshot
        The customers; ids are read in their type, and CSV with the options of their orders.

    Attributes
    ----------
    names
        The columns of the file.

    Raises
    ------
    UsageError
        The file does not exist, or has no column of customers or groups.
    """

    def __init__(self, option: str, given: str | os.PathLike[str], snapshot: Snapshot) -> None:
        self._what = named(option)
        path = path_text(self._what, given)
        if path == "-":
            raise UsageError(
                message("{} must be a file; got -. Write the rows to a file first.", self._what)
            )
        self._reading = reading_of(snapshot)
        self._files = files_of(path) or []
        self._csv = csv_format_of(self._files, self._reading.csv)
        sources = open_files(self._files, None, csv_format=self._csv)
        self.names = [
            name
            for name in sources[0].schema.names
            if all(name in source.schema.names for source in sources)
        ]
        self._ids = Ids(self._what, snapshot.schema.field(0).type)
        own: str = self._reading.options["customer"]
        self._customer = next((each for each in (own, CUSTOMER) if each in self.names), own)
        self.require(self._customer)
        self._by: str | None = snapshot.options["by"]
        if self._by is not None:
            # Flows name the group `by_NAME` if a column of theirs has its name.
            self._by = group_name(self._by, own) if self._is_of_flows else self._by
            self.require(self._by)
            self._groups = Ids(self._what, snapshot.schema.field(1).type)

    @property
    def _is_of_flows(self) -> bool:
        """Whether `rfm flows run` wrote the file."""
        return {FLOW, ENTERED_ON} <= {*self.names}

    def require(self, name: str) -> None:
        """Refuse a file without a column.

        Raises
        ------
        UsageError
            There is none of this name.
        """
        if name not in self.names:
            raise UsageError(
                message(
                    "{} must have the column {!r}; got {}. Add it or rename one.",
                    self._what, name, ", ".join(self.names),
                )
            )  # fmt: skip

    def read(self, columns: Columns) -> tuple[pa.Table, int]:
        """Return the rows with an id, and the number of rows without one.

        Returns
        -------
        pyarrow.Table
            `customer_id` in the type of the snapshot; with groups `group`; the columns.

        Raises
        ------
        DataError
            The file is corrupt, or a value has the wrong type.
        """
        kinds = {CUSTOMER: self._ids.kind}
        kinds |= {} if self._by is None else {GROUP: self._groups.kind}
        kinds |= dict.fromkeys(columns.texts, pa.string())
        kinds |= dict.fromkeys(columns.days, pa.date32())
        kinds |= dict.fromkeys(columns.wholes, pa.int64())
        found, n_without = [pa.schema(kinds.items()).empty_table()], 0
        needed = [self._customer, *([] if self._by is None else [self._by]), *columns.names]
        sources = open_files(self._files, needed, csv_format=self._csv)
        for source in sources:
            for read in source.reads():
                for rows, place in read:
                    batch = Batch(rows, place)
                    table = pa.table(self._arrays(batch, place, columns, is_csv=source.text))
                    table = table.filter(table[CUSTOMER].is_valid())
                    n_without += rows.num_rows - table.num_rows
                    found.append(table)
        return pa.concat_tables(found), n_without

    def _arrays(
        self, batch: Batch, place: Place, columns: Columns, *, is_csv: bool
    ) -> dict[str, pa.Array]:
        reading = self._reading
        found = {CUSTOMER: self._ids.of(batch, self._customer, is_csv=is_csv)}
        if self._by is not None:
            found[GROUP] = self._groups.of(batch, self._by, is_csv=is_csv)
        for name in columns.texts:
            found[name] = batch.column(name).cast(pa.string())
        for name in columns.days:
            found[name] = days_of(batch, name, reading, place)
        for name in columns.wholes:
            found[name] = whole_column(batch, "amount", name, reading.notation, text=is_csv)
        return found

    def refuse_nulls(self, table: pa.Table, names: Sequence[str]) -> None:
        """Refuse rows without a value in some columns.

        Raises
        ------
        DataError
            There is such a row.
        """
        for name in names:
            row = first_true(table[name].is_null().to_numpy())
            if row >= 0:
                raise DataError(
                    message(
                        "column {!r} of {} must have a value for each customer; got none in row {} "
                        "of those with an id. Correct the file.",
                        name, self._what, row + 1,
                    )
                )  # fmt: skip

    def planned(self) -> Mapping[str, int]:
        """Return the share of the holdout of each campaign that the metadata have, in basis points.

        Only files of `rfm campaign split` and of `rfm flows run` have such metadata.
        """
        found: dict[str, int] = {}
        for metadata in self._metadata():
            if METADATA_KEY in metadata:
                about = json.loads(metadata[METADATA_KEY])
                found[about["campaign"]] = about["holdout_bp"]
            if FLOWS_KEY in metadata:
                found |= json.loads(metadata[FLOWS_KEY])["holdout_bp"]
        return found

    def windows(self) -> Mapping[str, int]:
        """Return for how many days orders count for each flow of a file of `rfm flows run`."""
        found: dict[str, int] = {}
        for metadata in self._metadata():
            if FLOWS_KEY in metadata:
                found |= json.loads(metadata[FLOWS_KEY])["window_days"]
        return found

    def _metadata(self) -> Iterator[Mapping[bytes, bytes]]:
        """Yield the metadata of local Parquet and Arrow files."""
        for file in self._files:
            if isinstance(file, File) and file.local:
                with suppress(UsageError, DataError):
                    yield schema_of(Path(file.path)).metadata or {}
