"""Tell URIs from local paths, and show them without secrets."""

from __future__ import annotations

import re

# Hadoop's schemes for S3.
_S3 = re.compile(r"s3[an]://")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def is_uri(text: str) -> bool:
    """Whether a text is a URI such as `s3://bucket/orders`, and no local path.

    `file:` may be followed by a single slash.
    """
    return _URI.match(text) is not None


def with_usual_scheme(uri: str) -> str:
    """Return a URI, in which `s3a://` and `s3n://` are `s3://`."""
    return _S3.sub("s3://", uri, count=1)


def without_secrets(uri: str) -> str:
    """Return ``uri`` for messages, without options and passwords.

    The options may contain keys, and so may the part before an @.
    """
    return re.sub(r"://[^/@]*:[^/@]*@", "://", uri.partition("?")[0])
