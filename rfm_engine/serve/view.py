"""What the service shows of one version of its files; made once per version."""

from __future__ import annotations

from binascii import unhexlify
from functools import cached_property
from hashlib import sha256
from typing import Any

import pyarrow as pa

from rfm_engine.errors import did_you_mean, shown
from rfm_engine.serve.answers import headers_of
from rfm_engine.serve.http_error import bad_request
from rfm_engine.serve.json_text import json_key, json_object, json_text
from rfm_engine.serve.snapshots import Served, Snapshots

MOVES = ("previous_segment", "changed")
"""Columns that compare a row with an earlier snapshot; they replace those of a history."""
_OF_SUMMARY = ("as_of", "customers", "customers_without_orders", "counted", "cuts", "segments")


class View:
    """One version of the files, and texts of it that many answers need.

    Attributes
    ----------
    served
        The files.
    tag
        The entity tag of all answers: it is different for each version of the files.
    headers
        The headers of answers with this tag, except for their length.
    """

    def __init__(self, served: Served) -> None:
        self.served = served
        self._lookup, self._before = served.lookup, served.before
        self.snapshot = served.lookup.snapshot
        tags = [each.tag for each in (served.lookup, served.before) if each is not None]
        self.tag = f'"{sha256(" ".join(tags).encode()).hexdigest()[:24]}"'
        self.headers = headers_of(self.tag)
        self._is_binary = [pa.types.is_binary(kind) for kind in served.lookup.schema.types[:2]]
        moves = {} if served.before is None else dict.fromkeys(MOVES)
        names = dict.fromkeys(served.lookup.schema.names) | moves
        self._keys = {name: json_key(name) for name in names}
        self._dates = ",".join(f"{json_key(key)}{json_text(value)}" for key, value in self.dates)

    @property
    def dates(self) -> list[tuple[str, object]]:
        """The dates of the snapshots, by name in answers."""
        own: list[tuple[str, object]] = [("as_of", self.snapshot.as_of)]
        return own if self._before is None else [*own, ("previous_as_of", self._before.as_of)]

    def dated_row(self, row: dict[str, Any], fields: list[str] | None) -> str:
        """Return a row and the dates as one object of JSON."""
        return f"{self.row_text(row, fields)[:-1]},{self._dates}}}"

    def text_of(self, who: Any) -> str | None:
        """Return the row of a customer and the dates as JSON text, or None.

        Raises
        ------
        UsageError
            The id is not a value of its column, or a group must be given.
        """
        if self._before is None:
            text = self._lookup.get_json(who)
            return None if text is None else f"{text[:-1]},{self._dates}}}"
        row = self.row(who, ...)
        return None if row is None else self.dated_row(row, None)

    def object_of(self, name: str, content: str) -> str:
        """Return an answer: an object with the dates, and content that is JSON text."""
        return f'{{{self._dates},"{name}":{content}}}'

    def id_of(self, raw: bytes | str | int, column: int = 0) -> Any:
        """Return an id or group of a request in the form that `Lookup` takes.

        Bytes are from a URL. Ids of binary columns are hexadecimal text.

        Raises
        ------
        HttpError
            It is not UTF-8, or not hexadecimal.
        """
        try:
            text = raw.decode() if isinstance(raw, bytes) else raw
        except UnicodeDecodeError:
            raise bad_request("id must be UTF-8; got other bytes. Percent-encode UTF-8.") from None
        if not isinstance(text, str) or not self._is_binary[column]:
            return text
        try:
            return unhexlify(text)  # unlike bytes.fromhex, it refuses spaces
        except ValueError:
            raise bad_request(
                f"{'group' if column else 'id'} must be hexadecimal, because its column has bytes; "
                f"got {shown(text)}. Give each byte as two digits."
            ) from None

    def row(self, who: Any, group: Any) -> dict[str, Any] | None:
        """Return the row of a customer as a dictionary, or None.

        Raises
        ------
        UsageError
            The id or the group is not a value of its column.
        """
        row = self._lookup.get(who, group)
        if row is None or self._before is None:
            return row
        before = self._before.get(who, group)
        return row | _moved(row["segment"], None if before is None else before["segment"])

    def table(self, ids: list[Any], groups: list[Any] | None) -> pa.Table:
        """Return the rows of customers as a table; unknown customers have only nulls.

        Raises
        ------
        UsageError
            An id or a group is not a value of its column.
        """
        return self.with_moves(self._lookup.get_many(ids, groups), ids, groups)

    def with_moves(self, table: pa.Table, ids: list[Any], groups: list[Any] | None) -> pa.Table:
        """Return rows of customers with the columns that compare them with the earlier snapshot."""
        if self._before is None:
            return table
        segments = table["segment"].to_pylist()
        earlier = self._before.get_many(ids, groups)["segment"].to_pylist()
        is_known = table.column(0).is_valid().to_pylist()
        moved = [
            _moved(*each) if known else dict.fromkeys(MOVES)
            for *each, known in zip(segments, earlier, is_known, strict=True)
        ]
        kinds = pa.schema(zip(MOVES, (pa.string(), pa.bool_()), strict=True))
        added = pa.Table.from_pylist(moved, kinds)
        for name in MOVES:
            place = table.schema.get_field_index(name)
            if place < 0:
                table = table.append_column(name, added[name])
            else:
                table = table.set_column(place, name, added[name])
        return table

    def checked_fields(self, given: list[str] | None) -> list[str] | None:
        """Return the columns that a request asks for, each once; None is all.

        Raises
        ------
        HttpError
            There is no such column.
        """
        for name in given or ():
            if name not in self._keys:
                raise bad_request(
                    f"fields must be columns of the customers; got {shown(name)}. "
                    + did_you_mean(name, self._keys, "Leave it out."),
                    "unknown_field",
                )
        return given and list(dict.fromkeys(given))

    def row_text(self, row: dict[str, Any], fields: list[str] | None) -> str:
        """Return a row as JSON text."""
        if fields is None:
            return json_object(self._keys.values(), row.values())
        return json_object([self._keys[name] for name in fields], [row[name] for name in fields])

    @cached_property
    def segments(self) -> str:
        """The segments and their totals, as JSON text."""
        summary = self.snapshot.summary()
        more = [key for key in ("facts", "overall") if key in summary]
        return json_text({key: summary[key] for key in (*_OF_SUMMARY, *more)})


class Views:
    """Returns the view of the newest files; it is made again only when they change."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._view = View(snapshots.current)

    def __call__(self) -> View:
        """Return the view."""
        served = self._snapshots.current
        if self._view.served is not served:
            self._view = View(served)
        return self._view


def group_of(view: View, query: dict[str, str]) -> Any:
    """Return the group in a query as `Lookup` takes it: `...` if none is given."""
    return view.id_of(query["group"].encode(), 1) if "group" in query else ...


def _moved(now: str, then: str | None) -> dict[str, Any]:
    return dict(zip(MOVES, (then, now != then), strict=True))
