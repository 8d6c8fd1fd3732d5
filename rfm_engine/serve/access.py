"""Who may read: clients with a token, or without one clients that use a local name."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message
from rfm_engine.serve.http_error import HttpError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
LEAST_TOKEN_BYTES = 32
Headers = Iterable[tuple[bytes, bytes]]

_TOKEN = re.compile("[!-~]+")
_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]*)?", re.IGNORECASE)


class Access:
    """Decides whether a request may be answered.

    Parameters
    ----------
    tokens
        A request must have one of them; with none, its `Host` must be in `hosts`. Otherwise any web
        page could read customers by giving its own name the address of this machine.
    hosts
        Names without ports.
    """

    def __init__(self, tokens: Sequence[str], hosts: Iterable[str]) -> None:
        self._digests = [sha256(each.encode()).digest() for each in tokens]
        self._hosts = {each.lower().encode() for each in hosts}

    def refusal(self, headers: Headers) -> HttpError | None:
        """Return why a request with these headers is refused; None if it may be answered."""
        if self._digests:
            return None if self._has_token(headers) else _no_token()
        return None if self._has_host(headers) else _wrong_host()

    def _has_token(self, headers: Headers) -> bool:
        given = [value for name, value in headers if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        # All are compared, and by digests of one length, so that times say nothing of the tokens.
        digest = sha256(token.strip(b" ")).digest()
        found = [hmac.compare_digest(digest, each) for each in self._digests]
        return any(found) and scheme.lower() == b"bearer"

    def _has_host(self, headers: Headers) -> bool:
        given = [value for name, value in headers if name == b"host"]
        host = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        return host is not None and host[1].lower() in self._hosts


def checked_tokens(given: str | Sequence[str] | None, what: str = "token") -> tuple[str, ...]:
    """Return tokens as a tuple; None is no token. `what` names one in messages.

    Raises
    ------
    UsageError
        A token is shorter than 32 bytes, or is not printable ASCII without spaces.
    """
    tokens = () if given is None else (given,) if isinstance(given, str) else tuple(given)
    for each in tokens:
        # The message must not show the token.
        if not isinstance(each, str) or not _TOKEN.fullmatch(each):
            raise UsageError(
                message(
                    "{} must be printable ASCII without spaces; got other characters. "
                    "Make one with: openssl rand -hex 32.",
                    what,
                )
            )
        if len(each) < LEAST_TOKEN_BYTES:
            raise UsageError(
                message(
                    "{} must have at least {} bytes; got {}. Make one with: openssl rand -hex 32.",
                    what,
                    LEAST_TOKEN_BYTES,
                    len(each),
                )
            )
    if given is not None and not tokens:
        raise UsageError("token must be one token or more; got none. Leave it out, or give one.")
    return tokens


def checked_hosts(given: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names by which clients without a token may call the service.

    Raises
    ------
    UsageError
        They are not names without ports.
    """
    if given is None:
        return LOCAL_HOSTS
    if isinstance(given, str):
        raise UsageError(f"hosts must be a list of names; got {shown(given)}. Put it into a list.")
    for each in given:
        found = _HOST.fullmatch(each.encode()) if isinstance(each, str) else None
        if found is None or found[1] != each.encode():
            raise UsageError(
                f"hosts must be names without ports, such as localhost; got {shown(each)}. "
                "Correct it."
            )
    return tuple(given)


def _no_token() -> HttpError:
    return HttpError(
        401,
        "unauthorized",
        "request must have a header Authorization: Bearer TOKEN; got none, or another token. "
        "Give the token of the service.",
        {"www-authenticate": 'Bearer realm="rfm"'},
    )


def _wrong_host() -> HttpError:
    return HttpError(
        403,
        "wrong_host",
        "host must be a local name, such as localhost, because the service has no token; got "
        "another name. Use a local name, or start the service with a token.",
    )
