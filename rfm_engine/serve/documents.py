"""Answers about all customers: segments, their customers by page, and the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rfm_engine.errors import shown
from rfm_engine.options.messages import message
from rfm_engine.serve.answers import answer, tagged_answer
from rfm_engine.serve.http_error import HttpError, bad_request
from rfm_engine.serve.json_text import json_text
from rfm_engine.serve.members import MOST_MEMBERS, Wanted, members_of
from rfm_engine.serve.requests import listed_fields, path_bytes, query_of
from rfm_engine.serve.view import View, group_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_HTML = "text/html; charset=utf-8"
# The page has a stricter policy of its own; this one also keeps other sites from framing it.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)


class Documents:
    """Answers requests about all customers of a snapshot.

    Parameters
    ----------
    view
        Returns what is served now. Each answer calls it once, and so never mixes two snapshots.
    has_lists
        Whether customers of a segment are listed.
    """

    def __init__(self, view: Callable[[], View], *, has_lists: bool) -> None:
        self._view = view
        self._has_lists = has_lists

    async def segments(self, request: Request) -> Response:
        """Return the segments and their totals."""
        query_of(request, ())
        view = self._view()
        return tagged_answer(request, view.segments, view.tag)

    async def members(self, request: Request) -> Response:
        """Return a page of the customers of a segment, in the order of their ids."""
        from starlette.concurrency import run_in_threadpool

        if not self._has_lists:
            raise HttpError(
                403,
                "no_lists",
                message(
                    "lists of customers must be turned on; got a service without them. "
                    "Start it with {lists:True}."
                ).typed,
            )
        query = query_of(request, ("after", "limit", "fields", "group"))
        view = self._view()
        name = path_bytes(request, "name").decode(errors="replace")
        if name not in {each.name for each in view.snapshot.scheme.segments}:
            raise HttpError(
                404,
                "unknown_segment",
                f"segment must be one of GET /v1/segments; got {shown(name)}. Correct it.",
            )
        text = await run_in_threadpool(_page, view, name, query)
        return tagged_answer(request, text, view.tag)

    async def report(self, request: Request) -> Response:
        """Return the report page."""
        query_of(request, ())
        page = self._view().served.report
        if page is None:
            raise _no_report("page", "report.html")
        return answer(page, {"content-security-policy": _PAGE_POLICY}, media_type=_HTML)

    async def report_document(self, request: Request) -> Response:
        """Return the report document."""
        query_of(request, ())
        document = self._view().served.report_json
        if document is None:
            raise _no_report("document", "report.json")
        return answer(document)


def _page(view: View, segment: str, query: dict[str, str]) -> str:
    fields = view.checked_fields(listed_fields(query))
    after = view.id_of(query["after"]) if "after" in query else ...
    group = group_of(view, query)
    wanted = Wanted(segment, after, _limit_of(query), group)
    page = members_of(view.served.lookup, wanted)
    ids = page.rows.column(0).to_pylist()
    groups = None if group is ... else [group] * len(ids)
    table = view.with_moves(page.rows, ids, groups)
    rows = ",".join([view.row_text(row, fields) for row in table.to_pylist()])
    # Always text, because clients in JavaScript would round a large number.
    after = page.next.hex() if isinstance(page.next, bytes) else page.next
    ends = json_text({"segment": segment, "next": None if after is None else str(after)})
    return view.object_of("customers", f"[{rows}],{ends[1:-1]}")


def _limit_of(query: dict[str, str]) -> int:
    text = query.get("limit", "1000")
    digits = text.lstrip("0") if text.isascii() and text.isdecimal() else ""
    # The length first, because Python refuses to read thousands of digits.
    if not 1 <= len(digits) <= len(str(MOST_MEMBERS)) or int(digits) > MOST_MEMBERS:
        raise bad_request(
            f"limit must be a number from 1 to {MOST_MEMBERS:,}; got {shown(text)}. Correct it."
        )
    return int(digits)


def _no_report(what: str, name: str) -> HttpError:
    return HttpError(
        404,
        "no_report",
        message(
            "the service must have a report {}; got none. Start it with {report:{}}.", what, name
        ).typed,
    )
