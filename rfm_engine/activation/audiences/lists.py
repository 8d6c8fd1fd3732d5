"""Write the rows of an audience: one list, or a folder with the list and what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.activation.audiences.csv_files import CsvFiles, part_name, parts_of
from rfm_engine.activation.audiences.finishing import Finishing
from rfm_engine.activation.audiences.platform import CUSTOMER, Platform
from rfm_engine.activation.audiences.previous import LIST, previous_pieces
from rfm_engine.activation.audiences.rows import SLICE, query
from rfm_engine.errors import DataError
from rfm_engine.options.messages import message
from rfm_engine.output import write
from rfm_engine.output.atomic import MARKER, PRIVATE, PRIVATE_FOLDER, file, folder, sync
from rfm_engine.output.text import check_text, is_binary
from rfm_engine.query.workspace import Workspace

ADD, REMOVE = "add.csv", "remove.csv"


class Written(NamedTuple):
    """What has been written.

    Attributes
    ----------
    customers, rows
        Of the list.
    added, removed
        Rows of these files; None if no changes were asked for.
    files
        The paths of all files.
    """

    customers: int
    rows: int
    added: int | None
    removed: int | None
    files: list[str]


class Lists:
    """Write the table `normal` of a workspace without what the table `repeated` has."""

    def __init__(self, space: Workspace, platform: Platform, kind: pa.DataType) -> None:
        self._space = space
        self._platform = platform
        self._kind = kind
        self._finishing = Finishing(platform, kind)
        self._n_rows = space.count("normal")
        self._tally = _Tally()

    def write_csv(self, output: str) -> Written:
        """Write one list, in several files if the platform takes no larger ones.

        Raises
        ------
        DataError
            A column cannot be written as CSV.
        """
        check_text(self._finishing.table(self._empty()).schema)
        shown, target = Path(output), Path(output).resolve()
        with ExitStack() as opened:
            written: list[str] = []

            def place_of(number: int) -> Path:
                place = target.with_name(part_name(target.name, number))
                written.append(place.name)
                return opened.enter_context(file(place, PRIVATE))

            self._write(place_of, map(self._finishing.texts, self._rows()))
        for stale in parts_of(target):
            if stale.name not in written:  # of an earlier run with more customers
                stale.unlink()
        return self._written(None, None, [str(shown.with_name(name)) for name in written])

    def write_table(self, output: str, metadata: dict[bytes, bytes], threads: int) -> Written:
        """Write one list as a table with types."""
        empty = self._finishing.table(self._empty())
        schema = empty.schema.with_metadata(metadata)
        batches = (
            batch
            for rows in self._rows()
            for batch in self._finishing.table(rows).cast(empty.schema).to_batches()
        )
        write(batches, schema, output, threads=threads, private=True)
        return self._written(None, None, [output])

    def write_changes(self, output: str, previous: Path | None) -> Written:
        """Write a folder with the list, and what has changed since the previous one.

        Raises
        ------
        DataError
            A column cannot be written as CSV, or the previous list is damaged.
        """
        self._check_changes()
        space, whole_list = self._space, {"low": 0, "high": self._n_rows}
        space.keep("written", query("written"), whole_list)
        space.load("previous", previous_pieces(previous, self._platform, self._kind))
        with folder(Path(output).resolve(), PRIVATE_FOLDER) as temporary:
            names: list[str] = []

            def places_of(name: str) -> Callable[[int], Path]:
                def place_of(number: int) -> Path:
                    names.append(part_name(name, number))
                    return temporary / names[-1]

                return place_of

            self._write(places_of(LIST), map(self._finishing.texts, self._rows()))
            added = self._write_changed(places_of(ADD), "added")
            removed = self._write_changed(places_of(REMOVE), "removed")
            _mark(temporary)
        return self._written(added, removed, [str(Path(output, name)) for name in names])

    def _check_changes(self) -> None:
        """Refuse columns that cannot be written as CSV, the only format of changes."""
        for field in self._finishing.table(self._empty()).schema:
            if is_binary(field.type):
                raise DataError(
                    message(
                        "column {!r} must be a number, time or text with {diff}, which writes CSV; "
                        "got {}. Leave it out of {columns}, and choose email or phone.",
                        field.name, field.type,
                    )
                )  # fmt: skip

    def _write_changed(self, place_of: Callable[[int], Path], about: str) -> int:
        space = self._space
        space.keep("changed", query(about), {})
        n_rows, n_ranks = space.count("changed"), self._n_rows
        texts = self._finishing.texts
        if about == "removed":
            n_ranks, texts = space.count("previous"), self._finishing.removed
        slices = space.slices(query("changed"), n_ranks, SLICE, {})
        self._write(place_of, map(texts, slices))
        space.drop("changed")
        return n_rows

    def _write(self, place_of: Callable[[int], Path], pieces: Iterable[list[pa.Array]]) -> None:
        files = CsvFiles(place_of, self._finishing.headers, self._platform.most_bytes)
        try:
            for columns in pieces:
                files.write(columns)
        finally:
            files.close()

    def _rows(self) -> Iterator[pa.Table]:
        """Yield the rows to write, and count them."""
        for rows in self._space.slices(query("written"), self._n_rows, SLICE, {}):
            self._tally.add(rows)
            yield rows

    def _empty(self) -> pa.Table:
        return self._space.answer(query("written"), {"low": 0, "high": -1})

    def _written(self, added: int | None, removed: int | None, files: list[str]) -> Written:
        return Written(self._tally.customers, self._tally.rows, added, removed, files)


class _Tally:
    """The number of rows and customers, of rows that are sorted by customer."""

    def __init__(self) -> None:
        self.customers = self.rows = 0
        self._last: object = None

    def add(self, rows: pa.Table) -> None:
        if not len(rows):
            return
        ids = rows[CUSTOMER]
        self.rows += len(rows)
        self.customers += len(ids.unique()) - (ids[0].as_py() == self._last)
        self._last = ids[-1].as_py()


def _mark(place: Path) -> None:
    """Write the file that marks a folder as one of rfm, which may be replaced."""
    empty = pa.table({"list": pa.array([], pa.string())})
    write(empty.to_batches(), empty.schema, place / "marker.parquet", private=True)
    (place / "marker.parquet").rename(place / MARKER)
    sync(place)
