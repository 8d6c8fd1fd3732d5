"""Serve an application over HTTP with uvicorn, in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from multiprocessing import parent_process
from typing import Any

from rfm_engine.errors import UsageError, not_installed
from rfm_engine.serve.limits import LIMITS, Limits

# Older versions leave connections open if a signal arrives while they start.
_OLDEST = (0, 46)
REQUIRED = ("httptools>=0.6", "starlette>=0.46", "uvicorn>=0.46")
"""What the extra `[serve]` installs; uvloop is faster, but not on every system."""


def require_server() -> None:
    """Refuse to go on without a web server.

    Raises
    ------
    UsageError
        A package of the extra `[serve]` is not installed, or uvicorn is too old.
    """
    try:
        import httptools  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        missing = str(error.name)
        raise not_installed("rfm serve", missing, "serve", *REQUIRED) from None
    if tuple(map(int, uvicorn.__version__.split(".")[:2])) < _OLDEST:
        raise UsageError(
            f"uvicorn must be {'.'.join(map(str, _OLDEST))} or later for rfm serve; got "
            f"{uvicorn.__version__}. Run: pip install '{REQUIRED[-1]}'."
        )


def run_server(
    app: Any,
    listener: socket.socket,
    ready: Callable[[], None],
    count: Callable[[int], None],
    limits: Limits = LIMITS,
) -> None:
    """Answer requests until a signal arrives, or the parent process of a worker ends.

    Requests in flight are finished first, for at most `limits.shutdown_seconds`, or until a second
    Ctrl-C. Then the signal is raised again, so that the caller can tell how it ended.

    Parameters
    ----------
    app
        An ASGI application with a lifespan.
    listener
        A bound socket.
    ready
        Called once requests are answered.
    count
        Called with the status of each answer that is not of the application.
    limits
        Limits on connections and on waiting for clients.
    """
    import uvicorn

    from rfm_engine.serve.connections import Connection, connection_class, until_cancelled

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            parent = parent_process()
            if parent is not None:
                asyncio.get_running_loop().add_reader(parent.sentinel, self._end)
            ready()

        async def on_tick(self, counter: int) -> bool:
            now = asyncio.get_running_loop().time()
            for each in list(self.server_state.connections):
                if isinstance(each, Connection) and now > each.deadline:
                    each.transport.abort()
            return await super().on_tick(counter)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await super().shutdown(sockets)
            if self.force_exit:  # uvicorn leaves it out, and reports its cancellation
                await self.lifespan.shutdown()

        def _end(self) -> None:
            self.should_exit = True

    config = uvicorn.Config(
        until_cancelled(app),
        http=connection_class(limits, count),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.shutdown_seconds,
    )
    Server(config).run(sockets=[listener])
