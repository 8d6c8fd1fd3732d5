"""Answers about customers: one, many, and why one has its segment."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rfm_engine.result.explanation import explain_row
from rfm_engine.serve.answers import ARROW_STREAM, JSON, answer, tagged_answer
from rfm_engine.serve.http_error import HttpError, bad_request
from rfm_engine.serve.json_text import json_text
from rfm_engine.serve.metrics import Metrics
from rfm_engine.serve.requests import (
    Batch,
    batch_of,
    listed_fields,
    path_bytes,
    query_of,
    wants_arrow,
)
from rfm_engine.serve.view import View, group_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


class Customers:
    """Answers requests about customers whose ids are known.

    Parameters
    ----------
    view
        Returns what is served now. Each answer calls it once, and so never mixes two snapshots.
    metrics
        Counts the customers.
    """

    def __init__(self, view: Callable[[], View], metrics: Metrics) -> None:
        self._view = view
        self._metrics = metrics

    async def one(self, request: Request) -> Response:
        """Return the row of one customer."""
        view = self._view()
        try:
            query = query_of(request, ("fields", "group"))
            fields = view.checked_fields(listed_fields(query))
            row = self._row(view, request, query)
            return tagged_answer(request, view.dated_row(row, fields), view.tag)
        finally:
            self._metrics.time_lookup(perf_counter_ns() - request.scope["rfm.started_ns"])

    async def many(self, request: Request) -> Response:
        """Return the rows of many customers, in the order of the request."""
        from starlette.concurrency import run_in_threadpool

        query_of(request, ())
        is_arrow = wants_arrow(request)
        batch = await batch_of(request)
        # Other requests go on meanwhile: a thousand customers take some milliseconds.
        body, n_found = await run_in_threadpool(_rows_of, self._view(), batch, is_arrow)
        self._metrics.count_lookups(n_found, len(batch.ids) - n_found)
        kind = ARROW_STREAM if is_arrow else JSON
        return answer(body, {"vary": "accept"}, media_type=kind)

    async def explanation(self, request: Request) -> Response:
        """Return why a customer has its scores and its segment."""
        view = self._view()
        query = query_of(request, ("group",))
        by = view.snapshot.options["by"]
        population = view.snapshot if by is None else view.snapshot.overall
        if population is None or (by is not None and "group" in query):
            raise bad_request(
                "a customer must be explained among all customers, because the cut points of "
                "groups are not in the file; got scores within groups. Use rfm explain.",
                "not_explained",
            )
        row = self._row(view, request, query)
        story = explain_row(population, {name: row[name] for name in row if name != by})
        about = story._asdict() | {
            "axes": [each._asdict() for each in story.axes],
            "near": [each._asdict() for each in story.near],
        }
        return tagged_answer(request, json_text(dict(view.dates) | about), view.tag)

    def _row(self, view: View, request: Request, query: dict[str, str]) -> dict[str, Any]:
        who = view.id_of(path_bytes(request, "id"))
        row = view.row(who, group_of(view, query))
        self._metrics.count_lookups(row is not None, row is None)
        if row is None:
            raise HttpError(
                404,
                "unknown_customer",
                "customer must be in the snapshot; got another id. Check the id.",
            )
        return row


def _rows_of(view: View, batch: Batch, is_arrow: bool) -> tuple[bytes, int]:  # noqa: FBT001
    """Return the answer about many customers, and how many are known."""
    fields = view.checked_fields(batch.fields)
    ids = [view.id_of(each) for each in batch.ids]
    groups = batch.groups
    if groups is not None:
        groups = [None if each is None else view.id_of(each, 1) for each in groups]
    table = view.table(ids, groups)
    is_known = table.column(0).is_valid().to_pylist()
    if is_arrow:
        return _stream_of(table if fields is None else table.select(fields), view), sum(is_known)
    rows = [
        view.row_text(row, fields) if known else "null"
        for row, known in zip(table.to_pylist(), is_known, strict=True)
    ]
    return view.object_of("customers", f"[{','.join(rows)}]").encode(), sum(is_known)


def _stream_of(table: pa.Table, view: View) -> bytes:
    """Return a table as an Arrow stream; its metadata are the dates."""
    dates = {name: str(value) for name, value in view.dates if value is not None}
    table = table.replace_schema_metadata(dates)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
