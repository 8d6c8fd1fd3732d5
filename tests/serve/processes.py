"""Run `rfm serve` in processes, and ask it over real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.conftest import COMMAND

SECONDS = 60  # of a loaded machine; nothing waits for this long


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ServiceProcess:
    """A running service. `ended` and `stderr` are known after `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], said: dict[str, Any]) -> None:
        self.process = process
        self.said = said
        self.token: str | None = None
        self.stdout = self.stderr = b""

    def connected(self) -> socket.socket:
        """Return a new connection."""
        kind, _, place = self.said["address"].partition(":")
        if kind == "unix":
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(SECONDS)
            client.connect(place)
            return client
        host, _, port = place.removeprefix("//").rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), SECONDS)

    def connection(self) -> HTTPConnection:
        """Return a new connection that is kept."""
        kept = HTTPConnection("localhost")
        kept.sock = self.connected()
        return kept

    def get(self, path: str, **headers: str) -> Answer:
        """Return the answer to one request."""
        kept = self.connection()
        try:
            return asked(kept, "GET", path, headers=self.headers(headers))
        finally:
            kept.close()

    def headers(self, others: dict[str, str]) -> dict[str, str]:
        own = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return own | others

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the service; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.stdout, self.stderr = self.process.communicate(timeout=SECONDS)
        return self.process.returncode


def asked(
    kept: HTTPConnection, method: str, path: str, body: bytes | None = None, **more: Any
) -> Answer:
    """Return the answer to a request on a connection that is kept."""
    kept.request(method, path, body, **more)
    found: HTTPResponse = kept.getresponse()
    return Answer(found.status, dict(found.headers), found.read())


@contextmanager
def serving(
    *words: object, token: str | None = None, **environment: str
) -> Iterator[ServiceProcess]:
    """Start `rfm serve` on a free port, or where the words say; stop it at the end."""
    where = [] if "--socket" in words else ["--bind", "127.0.0.1:0"]
    given = {} if token is None else {"RFM_SERVE_TOKEN": token}
    command = [*COMMAND, "serve", *map(str, [*words, *where]), "--json", "--no-config"]
    with running(command, environment | given) as service:
        service.token = token
        yield service


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[ServiceProcess]:
    """Start a program that prints one JSON object once it answers; stop it at the end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=os.environ | environment, **pipes) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.communicate(timeout=SECONDS)[1].decode())
            yield ServiceProcess(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.kill()


def until(condition: Any) -> None:
    """Wait until something is true."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether a process exists, and is not a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children_of(pid: int) -> list[int]:
    """Return the workers of a service."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            words = (each / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and b"spawn_main" in words:
            found.append(int(each.name))
    return sorted(found)
