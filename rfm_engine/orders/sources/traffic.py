"""Count the bytes that the connections of this process have received, as the kernel reports."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_RECEIVED = 128  # offset of tcpi_bytes_received in struct tcp_info (linux/tcp.h)
_INFO_BYTES = _RECEIVED + 8


class Traffic:
    """Bytes received over TCP: the only sign of progress during a call of a store's library.

    Connections within this machine that already exist are ignored, because those of a notebook
    always have traffic. On systems without Linux's files under /proc, no traffic is detected.
    """

    def __init__(self) -> None:
        self._foreign = {number for number, opened in _connections() if _is_local(opened)}

    def received(self) -> dict[int, int]:
        """Return the number of bytes that each connection has received so far, by inode."""
        return {number: _received(opened) for number, opened in self._own()}

    def cut(self) -> None:
        """Shut down the connections so that the calls that wait for them return."""
        for _, opened in self._own():
            with suppress(OSError):  # closed meanwhile
                opened.shutdown(socket.SHUT_RDWR)

    def _own(self) -> Iterator[tuple[int, socket.socket]]:
        return (each for each in _connections() if each[0] not in self._foreign)


def _connections() -> Iterator[tuple[int, socket.socket]]:
    """Yield the inode and a copy of each connected TCP socket; the copy is closed afterwards."""
    if not _DESCRIPTORS.is_dir():
        return
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - only the names
        with suppress(OSError), _borrowed(int(name)) as opened:
            if opened.type == socket.SOCK_STREAM and opened.family in (
                socket.AF_INET,
                socket.AF_INET6,
            ):
                opened.getpeername()  # raises for a listening socket
                yield os.fstat(opened.fileno()).st_ino, opened


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Yield a copy of a socket whose owner may close it at any time."""
    copy = os.dup(descriptor)
    try:
        opened = socket.socket(fileno=copy)
    except OSError:  # a file, or something else that is not a socket
        os.close(copy)
        raise
    with opened:
        yield opened


def _received(opened: socket.socket) -> int:
    info = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    if len(info) < _INFO_BYTES:  # Linux before 4.1
        return 0
    return int(struct.unpack_from("=Q", info, _RECEIVED)[0])


def _is_local(opened: socket.socket) -> bool:
    """Return whether a connection is within this machine, or has ended meanwhile."""
    try:
        peer = opened.getpeername()[0]
    except OSError:
        return True
    return ip_address(peer.partition("%")[0]).is_loopback
