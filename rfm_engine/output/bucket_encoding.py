"""Encode the rows of a bucket as a row group."""

from __future__ import annotations

import pyarrow as pa

from rfm_engine.output.bucket_slots import Rows
from rfm_engine.output.words import Words
from rfm_engine.parquet.pages import (
    Pages,
    RowGroup,
    Scratch,
    arrow_pages,
    number_pages,
    place_pages,
)


def encoded(rows: Rows, schema: pa.Schema, words: Words, scratch: Scratch) -> RowGroup:
    """Encode rows.

    Parameters
    ----------
    rows
        The rows.
    schema
        The names and types of their columns.
    words
        The dictionaries of text columns.
    scratch
        Memory for the pages. They are valid until it is used for the next row group.
    """
    scratch.begin()
    leaves: dict[str, list[Pages]] = {}
    for name, (numbers, valid) in rows.numbers.items():
        if name in rows.n_words:
            dictionary = words.page(schema.get_field_index(name), rows.n_words[name])
            own = place_pages(name, numbers, valid, dictionary)
        else:
            own = number_pages(name, numbers, valid, scratch)
        leaves[name] = [own]
    for name, first in rows.same.items():
        leaves[name] = [leaves[first][0].renamed(name)]
    others = [field for field in schema if field.name not in leaves]
    if others:
        columns = [pa.chunked_array(rows.others[field.name], field.type) for field in others]
        table = pa.Table.from_arrays(columns, schema=pa.schema(others))
        for leaf in arrow_pages(table, scratch):
            leaves.setdefault(leaf.path[0].decode(), []).append(leaf)
    return RowGroup(rows.n_rows, [leaf for name in schema.names for leaf in leaves[name]])
