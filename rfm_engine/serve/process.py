"""Serve customers over HTTP until a signal arrives: in this process, or in several workers."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from functools import partial
from multiprocessing.sharedctypes import RawArray
from typing import Any, NamedTuple, Unpack

import numpy as np

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.options.serve import DEFAULT_BIND, ServeOptions
from rfm_engine.serve.application import app
from rfm_engine.serve.limits import LIMITS, Limits
from rfm_engine.serve.listening import Listening, listening_at, listening_on
from rfm_engine.serve.metrics import Metrics, metrics_bytes
from rfm_engine.serve.server import require_server, run_server
from rfm_engine.serve.token_file import read_token_file, tokens_in
from rfm_engine.serve.workers import Workers

_MOST_WORKERS = 64


class Files(NamedTuple):
    """The files that are served; see `Snapshots`."""

    path: str | os.PathLike[str]
    before: str | os.PathLike[str] | None = None
    report: tuple[str | os.PathLike[str], ...] = ()


class Ready(NamedTuple):
    """What is served once the service is ready.

    Attributes
    ----------
    address
        `http://HOST:PORT`, or `unix:PATH`.
    n_customers
        Number of customers.
    as_of
        The date of analysis; None if no row of the orders was counted.
    """

    address: str
    n_customers: int
    as_of: date | None


class Surroundings(NamedTuple):
    """What the process around the service knows or does.

    Attributes
    ----------
    token
        The token if no file has one, for example from the environment; None without a token.
    clock
        Returns the time in seconds since 1970, to find the age of the file.
    prepare
        Called in each process that answers requests, before it does.
    tell
        Called with a line about each worker that has ended.
    limits
        Limits on connections and on waiting for clients.
    """

    token: str | None
    clock: Callable[[], float]
    prepare: Callable[[], None]
    tell: Callable[[str], None]
    limits: Limits = LIMITS


def run_service(
    files: Files,
    around: Surroundings,
    ready: Callable[[Ready], None],
    **options: Unpack[ServeOptions],
) -> None:
    """Serve customers over HTTP until a signal arrives.

    Parameters
    ----------
    files
        The files. New versions of them are served as soon as they are complete.
    around
        What the process around the service knows or does. If there are several workers, its
        functions are pickled.
    ready
        Called once requests are answered.
    options
        The options of `rfm serve`.

    Raises
    ------
    UsageError
        An option is wrong, the address cannot be used, or the extra `[serve]` is not installed.
    UsageError, DataError
        A file is missing, damaged or of another kind.
    """
    require_server()
    settled = resolve(ServeOptions, given("serve", ServeOptions, options))
    tokens = _tokens(settled, around.token)
    n_workers = settled["workers"]
    if not 1 <= n_workers <= _MOST_WORKERS:
        raise UsageError(
            message("{workers} must be 1 to {}; got {}. Try 2.", _MOST_WORKERS, n_workers)
        )
    with _listening(settled, has_token=bool(tokens)) as listening:
        job = _Job(files, around, settled, tokens, listening)
        if n_workers == 1:
            _run(job, Metrics(), ready)
        else:
            counters = RawArray("b", metrics_bytes(n_workers))
            work = partial(_work, job, counters)
            Workers(work, n_workers, around.limits.shutdown_seconds).run(ready, around.tell)


def _tokens(settled: dict[str, Any], token: str | None) -> tuple[str, ...]:
    if settled["token_file"] is not None:
        return read_token_file(settled["token_file"])
    return () if token is None else tokens_in(token, "RFM_SERVE_TOKEN")


def _listening(settled: dict[str, Any], *, has_token: bool) -> AbstractContextManager[Listening]:
    """Listen where the options say."""
    bind, path, is_remote_allowed = (settled[name] for name in ("bind", "socket", "allow_remote"))
    if is_remote_allowed and not has_token:
        raise UsageError(
            message("{allow_remote} must be used with a token; got none. Add {token_file:...}.")
        )
    if path is None:
        return listening_at(bind or DEFAULT_BIND, is_remote_allowed=is_remote_allowed)
    if bind is not None:
        raise UsageError(
            message("{bind} must be used without {socket}; got both. Leave one of them out.")
        )
    return listening_on(path)


class _Job(NamedTuple):
    """What each process serves, and where."""

    files: Files
    around: Surroundings
    settled: dict[str, Any]
    tokens: tuple[str, ...]
    listening: Listening


def _run(job: _Job, metrics: Metrics, ready: Callable[[Ready], None]) -> None:
    """Answer requests in this process."""
    files, around = job.files, job.around
    served = app(
        files.path,
        token=job.tokens or None,
        report=files.report,
        before=files.before,
        lists=job.settled["lists"],
        ready_max_age=job.settled["ready_max_age"],
        clock=around.clock,
        metrics=metrics,
    )
    lookup = served.state.snapshots.current.lookup
    found = Ready(job.listening.address, lookup.snapshot.n_customers, lookup.as_of)
    around.prepare()
    gc.freeze()  # what exists now stays, and need not be searched for cycles
    run_server(
        served, job.listening.socket, partial(ready, found), metrics.count_request, around.limits
    )


def _work(job: _Job, counters: Any, number: int, ready: Callable[[Ready], None]) -> None:
    """Answer requests in one of several workers, which share the memory of their counters."""
    with job.listening.socket:
        _run(job, Metrics(np.frombuffer(counters, np.uint8).data, number), ready)
