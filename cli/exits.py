"""How a command ends: an exit code, and one line on stderr where it failed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import NoReturn

import typer

from .start import INTERRUPTED
from .words import printable

_MACHINE, _USAGE, _DATA, _STATE = 1, 2, 3, 4
_TERMINATED = 143


class Misuse(typer.TyperException):
    """Options that contradict one another, seen before the library is loaded."""

    exit_code = _USAGE


class Faulty(typer.Exit):
    """A state is not as it was written; what is wrong has been printed."""

    def __init__(self) -> None:
        super().__init__(_STATE)


class Terminated(BaseException):
    """SIGTERM, raised in the main thread so that temporary files are removed on the way out."""


def cut(text: str, most: int = 80) -> str:
    """Return a text for a message, so much of it as fits in a line."""
    return text if len(text) <= most else text[:most] + "..."


def exit_code(command: Callable[[], object]) -> int:
    """Run `command` and return its exit code, with one line on stderr where it failed."""
    try:
        with _sigterm_raised():
            outcome = command()
    except typer.TyperException as error:
        return _fail(error.format_message() + _hint(error), error.exit_code)
    except typer.Abort:
        return _fail("interrupted", INTERRUPTED)
    except Terminated:
        return _fail("terminated", _TERMINATED)
    except MemoryError as error:
        return _fail(f"memory is exhausted ({error or 'no details'}).", _MACHINE)
    except OSError as error:
        return _fail(_system_message(error), _MACHINE)
    except _errors_of_the_library() as error:
        return _fail(str(error), _library_code(error))
    if outcome == INTERRUPTED:  # typer turns Ctrl-C into this outcome
        return _fail("interrupted", INTERRUPTED)
    return outcome if isinstance(outcome, int) else 0


def leave(code: int) -> NoReturn:
    """End the process at once: taking the libraries apart in order costs 0.2 s."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed by whoever started us
                stream.flush()
    except OSError:
        code = code or _MACHINE
    os._exit(code)


def report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an exception that nobody expected as one line (`RFM_TRACEBACK=1`: in full)."""
    if os.environ.get("RFM_TRACEBACK"):
        sys.__excepthook__(kind, error, trace)
        return
    _fail(
        f"unexpected {kind.__name__}: {error}. This is a bug: report it with what "
        "RFM_TRACEBACK=1 in the environment prints.",
        _MACHINE,
    )


def _fail(message: str, code: int) -> int:
    # Blanks within a line are left alone: values are shown as they are.
    line = " ".join(part for line in message.split("\n") if (part := line.strip()))
    typer.echo(f"error: {printable(line)}", err=True)
    return code


def _hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" Try '{context.command_path} --help'." if context else ""


def _system_message(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    if error.errno is None:
        return str(error)
    said = [f"{os.strerror(error.errno)}{where}.", *getattr(error, "__notes__", [])]
    return " ".join(said)


def _errors_of_the_library() -> tuple[type[Exception], ...]:
    # Looked up only when something was raised, and only where a command has loaded the library:
    # help and completion must not wait for that.
    if "rfm_engine.errors" not in sys.modules:
        return ()
    from rfm_engine.errors import RfmError

    return (RfmError,)


def _library_code(error: Exception) -> int:
    from rfm_engine.errors import DataError, StateError, UsageError

    if isinstance(error, UsageError):
        return _USAGE
    if isinstance(error, StateError):
        return _STATE
    return _DATA if isinstance(error, DataError) else _MACHINE


@contextmanager
def _sigterm_raised() -> Iterator[None]:
    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
