"""The ledger: all batches and files ever ingested, in files that generations share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfm_engine.kernels.arrays import arrow, arrow_texts
from rfm_engine.state.manifest import (
    LEDGER_ROLE,
    Batch,
    Generation,
    Ledger,
    ListedLedger,
    Manifest,
)
from rfm_engine.state.parts import PartWriter
from rfm_engine.state.store import Current, Store

Marks: TypeAlias = Mapping[str, Sequence[str]]
"""The fingerprints of the files of each batch, by batch id."""

_SCHEMA = pa.schema([("batch", pa.string()), ("fingerprint", pa.string())])
_NOTHING = pa.Table.from_batches([], _SCHEMA)  # `empty_table` would import pandas, 27 MB
# Each file has at least this many times as many rows as the next one. So n rows are in at most
# log2(n) files, and a row is written again about as often: 1 KB per ingest with 100,000 batches.
_RATIO = 2


class KnownBatches:
    """The batches in a ledger, and the fingerprints of their files.

    Raises
    ------
    StateError
        A file of the ledger is missing or damaged.
    """

    def __init__(self, ledger: Ledger | ListedLedger, store: Store | Current) -> None:
        if isinstance(ledger, ListedLedger):
            self._rows = _table(dict(ledger.entries))
        else:
            self._rows = pa.concat_tables(
                [_NOTHING, *(decoded(store.read(file)) for file in ledger.files)]
            )

    def __contains__(self, batch: object) -> bool:
        """Whether a batch with this id was ever ingested."""
        # A comparison with a Python string would import pandas.
        asked = arrow_texts([batch] if isinstance(batch, str) else [])
        return bool(pc.any(pc.is_in(self._rows["batch"], value_set=asked)).as_py())

    @property
    def ids(self) -> list[str]:
        """The ids of all batches, in the order in which they were first ingested."""
        found: list[str] = pc.unique(self._rows["batch"]).to_pylist()
        return found

    def batches_of(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """Return the batch id of each fingerprint; fingerprints that are not known are omitted."""
        column = self._rows["fingerprint"]
        is_asked = pc.is_in(column, value_set=arrow_texts(fingerprints))
        found = self._rows.filter(is_asked)
        return dict(zip(found["fingerprint"].to_pylist(), found["batch"].to_pylist(), strict=True))

    def beginning(self, text: str) -> dict[str, str]:
        """Return the fingerprints that begin with a text, each with the id of its batch."""
        found = self._rows.filter(pc.starts_with(self._rows["fingerprint"], text))
        return dict(zip(found["fingerprint"].to_pylist(), found["batch"].to_pylist(), strict=True))

    def ids_beginning(self, text: str) -> list[str]:
        """Return the ids of batches that begin with a text."""
        found = self._rows["batch"].filter(pc.starts_with(self._rows["batch"], text))
        ids: list[str] = pc.unique(found).to_pylist()
        return ids


def with_batch(
    ledger: Ledger | ListedLedger,
    batch: Batch,
    known: KnownBatches,
    current: Current,
    writing: PartWriter,
) -> Ledger:
    """Return a ledger in files with a batch added; `known` has the contents of the ledger.

    The earlier files of a replaced batch stay known under its id.
    """
    assert isinstance(ledger, Ledger)
    held = known.batches_of(batch.fingerprints)
    fresh = [mark for mark in batch.fingerprints if held.get(mark) != batch.id]
    is_new = batch.id not in known
    if not fresh and not is_new:
        return ledger
    return _extended(ledger, {batch.id: fresh}, int(is_new), current, writing)


def in_files(manifest: Manifest, current: Current, writing: PartWriter) -> Manifest:
    """Return a manifest with all ledgers in files; ledgers of format 1 are written to files.

    A generation shares the files of an older generation, and has one more file with what was added
    since then.
    """
    done: list[tuple[Marks, Ledger]] = []
    generations: list[Generation] = []
    for each in reversed(manifest.generations):
        ledger = each.ledger
        if isinstance(ledger, ListedLedger):
            marks = dict(ledger.entries)
            parts = [pair for pair in done if _is_within(pair[0], marks)]
            before, start = max(parts, key=lambda pair: len(pair[0]), default=({}, Ledger()))
            since = _since(before, marks)
            n_new = len(marks) - len(before)
            ledger = _extended(start, since, n_new, current, writing) if since else start
            done.append((marks, ledger))
        generations.append(each._replace(ledger=ledger))
    return manifest._replace(generations=tuple(reversed(generations)))


def decoded(data: memoryview) -> pa.Table:
    """Read the rows of a file: a batch id and the fingerprint of a file of it, or null.

    Raises
    ------
    ValueError
        The file has other columns.
    """
    table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    if table.schema != _SCHEMA:
        raise ValueError(f"columns {', '.join(table.schema.names)}")
    return table


def _extended(
    ledger: Ledger, marks: Marks, n_new: int, current: Current, writing: PartWriter
) -> Ledger:
    """Write a file with new rows, and merge the last files into it as long as they are small."""
    files = list(ledger.files)
    rows = _table(marks)
    while files and files[-1].n_rows < _RATIO * rows.num_rows:
        rows = pa.concat_tables([decoded(current.read(files.pop())), rows])
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows, sink, row_group_size=rows.num_rows, compression="zstd", use_dictionary=False,
        write_statistics=False, store_schema=False,
    )  # fmt: skip
    file = writing.add(LEDGER_ROLE, 0, [rows.num_rows], memoryview(sink.getvalue()))
    return Ledger(ledger.n_batches + n_new, (*files, file))


def _table(marks: Marks) -> pa.Table:
    """Return one row per batch and file; a batch without files has a null."""
    pairs: list[tuple[str, Any]] = [
        (batch, mark) for batch, own in marks.items() for mark in own or (None,)
    ]
    batches = arrow_texts([batch for batch, _ in pairs])
    fingerprints = arrow_texts([mark or "" for _, mark in pairs])
    if not all(mark for _, mark in pairs):
        valid = np.array([bool(mark) for _, mark in pairs], np.bool_)
        fingerprints = pc.if_else(arrow(valid), fingerprints, pa.nulls(len(pairs), pa.string()))
    return pa.table([batches, fingerprints], schema=_SCHEMA)


def _is_within(part: Marks, whole: Marks) -> bool:
    return all(batch in whole and {*own} <= {*whole[batch]} for batch, own in part.items())


def _since(before: Marks, now: Marks) -> Marks:
    """Return the batches and fingerprints of `now` that `before` does not contain."""
    fresh = {
        batch: [m for m in own if m not in before.get(batch, ())] for batch, own in now.items()
    }
    return {batch: own for batch, own in fresh.items() if own or batch not in before}
