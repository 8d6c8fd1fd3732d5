"""Answers for those who operate the service: alive, ready, counters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from rfm_engine.serve.access import Access
from rfm_engine.serve.answers import answer
from rfm_engine.serve.json_text import json_text
from rfm_engine.serve.metrics import Metrics
from rfm_engine.serve.readiness import Readiness
from rfm_engine.serve.view import View

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_FIRST_DAY = date(1970, 1, 1)
_DAY_SECONDS = 86_400
_OF_NOW = {"cache-control": "no-store"}


class Health:
    """Answers requests about the service itself.

    Parameters
    ----------
    view
        Returns what is served now.
    access
        Who may read. All may ask whether the service is ready, but only those learn why not.
    """

    def __init__(
        self, view: Callable[[], View], access: Access, metrics: Metrics, readiness: Readiness
    ) -> None:
        self._view = view
        self._access = access
        self._metrics = metrics
        self._readiness = readiness

    async def alive(self, request: Request) -> Response:  # noqa: ARG002 - Starlette passes it
        """Return that the process answers."""
        return answer('{"alive":true}', _OF_NOW)

    async def ready(self, request: Request) -> Response:
        """Return whether the newest files are served and are young enough."""
        reason = self._readiness.reason()
        if reason is None:
            return answer('{"ready":true}', _OF_NOW)
        may_read = self._access.refusal(request.scope["headers"]) is None
        about = {"ready": False} | ({"reason": reason} if may_read else {})
        return answer(json_text(about), _OF_NOW, status=503)

    async def counters(self, request: Request) -> Response:  # noqa: ARG002 - Starlette passes it
        """Return the counters in the text format of Prometheus."""
        view = self._view()
        as_of = view.snapshot.as_of
        seconds = 0 if as_of is None else (as_of - _FIRST_DAY).days * _DAY_SECONDS
        written = int(view.served.written)
        gauges = {
            "rfm_customers": ("Customers in the snapshot.", view.snapshot.n_customers),
            "rfm_as_of_seconds": ("Date of analysis, in seconds since 1970.", seconds),
            "rfm_written_seconds": ("When the file was written, in seconds since 1970.", written),
            "rfm_ready": ("1 if the service is ready.", int(self._readiness.reason() is None)),
        }
        text = self._metrics.text(self._readiness.n_swaps, gauges)
        return answer(text, _OF_NOW, media_type=_PROMETHEUS)
