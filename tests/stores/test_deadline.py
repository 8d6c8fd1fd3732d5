"""Calls are abandoned if nothing happens, and only then."""

from __future__ import annotations

import signal
import socket
import threading
import time
from functools import partial

import pytest

from rfm_engine.errors import RfmError, UsageError
from rfm_engine.orders.sources.deadline import Deadline, Stopped, seconds_of

NEVER = threading.Event()
SHORT = 0.6


def n_helpers():
    """Return the number of threads that run calls; threads of abandoned calls remain."""
    return sum(thread.name == "rfm-store" for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("30s", 30), ("2", 2), ("0.5s", 0.5), (1, 1), (0.25, 0.25), (86_400, 86_400)],
)
def test_seconds_of__takes_numbers_and_texts(given, seconds):
    assert seconds_of(given) == seconds
    assert Deadline(given).seconds == seconds


@pytest.mark.parametrize(
    "given",
    [
        "",
        "s",
        "0",
        "0s",
        "-1",
        "30m",
        "nan",
        "inf",
        "1e3",
        "86401",
        0,
        -1,
        1e9,
        float("nan"),
        True,
        None,
        [],
    ],
)
def test_seconds_of__refuses_what_is_no_time_up_to_a_day(given):
    with pytest.raises(
        UsageError, match=r"^store_timeout must be a number of seconds above 0, at most a day"
    ):
        seconds_of(given)


def test_run__returns_and_raises_what_the_call_does():
    before, deadline = n_helpers(), Deadline(5)
    assert deadline.run("it", lambda: 7) == 7
    assert deadline.run("it", lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        deadline.run("it", lambda: 1 / 0)
    assert n_helpers() == before


def test_run__gives_up_a_call_that_gets_nowhere():
    with pytest.raises(RfmError, match=r"^it must be reachable; got no answer for 0\.6 s\.") as e:
        Deadline(SHORT).run("it", NEVER.wait)
    assert e.type is RfmError


def test_run__waits_as_long_as_bytes_arrive():
    with socket.create_server(("127.0.0.1", 0)) as server:
        sending = socket.create_connection(server.getsockname())

        def receive():
            receiving, _ = server.accept()  # A connection that the call itself makes.
            with receiving:
                return receiving.recv(20, socket.MSG_WAITALL)

        def send():
            for _ in range(20):
                time.sleep(SHORT / 4)
                sending.sendall(b"x")

        sender = threading.Thread(target=send)
        sender.start()
        assert Deadline(SHORT).run("it", receive) == b"x" * 20
        sender.join()
        sending.close()


def test_run__is_not_kept_waiting_by_connections_that_were_there_before():
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
        over = threading.Event()

        def chat():
            while not over.wait(SHORT / 4):
                one.sendall(b"x")
                other.recv(1)

        chatting = threading.Thread(target=chat)
        chatting.start()
        try:
            with pytest.raises(RfmError, match="got no answer"):
                Deadline(SHORT).run("it", NEVER.wait)
        finally:
            over.set()
            chatting.join()
            one.close()
            other.close()


def test_each__yields_none_ahead_and_closes_what_it_leaves():
    made, closed = [], []

    def items():
        try:
            for number in range(5):
                made.append(number)
                yield number
        finally:
            closed.append(threading.current_thread().name)

    before, deadline = n_helpers(), Deadline(5)
    taken = []
    for number in deadline.each("it", items):
        taken.append(number)
        assert made == taken
    assert taken == [0, 1, 2, 3, 4]
    left = deadline.each("it", items)
    assert next(left) == 0
    left.close()
    assert closed == ["rfm-store", "rfm-store"]
    assert n_helpers() == before


def test_each__counts_every_item_as_progress():
    def slow():
        for number in range(6):
            NEVER.wait(SHORT / 3)
            yield number
        NEVER.wait()

    got = []
    with pytest.raises(RfmError, match="got no answer"):
        got.extend(Deadline(SHORT).each("it", slow))
    assert len(got) in (0, 6)


def test_each__stops_when_it_is_told_to():
    stop = threading.Event()
    threading.Timer(SHORT, stop.set).start()

    def items():
        yield NEVER.wait()

    with pytest.raises(Stopped):
        next(Deadline(3_600).each("it", items, stop))


def test_run__lets_signals_through():
    main = threading.main_thread().ident
    timer = threading.Timer(SHORT, partial(signal.pthread_kill, main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        Deadline(3_600).run("it", NEVER.wait)
    timer.join()
