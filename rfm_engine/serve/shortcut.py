"""The most frequent request, for one customer and nothing else, answered without Starlette.

Routing, the request and the response of Starlette take as long as the look-up itself.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from rfm_engine.errors import DataError, UsageError
from rfm_engine.serve.http_error import HttpError
from rfm_engine.serve.metrics import Metrics
from rfm_engine.serve.view import View

if TYPE_CHECKING:
    from starlette.types import Scope, Send

_PREFIX = "/v1/customers/"


class Shortcut:
    """Answers `GET /v1/customers/{id}` for known customers, as the route does.

    Parameters
    ----------
    view
        Returns what is served now.
    metrics
        Counts the customers.
    """

    def __init__(self, view: Callable[[], View], metrics: Metrics) -> None:
        self._view = view
        self._metrics = metrics

    async def answered(self, scope: Scope, send: Send) -> bool:
        """Answer a request, or return false: then a route must answer it, for example an error."""
        path = scope["path"]
        if not path.startswith(_PREFIX) or scope["query_string"] or scope["method"] != "GET":
            return False
        id_text = path[len(_PREFIX) :]
        if "/" in id_text or b"if-none-match" in dict(scope["headers"]):
            return False
        view = self._view()
        try:
            text = view.text_of(view.id_of(unquote_to_bytes(id_text.encode("latin-1"))))
        except (HttpError, UsageError, DataError):
            return False
        if text is None:
            return False
        body = text.encode()
        length = (b"content-length", b"%d" % len(body))
        self._metrics.count_lookups(1, 0)
        self._metrics.time_lookup(perf_counter_ns() - scope["rfm.started_ns"])
        headers = [length, *view.headers]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True
