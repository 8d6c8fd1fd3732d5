"""How a command ends: with an exit code, and with one line on stderr if it failed."""

from __future__ import annotations

import difflib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn

import typer

from .start import INTERRUPTED
from .words import printable

if TYPE_CHECKING:
    from rfm_engine.errors import RfmError

_MACHINE, _USAGE, _DATA, _STATE = 1, 2, 3, 4
_TERMINATED = 143


class Misuse(typer.TyperException):
    """Options that contradict each other, found before the library is loaded."""

    exit_code = _USAGE


class Faulty(typer.Exit):
    """A state has damaged or changed files; the findings have been printed."""

    def __init__(self) -> None:
        super().__init__(_STATE)


class UnexpectedEnd(Exception):  # noqa: N818 - its name is printed
    """An EOFError of a library, under another type because typer takes an EOFError for Ctrl-D."""


class Terminated(BaseException):
    """SIGTERM, raised in the main thread so that temporary files are removed on the way out."""


def cut(text: str, most: int = 80) -> str:
    """Return at most `most` characters of a text, so that a message fits in a line."""
    return text if len(text) <= most else text[:most] + "..."


def exit_code(command: Callable[[], object]) -> int:
    """Run `command` and return its exit code; print one line on stderr if it failed."""
    try:
        with _signals_raised():
            outcome = command()
    except typer.TyperException as error:
        return _fail(_said(error) + _hint(error), error.exit_code)
    except typer.Abort:
        return _fail("interrupted", INTERRUPTED)
    except Terminated:
        return _fail("terminated", _TERMINATED)
    except MemoryError as error:
        return _fail(f"memory is exhausted ({error or 'no details'}).", _MACHINE)
    except OSError as error:
        return _fail(_system_message(error), _MACHINE)
    except errors_of_the_library() as error:
        said = [error.typed, *getattr(error, "__notes__", [])]
        return _fail(" ".join(said), code_of(error))
    if outcome == INTERRUPTED:  # typer turns Ctrl-C into this outcome
        return _fail("interrupted", INTERRUPTED)
    return outcome if isinstance(outcome, int) else 0


def leave(code: int) -> NoReturn:
    """End the process at once, because an orderly shutdown of the libraries takes 0.2 s."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed by the parent process
                stream.flush()
    except OSError:
        code = code or _MACHINE
    os._exit(code)


def report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an unexpected exception as one line (`RFM_TRACEBACK=1`: with its traceback)."""
    if os.environ.get("RFM_TRACEBACK"):
        sys.__excepthook__(kind, error, trace)
        return
    _fail(
        f"unexpected {kind.__name__}: {error}. This is a bug. Set RFM_TRACEBACK=1 in the "
        "environment, run the command again, and report the output.",
        _MACHINE,
    )


def _fail(message: str, code: int) -> int:
    # Blanks within a line are kept, because values are shown unchanged.
    line = " ".join(part for line in message.split("\n") if (part := line.strip()))
    typer.echo(f"error: {printable(line)}", err=True)
    return code


def without_jargon(message: str) -> str:
    """Replace what pydantic, which typer uses, says about values of options."""
    start, colon, reason = message.partition("': ")
    if not colon or message.startswith("Value error, "):
        start, colon, reason = "", "", message
    reason = reason.removeprefix("Value error, ")
    if reason.startswith("Input should be a valid integer"):
        reason = "it must be a whole number."
    return f"{start}{colon}{reason}"


def _said(error: typer.TyperException) -> str:
    """Return what an error of typer says; only similar options are suggested."""
    name = getattr(error, "option_name", None)
    if not isinstance(error, typer.TyperException) or not hasattr(error, "possibilities"):
        return without_jargon(error.format_message())
    close = difflib.get_close_matches(str(name), error.possibilities or (), n=1, cutoff=0.75)
    return error.message + (f". Did you mean {close[0]}?" if close else ".")


def _hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" Try '{context.command_path} --help'." if context else ""


def _system_message(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    if error.errno is None:
        return str(error)
    said = [f"{os.strerror(error.errno)}{where}.", *getattr(error, "__notes__", [])]
    return " ".join(said)


def errors_of_the_library() -> tuple[type[RfmError], ...]:
    """Return the base of the library's errors; nothing if no command has loaded the library."""
    # Imported only after an exception, and only if a command has loaded the library, because help
    # and completion must not wait for the import.
    if "rfm_engine.errors" not in sys.modules:
        return ()
    from rfm_engine.errors import RfmError

    return (RfmError,)


def code_of(error: Exception) -> int:
    """Return the exit code of an error of the library or of the machine."""
    from rfm_engine.errors import DataError, StateError, UsageError

    if isinstance(error, UsageError):
        return _USAGE
    if isinstance(error, StateError):
        return _STATE
    return _DATA if isinstance(error, DataError) else _MACHINE


@contextmanager
def _signals_raised() -> Iterator[None]:
    """Raise SIGTERM as an exception, and let it or Ctrl-C count if a library raises its own error.

    DuckDB does so if a signal ends a query, the Python code that it reads from, or an import.
    """
    arrived: list[type[BaseException]] = []

    def terminate(_number: int, _frame: FrameType | None) -> None:
        arrived.append(Terminated)
        raise Terminated

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        arrived.append(typer.Abort)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, terminate)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it may be ignored
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except BaseException as error:
        if arrived and not isinstance(error, arrived[0] | KeyboardInterrupt):
            raise arrived[0] from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
