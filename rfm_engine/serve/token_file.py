"""Read the tokens of a service from a file that only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISCHR

from rfm_engine.errors import UsageError, path_text, shown_cause
from rfm_engine.options.messages import message
from rfm_engine.serve.access import checked_tokens

_OF_OTHERS = 0o077
_MOST_BYTES = 4_096
_MOST_TOKENS = 2


def read_token_file(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the token in a file, or two of them on two lines, so that clients can change over.

    Raises
    ------
    UsageError
        The file cannot be read, can be read by other users, is too long, or has no token or more
        than two.
    """
    place = Path(path_text(message("{token_file}"), path))
    try:
        with place.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            message(
                "{token_file} must be a readable file; got {!r}: {}. Check the path.",
                str(place),
                shown_cause(error),
            )
        ) from None
    if S_ISCHR(mode):
        raise UsageError(
            message("{token_file} must be a file; got the device {!r}. Check the path.", str(place))
        )
    if mode & _OF_OTHERS:
        raise UsageError(
            message(
                "{token_file} must be readable for its owner only; got {!r} with mode {:o}. "
                "Run: chmod 600 {}.",
                str(place),
                mode & 0o777,
                str(place),
            )
        )
    if len(content) > _MOST_BYTES:
        raise UsageError(
            message(
                "{token_file} must have at most {:,} bytes; got more in {!r}. "
                "Make a token with: openssl rand -hex 32.",
                _MOST_BYTES,
                str(place),
            )
        )
    return tokens_in(content.decode("ascii", "replace"), message("{token_file}"))


def tokens_in(text: str, what: str) -> tuple[str, ...]:
    """Return the tokens in a text, one per line; `what` names the text in messages.

    Raises
    ------
    UsageError
        There is no token, there are more than two, or one is too short or not printable ASCII.
    """
    tokens = tuple(text.split())
    if not 0 < len(tokens) <= _MOST_TOKENS:
        raise UsageError(
            message(
                "{} must have one token, or two on two lines; got {}. "
                "Make one with: openssl rand -hex 32.",
                what,
                len(tokens),
            )
        )
    return checked_tokens(tokens, message("a token in {}", what))
