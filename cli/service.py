"""Run the service of `rfm serve`, and say on stderr where it answers, and what fails."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from rfm_engine.errors import typed

from .options import Given
from .scored import print_object
from .words import as_of_words, counted, printable

if TYPE_CHECKING:
    from rfm_engine.serve.process import Ready

_TOKEN_VARIABLE = "RFM_SERVE_TOKEN"
_LOGGERS = ("uvicorn.error", "asyncio")


def serve_files(
    snapshot: str,
    before: str | None,
    report: Sequence[str],
    options: Given,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Serve some files until a signal arrives."""
    from rfm_engine.serve.process import Files, Surroundings, run_service

    def ready(found: Ready) -> None:
        if as_json:
            print_object(_object_of(found, snapshot))
        elif not quiet:
            typer.echo(printable(_line_of(found, snapshot)), err=True)

    # Removed, so that the environment of other processes does not have it.
    token = os.environ.pop(_TOKEN_VARIABLE, None)
    files = Files(snapshot, before, tuple(report))
    around = Surroundings(token, time.time, prepare, tell)
    run_service(files, around, ready, **options.all)


def prepare() -> None:
    """Prepare a process that runs for long: free cycles of objects, and print errors as lines."""
    gc.enable()
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [_Lines(logging.ERROR)]
        logger.propagate = False


def tell(line: str) -> None:
    """Print a line about the service."""
    typer.echo(f"warning: {printable(typed(line))}", err=True)


class _Lines(logging.Handler):
    """Prints errors of the server in one line each, without values, which may be of customers."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print an error."""
        if record.exc_info is None or record.exc_info[0] is None:
            tell(record.getMessage().partition("\n")[0])
        else:
            kind = record.exc_info[0]
            tell(
                f"a request failed because of an unexpected {kind.__name__}. This is a bug. Start "
                "the service with RFM_TRACEBACK=1 in the environment to see where."
            )
            if os.environ.get("RFM_TRACEBACK"):
                typer.echo(logging.Formatter().formatException(record.exc_info), err=True)


def _object_of(found: Ready, snapshot: str) -> dict[str, object]:
    return {
        "address": found.address,
        "snapshot": snapshot,
        "customers": found.n_customers,
        "as_of": found.as_of,
    }


def _line_of(found: Ready, snapshot: str) -> str:
    people = counted(found.n_customers, "customer") + as_of_words(found.as_of)
    return f"serving {people} from {snapshot} on {found.address}"
