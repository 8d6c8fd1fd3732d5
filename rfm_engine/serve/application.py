"""The service as an ASGI application: look up customers over HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from rfm_engine.errors import UsageError, not_installed

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from rfm_engine.serve.metrics import Metrics
    from rfm_engine.serve.snapshots import Paths

REQUIRED = "starlette>=0.46"
"""What the extra `[serve]` installs for the application."""


def app(  # noqa: PLR0913 - what is served, to whom, and how it is watched
    path: str | os.PathLike[str],
    *,
    token: str | Sequence[str] | None = None,
    report: Paths = None,
    before: str | os.PathLike[str] | None = None,
    lists: bool = False,
    ready_max_age: str | None = None,
    clock: Callable[[], float] | None = None,
    hosts: Sequence[str] | None = None,
    metrics: Metrics | None = None,
) -> Starlette:
    """Return an ASGI application that looks up customers in a file of scored customers.

    It can run by itself, or be mounted in another application. A file that is replaced is opened
    within a second, and requests go on meanwhile.

    Parameters
    ----------
    path
        Customers that `rfm score --sort customer -o customers.arrow` wrote.
    token
        A secret of at least 32 bytes that requests must have, as `Authorization: Bearer TOKEN`; or
        several, so that one can be replaced. None: requests must use one of `hosts`.
    report
        A `.html` page or a `.json` document of `rfm report`, or a list of one of each.
    before
        An earlier snapshot of the same kind: answers then have `previous_segment` and `changed`.
    lists
        Whether the customers of a segment are listed, which exports people.
    ready_max_age
        The age of the file, such as `26h`, above which `/readyz` says no; needs `clock`.
    clock
        Returns the time in seconds since 1970, such as `time.time`. The library reads no clock.
    hosts
        Names by which clients without a token may call the service; default: `localhost`,
        `127.0.0.1` and `[::1]`.
    metrics
        Counters that worker processes share; default: counters of this process.

    Raises
    ------
    UsageError
        Starlette is not installed, an option is wrong, or a file is missing or of another kind.
    DataError
        A file is damaged.

    Examples
    --------
    >>> import tempfile, rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/customers.arrow"
    ...     orders = simulate(customers=20, orders=50)
    ...     result = rfm.score(orders, as_of="newest", sort="customer", output=path)
    ...     service = rfm.serve.app(path, token="0123456789abcdef0123456789abcdef")
    """
    _require_starlette()
    from starlette.applications import Starlette
    from starlette.middleware import Middleware

    from rfm_engine.serve.access import Access, checked_hosts, checked_tokens
    from rfm_engine.serve.age import seconds_of_age
    from rfm_engine.serve.gate import Gate
    from rfm_engine.serve.metrics import Metrics
    from rfm_engine.serve.readiness import Readiness
    from rfm_engine.serve.routes import error_handlers, routes_of
    from rfm_engine.serve.shortcut import Shortcut
    from rfm_engine.serve.snapshots import Snapshots
    from rfm_engine.serve.view import Views
    from rfm_engine.serve.watching import Watching

    if (ready_max_age is None) != (clock is None):
        raise UsageError(
            "ready_max_age must be given with clock, such as clock=time.time; got one of them. "
            "Give both."
        )
    access = Access(checked_tokens(token), checked_hosts(hosts))
    most_age = None if ready_max_age is None else seconds_of_age(ready_max_age)
    snapshots = Snapshots(path, before, report)
    watching = Watching(snapshots)
    counters = Metrics() if metrics is None else metrics
    readiness = Readiness(snapshots, most_age, clock)
    views = Views(snapshots)
    routes = routes_of(views, access, counters, readiness, has_lists=lists)
    gate: Any = Middleware(
        Gate, access=access, metrics=counters, shortcut=Shortcut(views, counters),
        on_request=watching.start,
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching.start()
        try:
            yield
        finally:
            await watching.stop()

    service = Starlette(
        routes=routes, middleware=[gate], exception_handlers=error_handlers(), lifespan=lifespan
    )
    # A redirect would turn the address of the empty id into another one.
    service.router.redirect_slashes = False
    service.state.snapshots = snapshots
    return service


def _require_starlette() -> None:
    try:
        import starlette  # noqa: F401
    except ImportError:
        raise not_installed("rfm_engine.serve.app", "Starlette", "serve", REQUIRED) from None
