"""The socket that a server listens on: an address of TCP, or a path."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from stat import S_ISSOCK
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, path_text, shown, shown_cause
from rfm_engine.options.messages import message

_ADDRESS = re.compile(r"(?:\[([0-9a-fA-F:.%]+)\]|([^:\[\]]+)):([0-9]{1,5})")
_MOST_PORT = 65_535
# Owner and group may connect: the proxy in front is in the group of the service.
_WITHOUT_OTHERS = 0o117


class Listening(NamedTuple):
    """An open socket, and how clients name it."""

    socket: socket.socket
    address: str


@contextmanager
def listening_at(bind: str, *, is_remote_allowed: bool) -> Iterator[Listening]:
    """Listen on an address such as `127.0.0.1:8765` or `[::1]:8765`; port 0 is any free one.

    Raises
    ------
    UsageError
        It is no address of this machine, is in use, or can be reached from other machines although
        that is not allowed.
    """
    host, port = _host_and_port(bind)
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise _not_ours(bind, "an unknown name") from None
    if not is_remote_allowed and not ip_address(str(place[0]).partition("%")[0]).is_loopback:
        raise UsageError(
            message(
                "{bind} must be an address that only this machine can reach, such as "
                "127.0.0.1:8765; got {!r}. Add {allow_remote:True} and a token to serve other "
                "machines.",
                bind,
            )
        )
    with socket.socket(family, kind) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
            listener.listen()
        except OSError as error:
            raise _not_ours(bind, shown_cause(error)) from None
        own: Any = listener.getsockname()
        name = f"[{own[0]}]" if family == socket.AF_INET6 else own[0]
        yield Listening(listener, f"http://{name}:{own[1]}")


@contextmanager
def listening_on(path: str | os.PathLike[str]) -> Iterator[Listening]:
    """Listen on a socket in the file system, for the owner and the group of this process.

    A socket that no process listens on is replaced. The socket is deleted at the end.

    Raises
    ------
    UsageError
        The path cannot be used, is another file, or another process listens on it.
    """
    text = path_text(message("{socket}"), path)
    if not text:
        raise UsageError(message("{socket} must be a path; got an empty text. Choose a path."))
    place = Path(text)
    _remove_stale(place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        mask = os.umask(_WITHOUT_OTHERS)
        try:
            listener.bind(os.fspath(place))
            listener.listen()
            own = place.stat().st_ino
        except OSError as error:
            raise _no_place(place, shown_cause(error)) from None
        finally:
            os.umask(mask)
        try:
            yield Listening(listener, f"unix:{place}")
        finally:
            with suppress(OSError):
                if place.stat().st_ino == own:
                    place.unlink()


def _host_and_port(bind: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(bind)
    if found is None or int(found[3]) > _MOST_PORT:
        raise UsageError(
            message(
                "{bind} must be HOST:PORT, such as 127.0.0.1:8765; got {}. {}",
                shown(bind),
                f"Try 127.0.0.1:{bind}." if re.fullmatch("[0-9]{1,5}", bind) else "Correct it.",
            )
        )
    return found[1] or found[2], int(found[3])


def _remove_stale(place: Path) -> None:
    """Delete a socket that no process listens on."""
    try:
        if not S_ISSOCK(place.lstat().st_mode):
            raise _no_place(place, "another file")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(os.fspath(place))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        place.unlink(missing_ok=True)
        return
    except OSError as error:
        raise _no_place(place, shown_cause(error)) from None
    raise _no_place(place, "one that another process listens on")


def _not_ours(bind: str, got: str) -> UsageError:
    return UsageError(
        message(
            "{bind} must be a free address of this machine; got {!r}: {}. Choose another one.",
            bind,
            got,
        )
    )


def _no_place(place: Path, got: str) -> UsageError:
    return UsageError(
        message(
            "{socket} must be a path for a new socket; got {!r}: {}. Choose another one.",
            str(place),
            got,
        )
    )
