"""Read a sample of CSV files: pieces of text from all parts of each file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rfm_engine.errors import UsageError, shown_value
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.delimiter import EMPTY, guess_delimiter, regular, rows_of
from rfm_engine.guesses.encoding import Encoding
from rfm_engine.guesses.guess import Guess
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.sample import Sample, require_same_columns
from rfm_engine.guesses.times import time_format_of
from rfm_engine.orders.csv_format import DEFAULT_DELIMITER, SPACE, UTF_8, CsvFormat
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.header import named_delimiter
from rfm_engine.orders.sources.recognition import recognise

_PIECE = 1 << 16
_HEAD_PIECES = 8
_SAMPLED_BYTES = 1 << 21
# More text is read for its encoding only: this takes 0.1 s.
_MOST_BYTES = 1 << 28
_COMPRESSION = 8
_NAMES = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    "space": "runs of spaces or tabs",
}


def read_csv_sample(files: Sequence[File], typed: Mapping[str, Any]) -> Sample:
    """Read a sample of CSV files, and guess their encoding and delimiter.

    Raises
    ------
    UsageError
        The first line holds no names of columns, or a typed delimiter or encoding is not valid.
    """
    known = typed.get("csv_delimiter")
    CsvFormat(
        DEFAULT_DELIMITER if known is None else known.replace(r"\t", "\t"),
        encoding=typed.get("csv_encoding") or UTF_8,
    )
    encoding = Encoding()
    found = [list(_runs(file, encoding, _SAMPLED_BYTES // len(files))) for file in files]
    guesses = []
    coded = encoding.guess()
    if "csv_encoding" not in typed:
        guesses.append(coded)
    codec = str(typed.get("csv_encoding") or coded.value or UTF_8)
    texts = [_decoded(runs, codec) for runs in found]
    first = texts[0][0]
    named = named_delimiter(first.encode())
    delimiter = known if named is None else named[0]
    if delimiter is None:
        delimiter = guess_delimiter(first) or DEFAULT_DELIMITER
        is_implied = delimiter == DEFAULT_DELIMITER or (
            delimiter == "\t" and re.search(r"\.tsv(?:\.\w+)?$", files[0].path, re.IGNORECASE)
        )
        reason = f"the fields are separated by {_NAMES[delimiter]}"
        guesses.append(Guess("csv_delimiter", None if is_implied else delimiter, reason))
    delimiter = delimiter.replace(r"\t", "\t")
    columns = _columns(texts, [file.name for file in files], delimiter)
    return Sample(files[0].name, columns, tuple(guesses), delimiter)


def _runs(file: File, encoding: Encoding, most: int) -> Iterator[bytes]:
    """Yield runs of bytes: the begin of the file, then pieces at equal distances."""
    compression = recognise(file).compression
    size = file.filesystem.get_file_info(file.path).size or 0
    step = max(size * (_COMPRESSION if compression else 1) // most, 1)
    run = b""
    with reading(file.name, "readable CSV"), file.open_stream(compression) as stream:
        pieces = iter(lambda: stream.read(_PIECE), b"")
        for number, piece in enumerate(islice(pieces, _MOST_BYTES // _PIECE)):
            if number == 0:
                encoding.begin(piece)
            encoding.add(piece)
            if number < _HEAD_PIECES or step == 1:
                run += piece
                continue
            if run:
                yield run
            run = piece if number % step == 0 else b""
    if run:
        yield run


def _decoded(runs: Sequence[bytes], codec: str) -> list[str]:
    """Return the text of each run; all runs except the first begin and end within a row."""
    if codec == "utf-16" and runs:
        codec = "utf-16-le" if runs[0].startswith(b"\xff\xfe") else "utf-16-be"
    texts = [run.decode(codec, "replace") for run in runs] or [""]
    texts[0] = texts[0].removeprefix("\ufeff").lstrip("\r\n")
    if len(texts) == 1:
        return texts
    return [texts[0].rpartition("\n")[0], *(each.partition("\n")[2] for each in texts[1:])]


def _columns(
    texts: Sequence[Sequence[str]], files: Sequence[str], delimiter: str
) -> tuple[Column, ...]:
    """Return the columns of the first file, with the rows of all files."""
    header: list[str] = []
    rows: list[list[str]] = []
    for file, (head, *others) in zip(files, texts, strict=True):
        named = named_delimiter(head.encode())
        body = head if named is None else head[named[1] :]
        names, *own = rows_of(body, delimiter) or [[]]
        if file is files[0]:
            header = names
            _refuse_missing_header(names, file, delimiter)
        require_same_columns(file, names, files[0], header)
        found = regular(own, len(header))
        for text in others:
            # The last row of a piece may be cut off within its last field.
            found += regular(rows_of(text, delimiter)[:-1], len(header))
        places = range(len(names)) if names == header else [names.index(each) for each in header]
        rows += [[row[place] for place in places] for row in found]
    return tuple(_column(name, [row[i] for row in rows]) for i, name in enumerate(header))


def _column(name: str, fields: list[str]) -> Column:
    values = tuple(None if field in ("", EMPTY) else field for field in fields)
    empty = frozenset(row for row, field in enumerate(fields) if field == EMPTY)
    return Column(name, values, quoted_empty=empty)


def _refuse_missing_header(names: Sequence[str], file: str, delimiter: str) -> None:
    """Refuse a first line of values: with a time or an e-mail address, or mostly numbers."""
    numbers = [name for name in names if re.fullmatch(r"[-+]?[0-9][0-9.,]*", name.strip())]
    values = [name for name in names if name and _is_value(Column("", (name,)))]
    if 2 * len(numbers) >= len(names) > 0:
        values += numbers
    if values:
        raise UsageError(
            f"the first line of {file} must contain the names of the columns; got the value "
            f"{shown_value(values[0])}. Write a line with a name for each of the {len(names)} "
            f"fields before it, such as `{_example(names, delimiter)}`."
        )


def _example(values: Sequence[str], delimiter: str) -> str:
    """Return a first line with as many names as there are values."""
    names = [f"column_{number}" for number in range(1, len(values) + 1)]
    cells = [Column("", (value,)) for value in values]
    free = list(range(len(values)))
    times = [at for at in free if time_format_of(cells[at]) is not None]
    times.sort(key=lambda at: not _is_value(cells[at]))
    numbers = [at for at in reversed(free) if written_numbers(cells[at]) is not None]
    numbers.sort(key=lambda at: "." not in values[at] and "," not in values[at])
    who = sorted(free, key=lambda at: not cells[at].are_emails)
    for name, places in (("order_time", times), ("amount", numbers), ("customer_id", who)):
        found = next((at for at in places if at in free), None)
        if found is not None:
            names[found] = name
            free.remove(found)
    return (" " if delimiter == SPACE else delimiter).join(names)


def _is_value(cell: Column) -> bool:
    if cell.are_emails:
        return True
    found = time_format_of(cell)
    return found is not None and not found.is_number
