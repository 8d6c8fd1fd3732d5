"""Tell URIs from local paths, and show them without secrets."""

from __future__ import annotations

import re

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def is_uri(text: str) -> bool:
    """Whether a text is a URI such as `s3://bucket/orders`, and no local path.

    `file:` may be followed by a single slash.
    """
    return _URI.match(text) is not None


def without_secrets(uri: str) -> str:
    """Return ``uri`` for messages, without options and passwords.

    The options may contain keys, and so may the part before an @.
    """
    return re.sub(r"://[^/@]*:[^/@]*@", "://", uri.partition("?")[0])
