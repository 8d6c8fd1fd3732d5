"""Digests of answers, which are equal for equal answers of any types, files and order of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.bench.work import COLUMNS
from rfm_engine.kernels.arrays import frozen, values
from rfm_engine.kernels.types import Words
from rfm_engine.orders.hashing import HashKey, hash_words
from rfm_engine.orders.keys import keys_of

_BATCH_ROWS = 1 << 17
_MONEY = pa.decimal64(18, 2)


class Answer(NamedTuple):
    """Exact totals of an answer, and for each column the sum of a hash of (customer, value)."""

    customers: int
    orders: int
    monetary_minor: int
    columns: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the answer as it is saved in JSON."""
        sums = {name: f"{total:016x}" for name, total in self.columns.items()}
        return self._asdict() | {"columns": sums}


def read_answer(path: Path) -> Answer:
    """Digest an answer: a Parquet file, a folder of them, or an Arrow file."""
    return digest(batches_of(path))


def digest(batches: Iterable[pa.RecordBatch]) -> Answer:
    """Add up an answer batch by batch, with one batch in memory.

    The order of rows does not matter, because sums commute. If the customers are distinct, two
    answers with equal sums of columns are equal, except for a probability of 2^-64 per column.
    """
    customers = orders = money = 0
    sums = dict.fromkeys(COLUMNS, 0)
    for batch in batches:
        ids = hash_ids(batch["customer_id"])
        sums["customer_id"] += _sum(ids)
        for number, name in enumerate(COLUMNS[1:], start=1):
            words = value_words(name, batch[name])
            sums[name] += _sum(_mixed(ids ^ _mixed(words, number), number))
        customers += batch.num_rows
        orders += int(value_words("frequency", batch["frequency"]).view(np.int64).sum())
        money += int(value_words("monetary", batch["monetary"]).view(np.int64).sum())
    return Answer(customers, orders, money, {name: total % 2**64 for name, total in sums.items()})


def batches_of(path: Path) -> Iterator[pa.RecordBatch]:
    """Read an answer in batches."""
    for file in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
        with pa.OSFile(str(file)) as source:
            if source.read(4) == b"PAR1":
                with pq.ParquetFile(source, pre_buffer=False) as parquet:
                    yield from parquet.iter_batches(_BATCH_ROWS, columns=list(COLUMNS))
            else:
                source.seek(0)
                with pa.ipc.open_file(source) as arrow:
                    for number in range(arrow.num_record_batches):
                        yield from _cut(arrow.get_batch(number))


def hash_ids(ids: pa.Array) -> Words:
    """Hash customer ids to 64 bits; a uuid is hashed as its 16 bytes."""
    if isinstance(ids, pa.DictionaryArray):
        ids = ids.dictionary_decode()
    return keys_of(ids).hash(HashKey.from_int(0))


def value_words(name: str, column: pa.Array) -> Words:
    """Return a column as 64-bit words: microseconds, days, counts, cents, or hashed names."""
    if column.null_count:
        raise TypeError(f"{name}: null")
    if name == "customer_id":
        return hash_ids(column)
    if name == "segment":
        return _name_words(column)
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz)).view(pa.int64())
    elif pa.types.is_decimal(kind):
        column = column.cast(_MONEY).view(pa.int64())
    elif not pa.types.is_integer(kind):
        raise TypeError(f"{name}: {kind}")
    return values(column.cast(pa.int64()), np.int64).view(np.uint64)


def _name_words(column: pa.Array) -> Words:
    coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    names = keys_of(coded.dictionary.cast(pa.large_string())).hash(HashKey.from_int(0))
    words: Words = names[values(coded.indices.cast(pa.int64()), np.int64)]
    return words


def _mixed(words: Words, number: int) -> Words:
    return hash_words(frozen(words), HashKey.from_int(number))


def _sum(words: Words) -> int:
    return int(np.add.reduce(words))


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, _BATCH_ROWS):
        yield batch.select(list(COLUMNS)).slice(start, _BATCH_ROWS)
