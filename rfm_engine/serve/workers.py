"""Several processes that answer requests on one socket."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

from rfm_engine.errors import RfmError

T = TypeVar("T")
_SECONDS_TO_RETRY = 1.0
_SECONDS_TO_END = 5.0
# Not fork: the libraries of a service have threads, which a forked process would lack.
_PROCESSES = get_context("spawn")


class _Worker(NamedTuple):
    number: int
    process: SpawnProcess
    said: Connection


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

    def run(self, ready: Callable[[T], None], tell: Callable[[str], None]) -> NoReturn:
        """Start the workers, and replace those that end, until an exception, such as Ctrl-C.

        `ready` is called once all workers are ready. `tell` is called with a line about each worker
        that has ended. At the end all workers are stopped; they finish their requests first. If
        this process is killed, they stop too.

        Raises
        ------
        RfmError, OSError
            No worker can start: the error of one.
        """
        try:
            for number in range(self._n_workers):
                self._workers.append(self._started(number))
            first, *_ = [_ready(each) for each in self._workers]
            ready(first)
            while True:
                ended = set(wait([each.process.sentinel for each in self._workers]))
                for n, each in enumerate(self._workers):
                    if each.process.sentinel in ended:
                        tell(f"worker {n + 1} ended ({_end_of(each)}). Another one is started.")
                        self._workers[n] = self._replaced(each)
        finally:
            self._stop()

    def _started(self, number: int) -> _Worker:
        """Start a worker. Only this process ends by Ctrl-C, and it ends the workers."""
        receives, sends = _PROCESSES.Pipe(duplex=False)
        arguments = (self._serve, number, sends)
        process = _PROCESSES.Process(target=_work, args=arguments, daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sends.close()
        return _Worker(number, process, receives)

    def _replaced(self, ended: _Worker) -> _Worker:
        """Start a worker in place of one that ended, a second later."""
        error = _error_of(ended)
        ended.said.close()
        if error is not None and not any(each.process.is_alive() for each in self._workers):
            raise error
        time.sleep(_SECONDS_TO_RETRY)
        return self._started(ended.number)

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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        serve(number, sends.send)
    except (RfmError, OSError) as error:
        sends.send(error)


def _ready(worker: _Worker) -> Any:
    """Wait until a worker is ready; return what it says.

    Raises
    ------
    RfmError, OSError
        It cannot start.
    """
    try:
        said = worker.said.recv()
    except EOFError:
        number = worker.number + 1
        raise RfmError(f"worker {number} must start; got {_end_of(worker)}. Try again.") from None
    if isinstance(said, RfmError | OSError):
        raise said
    return said


def _error_of(ended: _Worker) -> RfmError | OSError | None:
    """Return the error with which a worker ended."""
    try:
        while ended.said.poll():
            said = ended.said.recv()
            if isinstance(said, RfmError | OSError):
                return said
    except EOFError:
        pass
    return None


def _end_of(worker: _Worker) -> str:
    worker.process.join()
    return f"exit code {worker.process.exitcode}"
