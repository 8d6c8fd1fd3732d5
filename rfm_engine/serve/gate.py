"""The checks before routing: access, length of the path, requests at one time; and counting."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from rfm_engine.serve.access import Access
from rfm_engine.serve.answers import error_answer
from rfm_engine.serve.http_error import HttpError
from rfm_engine.serve.metrics import Metrics
from rfm_engine.serve.shortcut import Shortcut

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_PATH_BYTES = 1_024
MOST_REQUESTS = 256
OPEN_PATHS = ("/healthz", "/readyz")
"""They say nothing about customers, and those who watch a service need no token."""


class Gate:
    """ASGI middleware that refuses what no route should see, and counts answers.

    Routes get the path as the client wrote it, percent-encoded. Otherwise the customer `a/explain`
    could not be told from the explanation of the customer `a`.

    Parameters
    ----------
    app
        What answers requests.
    access
        Who may read.
    metrics
        Counts requests by status.
    shortcut
        Answers most requests for one customer, in place of `app`.
    on_request
        Is called before each request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        metrics: Metrics,
        shortcut: Shortcut,
        on_request: Callable[[], None],
    ) -> None:
        self._app = app
        self._shortcut = shortcut
        self._access = access
        self._metrics = metrics
        self._on_request = on_request
        self._n_running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; pass on events of other kinds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._on_request()
        path = _encoded_path(scope)
        inner = {**scope, "path": path, "root_path": "", "rfm.started_ns": perf_counter_ns()}
        sent = self._counted(send, without_body=scope["method"] == "HEAD")
        refusal = None if path in OPEN_PATHS else self._refusal(inner)
        if refusal is not None:
            await error_answer(refusal)(inner, receive, sent)
            return
        self._n_running += 1
        has_failed = True
        try:
            if not await self._shortcut.answered(inner, sent):
                await self._app(inner, receive, sent)
            has_failed = False
        finally:
            self._n_running -= 1
            if has_failed:  # the answer to a bug does not come through here
                self._metrics.count_request(500)

    def _refusal(self, scope: Scope) -> HttpError | None:
        if self._n_running >= MOST_REQUESTS:
            return _too_many()
        if len(scope["path"]) > MOST_PATH_BYTES or len(scope["query_string"]) > MOST_PATH_BYTES:
            return _too_long()
        return self._access.refusal(scope["headers"])

    def _counted(self, send: Send, *, without_body: bool) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count_request(message["status"])
            elif without_body:
                message = {**message, "body": b""}
            await send(message)

        return counted


def _encoded_path(scope: Scope) -> str:
    """Return the path below the place where the application is mounted, percent-encoded."""
    raw: Any = scope.get("raw_path")
    if raw is None:  # servers may leave it out
        path = quote(scope["path"], safe="/%")
    else:
        path = raw.partition(b"?")[0].decode("latin-1")
    root, outer = (
        unquote(scope.get(name, "")).rstrip("/") for name in ("root_path", "app_root_path")
    )
    # A proxy may have removed its prefix, `outer`, which is in `root` but then not in the path.
    for place in (root, root.removeprefix(outer)):
        if place and f"{unquote(path)}/".startswith(f"{place}/"):
            # The client may encode the place in other ways, so its parts are counted.
            return "/" + "/".join(path.split("/")[1 + place.count("/") :])
    return str(path)


def _too_many() -> HttpError:
    return HttpError(
        503,
        "busy",
        f"requests at one time must be at most {MOST_REQUESTS}; got more. Try again.",
        {"retry-after": "1"},
    )


def _too_long() -> HttpError:
    return HttpError(
        414,
        "path_too_long",
        f"path and query must each have at most {MOST_PATH_BYTES:,} bytes; got more. "
        "Send ids in the body of POST /v1/customers.",
    )
