"""Run calls that may never return on a separate thread, and abandon them after a time-out."""

from __future__ import annotations

import atexit
import math
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from typing import Any, Generic, TypeVar, cast

import pyarrow.fs  # noqa: F401 - see `_hasten`

from rfm_engine.errors import RfmError, UsageError, shown
from rfm_engine.options.declaration import defaults
from rfm_engine.options.messages import message
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.sources.traffic import Traffic

Result = TypeVar("Result")

STORE_TIMEOUT: str = defaults(RunningOptions)["store_timeout"]
_LONGEST_SECONDS = 86_400.0
_TICK_SECONDS = 0.2
_LINGER_SECONDS = 1.0
_LAST_SECONDS = 5.0
_END = object()


class Stopped(Exception):  # noqa: N818 - the caller stopped waiting, which is not an error
    """The caller requested that a call be abandoned."""


class Deadline:
    """A time-out that abandons a call when nothing has happened for some seconds.

    Progress means that a call returns or that a byte arrives. The thread of an abandoned call
    keeps running: it is a daemon, and nothing waits for it. Signals reach the calling thread
    immediately.

    Raises
    ------
    UsageError
        The time-out is not a time above 0 and at most a day, such as ``"30s"`` or 30.
    """

    def __init__(self, store_timeout: float | str = STORE_TIMEOUT) -> None:
        self.seconds = seconds_of(store_timeout)

    @cached_property
    def _traffic(self) -> Traffic:
        return Traffic()

    def run(self, name: str, work: Callable[[], Result], stop: Event | None = None) -> Result:
        """Return what ``work`` returns.

        Parameters
        ----------
        name
            The input, for the message.
        work
            The call.
        stop
            The call is abandoned as soon as this event is set.

        Raises
        ------
        RfmError
            No progress was made during the time-out.
        Stopped
            ``stop`` was set.
        """
        helper: _Helper[Result] = _Helper(self._traffic)
        try:
            return self._awaited(helper, name, work, stop)
        finally:
            self._leave(helper)

    def each(
        self, name: str, items: Callable[[], Generator[Result]], stop: Event | None = None
    ) -> Iterator[Result]:
        """Yield what ``items`` yields, without reading ahead; raises the errors of `run`."""
        helper: _Helper[Any] = _Helper(self._traffic)
        generator = items()
        following = partial(next, generator, _END)
        try:
            while (item := self._awaited(helper, name, following, stop)) is not _END:
                yield item
                del item  # Free it before the next one is decoded.
        finally:
            self._leave(helper, generator.close)

    def _awaited(
        self, helper: _Helper[Result], name: str, work: Callable[[], Result], stop: Event | None
    ) -> Result:
        helper.ask(work)
        tick = min(_TICK_SECONDS, self.seconds / 8)
        seen: Mapping[int, int] = {}
        since = time.monotonic()
        while True:
            try:
                return helper.answer(tick)
            except Empty:
                pass
            if stop is not None and stop.is_set():
                raise Stopped
            before, seen = seen, helper.traffic.received()
            if any(n > before.get(connection, 0) for connection, n in seen.items()):
                since = time.monotonic()
            elif time.monotonic() - since >= self.seconds:
                raise RfmError(
                    message(
                        "{} must be reachable; got no answer for {:g} s. Check the network and the "
                        "credentials, or allow more time with {store_timeout:...}.",
                        name,
                        self.seconds,
                    )
                )

    def _leave(self, helper: _Helper[Any], close: Callable[[], None] | None = None) -> None:
        patience = 0.0 if helper.busy else _LINGER_SECONDS
        if close is not None:
            helper.ask(close)
        helper.ask(None)
        helper.join(patience)


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[Result]):
    returned: Result | None = None
    error: BaseException | None = None

    def result(self) -> Result:
        if self.error is not None:
            raise self.error
        return cast("Result", self.returned)


class _Helper(Thread, Generic[Result]):
    """A thread that runs calls one by one until it receives None.

    It is busy while a call is running.
    """

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(name="rfm-store", daemon=True)
        self._asked: SimpleQueue[Callable[[], Result] | None] = SimpleQueue()
        self._answers: SimpleQueue[_Outcome[Result]] = SimpleQueue()
        self.traffic = traffic
        self.busy = False
        self.start()

    def run(self) -> None:
        """Run the calls, and pass on their results or errors."""
        while (work := self._asked.get()) is not None:
            outcome: _Outcome[Result]
            try:
                outcome = _Outcome(work())
            except BaseException as error:  # noqa: BLE001 - raised in the calling thread
                outcome = _Outcome(error=error)
            del work
            self.busy = False
            self._answers.put(outcome)
            del outcome

    def ask(self, work: Callable[[], Result] | None) -> None:
        """Queue a call after the earlier ones; None ends the thread."""
        self.busy = self.busy or work is not None
        self._asked.put(work)

    def answer(self, seconds: float) -> Result:
        """Return what the oldest call returned, or raise what it raised."""
        return self._answers.get(timeout=seconds).result()


@atexit.register
def _hasten() -> None:
    """Break the connections that calls still wait for when the process exits.

    Otherwise S3 would wait for its requests. pyarrow's exit handler waits for them. It was
    registered before this handler, so it is called after it.
    """
    until = time.monotonic() + _LAST_SECONDS
    while time.monotonic() < until:
        busy = [each for each in enumerate_threads() if isinstance(each, _Helper) and each.busy]
        if not busy:
            return
        for helper in busy:
            helper.traffic.cut()
        time.sleep(_TICK_SECONDS / 4)


def seconds_of(given: object) -> float:
    """Return the seconds of a time-out such as ``"30s"`` or 30.

    Raises
    ------
    UsageError
        It is not a time above 0 and at most a day.
    """
    seconds = math.nan
    if isinstance(given, int | float) and not isinstance(given, bool):
        seconds = float(given)
    elif isinstance(given, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?s?", given.strip()):
        seconds = float(given.strip().removesuffix("s"))
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise UsageError(
            message(
                "{store_timeout} must be a number of seconds above 0, at most a day, such as 30s; "
                "got {}.",
                shown(given),
            )
        )
    return seconds
