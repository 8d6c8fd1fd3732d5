"""The addresses of the service, and its answers to requests that fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rfm_engine.errors import DataError, UsageError
from rfm_engine.serve.access import Access
from rfm_engine.serve.answers import error_answer
from rfm_engine.serve.customers import Customers
from rfm_engine.serve.documents import Documents
from rfm_engine.serve.health import Health
from rfm_engine.serve.http_error import HttpError, bad_request
from rfm_engine.serve.metrics import Metrics
from rfm_engine.serve.readiness import Readiness
from rfm_engine.serve.view import View

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


def routes_of(
    view: Callable[[], View],
    access: Access,
    metrics: Metrics,
    readiness: Readiness,
    *,
    has_lists: bool,
) -> list[Route]:
    """Return the routes; paths are percent-encoded, so that `/` within an id is no separator."""
    from starlette.routing import Route

    customers = Customers(view, metrics)
    documents = Documents(view, has_lists=has_lists)
    health = Health(view, access, metrics, readiness)
    return [
        Route("/v1/customers/{id}", customers.one),
        Route("/v1/customers", customers.many, methods=["POST"]),
        Route("/v1/customers/{id}/explain", customers.explanation),
        Route("/v1/customers/", customers.one),  # the empty text is an id
        Route("/v1/customers//explain", customers.explanation),
        Route("/v1/segments", documents.segments),
        Route("/v1/segments/{name}/customers", documents.members),
        Route("/v1/report", documents.report),
        Route("/v1/report.json", documents.report_document),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.counters),
    ]


def error_handlers() -> dict[Any, Callable[..., Any]]:
    """Return what answers each kind of error."""
    from starlette.exceptions import HTTPException

    return {
        HttpError: _refused,
        UsageError: _refused,
        DataError: _damaged,
        HTTPException: _not_routed,
        Exception: _failed,
    }


async def _refused(_: Request, error: HttpError | UsageError) -> Response:
    return error_answer(error if isinstance(error, HttpError) else bad_request(str(error)))


async def _damaged(_: Request, error: DataError) -> Response:
    return error_answer(HttpError(500, "damaged", str(error)))


async def _not_routed(_: Request, error: Any) -> Response:
    """Answer a request for an address that does not exist, or with a method that it does not have.

    The message does not repeat the address, which may contain an id.
    """
    if error.status_code == 405:
        allowed = ", ".join(sorted(error.headers["Allow"].split(", ")))
        text = f"method must be {allowed.replace(', ', ' or ')}; got another. Use it."
        return error_answer(HttpError(405, "method_not_allowed", text, {"allow": allowed}))
    return error_answer(
        HttpError(404, "no_address", "address must exist; got another. See the reference.")
    )


async def _failed(_: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette passes it
    """Answer a request at which the service itself failed; the server gets the error too."""
    return error_answer(
        HttpError(500, "internal", "the service must not fail; got an internal error. Report it.")
    )
