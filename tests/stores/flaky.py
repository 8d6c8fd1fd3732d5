"""An S3 object store that fails on request, and a server that never answers."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BUCKET = "shop"
REFUSALS = {
    "denied": (403, "AccessDenied"),
    "busy": (503, "SlowDown"),
    "gone": (404, "NoSuchKey"),
}
_PAUSE_SECONDS = 0.25
_DRIPS = 6

_NOTHING_LISTED = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>0</KeyCount>'
    b"<IsTruncated>false</IsTruncated></ListBucketResult>"
)

Fault = str | None


class FlakyStore(ThreadingHTTPServer):
    """A server that holds objects; `fault` returns the fault of the n-th GET, counted from 0.

    Besides `REFUSALS`: `cut` breaks off in the middle, `short` sends half of the object as if it
    were complete, `stall` stops in the middle, `drip` sends it slowly, `hang` never answers.
    """

    daemon_threads = True

    def __init__(self, objects: Mapping[str, bytes], fault: Callable[[int], Fault]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.objects = {f"/{BUCKET}/{name}": held for name, held in objects.items()}
        self.fault = fault
        self.n_gets = 0
        self.reached = threading.Event()
        """Set when a request stalls or hangs."""
        self.over = threading.Event()
        self.lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that direct S3 clients to this server."""
        return environment_of(f"http://127.0.0.1:{self.server_address[1]}")

    def handle_error(self, *_: Any) -> None:
        """Do not report clients that disconnected."""


def environment_of(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def flaky_store(
    objects: Mapping[str, bytes], fault: Callable[[int], Fault] = lambda _: None
) -> Iterator[FlakyStore]:
    with FlakyStore(objects, fault) as store:
        threading.Thread(target=store.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield store
        finally:
            store.over.set()
            store.shutdown()


@contextmanager
def black_hole() -> Iterator[tuple[str, socket.socket]]:
    """Yield the host and port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}", listening


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FlakyStore

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def do_HEAD(self) -> None:
        held = self.server.objects.get(self.path.partition("?")[0])
        self._head(404 if held is None else 200, len(held or b""))

    def do_GET(self) -> None:
        if "list-type=" in self.path:  # checks whether files belong to a table; never fails
            self._say(200, _NOTHING_LISTED)
            return
        with self.server.lock:
            fault = self.server.fault(self.server.n_gets)
            self.server.n_gets += 1
        held = self.server.objects[self.path.partition("?")[0]]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        asked = held[int(found[1]) : int(found[2]) + 1] if found else held
        half = asked[: len(asked) // 2]
        if fault in REFUSALS:
            status, code = REFUSALS[fault]
            self._say(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
        elif fault == "hang":
            self._wait()
        elif fault == "short":
            self._say(206, half)
        elif fault == "drip":
            self._head(206, len(asked))
            step = -(-len(asked) // _DRIPS)
            for start in range(0, len(asked), step):
                self.server.over.wait(_PAUSE_SECONDS)
                self.wfile.write(asked[start : start + step])
        elif fault in ("cut", "stall"):
            self._head(206, len(asked))
            self.wfile.write(half)
            if fault == "stall":
                self._wait()
            self.close_connection = True
        else:
            self._say(206, asked)

    def _wait(self) -> None:
        self.server.reached.set()
        self.server.over.wait()
        self.close_connection = True

    def _head(self, status: int, n_bytes: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(n_bytes))
        self.send_header("Last-Modified", "Mon, 01 Jun 2026 10:00:00 GMT")
        self.end_headers()

    def _say(self, status: int, body: bytes) -> None:
        self._head(status, len(body))
        self.wfile.write(body)
