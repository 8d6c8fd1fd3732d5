"""Read the identifiers of an earlier list, to find what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from rfm_engine.activation.audiences.csv_files import csv_rows, parts_of
from rfm_engine.activation.audiences.platform import CUSTOMER, IDENTIFIERS, Column, Platform
from rfm_engine.activation.audiences.rows import written_ids
from rfm_engine.errors import DataError, UsageError
from rfm_engine.kernels.arrays import arrow, whole
from rfm_engine.options.messages import message
from rfm_engine.query.id_values import plain_ids

LIST = "list.csv"
"""The file of the whole list in the folder of a list with changes."""
_SCHEMA = pa.schema([("rank", pa.int64()), *((name, pa.binary()) for name in IDENTIFIERS)])
_PARQUET = ".parquet"
_TABLES = (_PARQUET, ".arrow")
_FILE_MARK = b"ARROW1"
_HEX = r"^[0-9a-f]{64}$"


def previous_pieces(
    place: Path | None, platform: Platform, kind: pa.DataType
) -> Iterator[pa.Table]:
    """Yield the identifiers of an earlier list: `rank` and those of `IDENTIFIERS` as bytes.

    Without a list the only piece has no rows.

    Raises
    ------
    UsageError
        The list is of another platform or has other columns.
    DataError
        A row is not one that rfm wrote.
    """
    yield _SCHEMA.empty_table()
    if place is None:
        return
    n_rows = 0
    for number, columns in enumerate(_columns(place, platform, kind)):
        n_piece = len(next(iter(columns.values())))
        found = {"rank": arrow(np.arange(n_rows, n_rows + n_piece))}
        for name in IDENTIFIERS:
            rule = platform.identifier(name)
            if rule is None:
                found[name] = pa.nulls(n_piece, pa.binary())
            else:
                found[name] = _bytes(columns[rule], rule, number)
        n_rows += n_piece
        yield pa.table(found, schema=_SCHEMA)


def _columns(
    place: Path, platform: Platform, kind: pa.DataType
) -> Iterator[dict[Column, pa.Array]]:
    """Yield the values of identifiers, as text or as bytes."""
    if place.is_dir():
        place = place / LIST
    ending = place.suffix.lower()
    if ending in _TABLES:
        yield from _of_table(place, platform, kind)
    elif ending == ".csv":
        for file in (place, *parts_of(place)):
            yield from _of_csv(file, platform)
    else:
        raise UsageError(
            message(
                "{diff} must be a .csv, .parquet or .arrow file or a folder that rfm audience "
                "wrote; got {!r}. Give an earlier output.",
                str(place),
            )
        )


def _of_csv(place: Path, platform: Platform) -> Iterator[dict[Column, pa.Array]]:
    headers = [each.header for each in platform.columns]
    line = bytes(csv_rows([pa.array([each]) for each in headers])[0])
    names = [f"c{n}" for n in range(len(headers))]
    try:
        with place.open("rb") as file:
            if file.read(len(line)) != line:
                raise _other_list(place, platform)
        with arrow_csv.open_csv(
            place,
            read_options=arrow_csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=1, block_size=1 << 23
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        ) as reader:
            for batch in reader:
                yield {
                    rule: batch.column(f"c{platform.columns.index(rule)}")
                    for rule in platform.identifiers
                }
    except FileNotFoundError:
        raise _other_list(place, platform) from None
    except pa.ArrowInvalid:  # its message has the row
        raise DataError(
            message("rows of {diff} must be as rfm audience wrote them; got others. Give one.")
        ) from None


def _of_table(
    place: Path, platform: Platform, kind: pa.DataType
) -> Iterator[dict[Column, pa.Array]]:
    headers = [rule.header for rule in platform.identifiers]
    opened = _parquet_batches if place.suffix.lower() == _PARQUET else _arrow_batches
    try:
        for batch in opened(place, headers):
            found = {}
            for rule in platform.identifiers:
                column = batch.column(rule.header)
                if rule.field == CUSTOMER:
                    if column.type != kind:
                        raise _other_list(place, platform)
                    column = written_ids(whole(pa.chunked_array([plain_ids(column)])), kind)
                found[rule] = column
            yield found
    except (pa.ArrowInvalid, KeyError, OSError):  # no such table, or without these columns
        raise _other_list(place, platform) from None


def _parquet_batches(place: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(place) as file:
        _check_names(file.schema_arrow, names)
        yield from file.iter_batches(columns=names)


def _arrow_batches(place: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a file, or of a stream that was written to a file."""
    with pa.memory_map(str(place)) as source:
        if source.read(len(_FILE_MARK)) == _FILE_MARK:
            file = pa.ipc.open_file(source)
            batches = map(file.get_batch, range(file.num_record_batches))
        else:
            source.seek(0)
            batches = file = pa.ipc.open_stream(source)
        _check_names(file.schema, names)
        for batch in batches:
            yield batch.select(names)


def _check_names(schema: pa.Schema, names: Sequence[str]) -> None:
    for name in names:
        schema.field(name)  # raises KeyError without it


def _other_list(place: Path, platform: Platform) -> UsageError:
    headers = ", ".join(each.header for each in platform.columns)
    return UsageError(
        message(
            "{diff} must be a list of {platform} {} with the columns {}; got {!r}, which is none. "
            "Give an earlier output of the same kind.",
            platform.name, headers, str(place),
        )
    )  # fmt: skip


def _bytes(values: pa.Array, rule: Column, number: int) -> pa.Array:
    import pyarrow.compute as pc

    if not rule.hashed:
        return values.cast(pa.binary())
    is_hash = pc.match_substring_regex(values, _HEX)
    if not pc.all(is_hash).as_py() and pc.any(pc.invert(is_hash)).as_py():
        raise DataError(
            message(
                "column {} of {diff} must have SHA-256 hashes; got another value in piece {}. Give "
                "a list that rfm audience wrote.",
                rule.header, number + 1,
            )
        )  # fmt: skip
    kept = values.drop_null()
    data = pa.py_buffer(bytes.fromhex("".join(kept.to_pylist())))
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    ends = np.zeros(len(values) + 1, np.int32)
    np.cumsum(valid * np.int32(32), out=ends[1:])
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(), len(values), [bits, pa.py_buffer(ends), data])
