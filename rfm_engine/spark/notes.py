"""Notes: rows that tell the driver something, between the rows of customers.

Spark passes only rows from one stage to the next. A row with a note has no customer; the note is
one JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, Protocol

import pyarrow as pa

from rfm_engine.errors import DataError, Message, RfmError, StateError, UsageError

NOTE = "note"
"""The last column of the rows between stages: the text of a note; null in a row of a customer."""
NOTES = pa.schema([(NOTE, pa.string())])
ERROR = "error"
_ERRORS = {each.__name__: each for each in (RfmError, UsageError, DataError, StateError)}

Batches = Iterable[pa.RecordBatch]


class Stage(Protocol):
    """Work on the rows of a partition, in a Python process of Spark."""

    @property
    def schema(self) -> pa.Schema:
        """The columns that it makes."""

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield rows."""


def with_notes(schema: pa.Schema) -> pa.Schema:
    """Return a schema with the column of notes."""
    return schema.append(NOTES.field(0))


def without_note(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows of customers with an empty column of notes; `schema` is that with notes."""
    columns = [*batch.columns, pa.nulls(batch.num_rows, pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def note_rows(notes: Iterable[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows of notes; `schema` is that with notes."""
    return texts_as_rows([json.dumps(note) for note in notes], schema)


def texts_as_rows(texts: list[str], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows of notes that are already text."""
    others = [pa.nulls(len(texts), field.type) for field in schema][:-1]
    return pa.RecordBatch.from_arrays([*others, pa.array(texts, pa.string())], schema=schema)


def separated(batches: Batches, texts: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of customers without the column of notes; add the notes to `texts`."""
    for batch in batches:
        notes = batch.column(batch.num_columns - 1)
        rows = batch.select(range(batch.num_columns - 1))
        if notes.null_count < len(notes):
            texts += notes.drop_null().to_pylist()
            rows = rows.filter(notes.is_null())
        yield rows


def telling_errors(
    work: Callable[[Batches], Iterator[pa.RecordBatch]], schema: pa.Schema, batches: Batches
) -> Iterator[pa.RecordBatch]:
    """Yield what a stage makes of batches; if it raises an error of ours, a note of the error.

    Spark would try a failing task again, and then show the stack of the Java machine.
    """
    waiting = iter(batches)
    try:
        yield from work(waiting)
    except RfmError as error:
        for _ in waiting:  # Spark expects that a stage reads all of its rows
            pass
        name = next(each.__name__ for each in type(error).__mro__ if each.__name__ in _ERRORS)
        yield note_rows([{ERROR: [name, str(error), error.typed]}], schema)


def read_notes(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Read notes.

    Raises
    ------
    RfmError
        A note is that of an error. It has the class and the message of the error.
    """
    notes = [json.loads(text) for text in texts]
    errors = sorted(note[ERROR] for note in notes if ERROR in note)
    if errors:
        _raise(*errors[0])
    return notes


def _raise(name: str, text: str, typed: str) -> NoReturn:
    raise _ERRORS[name](Message(text, typed))
