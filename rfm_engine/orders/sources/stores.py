"""File systems of URIs, which give up in time where they can be told to."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qsl

from pyarrow import fs

_ATTEMPTS = 3
# What a rebuilt file system of S3 would lose.
_KEPT_BY_S3 = {"smart_defaults", "tls_verify_certificates", "tls_ca_dir_path"}


def file_system_of(uri: str, seconds: float) -> tuple[fs.FileSystem, str]:
    """Return the file system of ``uri`` and the path in it.

    Parameters
    ----------
    uri
        With the options that Arrow takes in a query.
    seconds
        How long attempts that make no progress may take, all together.

    Raises
    ------
    pyarrow.ArrowInvalid
        The URI or one of its options is wrong.
    """
    place, _, query = uri.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if re.match("gc?s://", place) and "retry_limit_seconds" not in options:
        # By default Google's library tries again for 15 minutes. It is slow to give up, and should
        # have said why before the deadline.
        uri += f"{'&' if query else '?'}retry_limit_seconds={math.ceil(seconds / 3)}"
    made, path = fs.FileSystem.from_uri(uri)
    if made.type_name == "s3" and _KEPT_BY_S3.isdisjoint(options):
        # Otherwise it tries 33 times and takes 99 s for a server that does not answer.
        _, (arguments,) = made.__reduce__()
        made = fs.S3FileSystem(
            **arguments
            | {
                "connect_timeout": seconds / _ATTEMPTS,
                "request_timeout": seconds / _ATTEMPTS,
                "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
            }
        )
    return made, path
