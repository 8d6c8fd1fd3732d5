"""Several processes that answer requests on one socket."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, NoReturn, TypeVar

from rfm_engine.errors import RfmError
from rfm_engine.options.messages import message

T = TypeVar("T")
_SECONDS_TO_RETRY = 1.0
_MOST_SECONDS_TO_RETRY = 60.0
_SECONDS_TO_END = 5.0
# Not fork: the libraries of a service have threads, which a forked process would lack.
_PROCESSES = get_context("spawn")


@dataclass
class _Worker:
    """One of the processes, or a pause before it is started again.

    Attributes
    ----------
    number
        From 0.
    process, said
        The process and what it says; the old ones during a pause.
    is_ready
        Whether it answers requests.
    error
        Why it ends.
    n_failures
        How often it could not start since it was ready.
    start_at
        When it is started again; None while it runs.
    """

    number: int
    process: SpawnProcess
    said: Connection
    is_ready: bool = False
    error: RfmError | OSError | None = None
    n_failures: int = 0
    start_at: float | None = None


class Workers(Generic[T]):
    """Processes that each run the same function, and are started again when they end.

    Parameters
    ----------
    serve
        Run in each process, with the number of the worker and a function to call once it is ready,
        with what `run` passes on. It can be pickled.
    n_workers
        Number of processes.
    shutdown_seconds
        Time that `serve` takes at most to end after SIGTERM.
    """

    def __init__(
        self,
        serve: Callable[[int, Callable[[T], None]], None],
        n_workers: int,
        shutdown_seconds: float,
    ) -> None:
        self._serve = serve
        self._n_workers = n_workers
        self._shutdown_seconds = shutdown_seconds
        self._workers: list[_Worker] = []
        self._told: set[str] = set()

    def run(self, ready: Callable[[T], None], tell: Callable[[str], None]) -> NoReturn:
        """Start the workers, and replace those that end, until an exception, such as Ctrl-C.

        `ready` is called once all workers are ready. `tell` is called with a line about each worker
        that has ended, and with a reason why one cannot start, but not again while it is the same.
        A worker that cannot start is tried again after 1, 2, 4 and at most 60 seconds. At the end
        all workers are stopped; they finish their requests first. If this process is killed, they
        stop too.

        Raises
        ------
        RfmError, OSError
            No worker is ready, and none can start: the error of one.
        """
        try:
            for number in range(self._n_workers):
                self._workers.append(_Worker(number, *self._started(number)))
            first, *_ = [self._first_said(each) for each in self._workers]
            ready(first)
            while True:
                self._wait()
                for each in self._workers:
                    self._look_after(each, tell)
        finally:
            self._stop()

    def _wait(self) -> None:
        """Wait until a worker ends, is ready, or must be started again."""
        running = [each for each in self._workers if each.start_at is None]
        pauses = [each.start_at for each in self._workers if each.start_at is not None]
        events: list[Any] = [each.process.sentinel for each in running]
        events += [each.said for each in running if not (each.is_ready or each.error)]
        wait(events, max(min(pauses) - time.monotonic(), 0) if pauses else None)

    def _look_after(self, worker: _Worker, tell: Callable[[str], None]) -> None:
        """Note that a worker is ready or has ended, or start it again after its pause."""
        if worker.start_at is not None:
            if time.monotonic() >= worker.start_at:
                worker.process, worker.said = self._started(worker.number)
                worker.start_at = worker.error = None
            return
        has_ended = not worker.process.is_alive()  # first, because it says why before it ends
        self._read(worker)
        if has_ended:
            self._note_end(worker, tell)

    def _note_end(self, worker: _Worker, tell: Callable[[str], None]) -> None:
        """Tell how a worker has ended, and decide when another one is started.

        Raises
        ------
        RfmError, OSError
            No worker is ready, and none can start.
        """
        number, error = worker.number + 1, worker.error
        worker.said.close()
        if worker.is_ready and error is None:
            tell(f"worker {number} ended ({_end_of(worker)}). Another one is started.")
        else:
            error = error or _no_start(worker)
            worker.n_failures += not worker.is_ready
            reason = error.args[0] if isinstance(error, RfmError) else str(error)
            if reason not in self._told:
                self._told.add(reason)
                tell(message("worker {} cannot run: {} It is started again later.", number, reason))
        worker.is_ready = False
        if error is not None and all(each.n_failures for each in self._workers):
            raise error
        pause = _SECONDS_TO_RETRY * 2 ** min(max(worker.n_failures - 1, 0), 10)
        worker.start_at = time.monotonic() + min(pause, _MOST_SECONDS_TO_RETRY)

    def _read(self, worker: _Worker) -> None:
        """Read what a worker has said."""
        with suppress(EOFError):
            while worker.said.poll():
                said = worker.said.recv()
                if isinstance(said, RfmError | OSError):
                    worker.error = said
                else:
                    worker.is_ready, worker.n_failures = True, 0
                    self._told.clear()

    def _first_said(self, worker: _Worker) -> T:
        """Wait until a worker is ready for the first time; return what it says.

        Raises
        ------
        RfmError, OSError
            It cannot start.
        """
        try:
            said: T | RfmError | OSError = worker.said.recv()
        except EOFError:
            worker.process.join()
            raise _no_start(worker) from None
        if isinstance(said, RfmError | OSError):
            raise said
        worker.is_ready = True
        return said

    def _started(self, number: int) -> tuple[SpawnProcess, Connection]:
        """Start a process, which ignores Ctrl-C until it serves: this process ends it.

        Signals that are ignored stay so in a new program. Signals that are only blocked do not,
        because `multiprocessing` unblocks them.
        """
        receives, sends = _PROCESSES.Pipe(duplex=False)
        arguments = (self._serve, number, sends)
        process = _PROCESSES.Process(target=_work, args=arguments, daemon=True)
        resource_tracker.ensure_running()  # it unblocks the signal when it starts
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, before)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        sends.close()
        return process, receives

    def _stop(self) -> None:
        """Stop all workers, and wait until they have finished their requests."""
        for each in self._workers:
            each.process.terminate()
        end = time.monotonic() + self._shutdown_seconds + _SECONDS_TO_END
        for each in self._workers:
            each.process.join(max(end - time.monotonic(), 0))
            each.process.kill()
            each.process.join()


def _work(
    serve: Callable[[int, Callable[[T], None]], None], number: int, sends: Connection
) -> None:
    """Run in a worker: serve, and say that it is ready or why it cannot be."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        serve(number, sends.send)
    except (RfmError, OSError) as error:
        sends.send(error)


def _no_start(worker: _Worker) -> RfmError:
    return RfmError(f"worker {worker.number + 1} must start; got {_end_of(worker)}. Try again.")


def _end_of(worker: _Worker) -> str:
    """Return how a worker ended."""
    code = worker.process.exitcode
    if code == 0:  # it finishes its requests after this signal, and then raises it in vain
        return signal.SIGINT.name
    if code is None or code > 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    is_of_file = name == signal.SIGBUS.name
    return f"{name}, because a file was written over in place" if is_of_file else name
