"""Create the file systems of URIs, with time-outs where the file system supports them."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qsl

from pyarrow import fs

_ATTEMPTS = 3
# Options that would be lost when the S3 file system is rebuilt.
_KEPT_BY_S3 = {"smart_defaults", "tls_verify_certificates", "tls_ca_dir_path"}


def file_system_of(uri: str, seconds: float) -> tuple[fs.FileSystem, str]:
    """Return the file system of ``uri`` and the path in it.

    Parameters
    ----------
    uri
        A URI with the options that Arrow accepts in the query.
    seconds
        Total time for attempts that make no progress.

    Raises
    ------
    pyarrow.ArrowInvalid
        The URI or one of its options is wrong.
    """
    place, _, query = uri.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if re.match("gc?s://", place) and "retry_limit_seconds" not in options:
        # By default Google's library retries for 15 minutes. It is slow to give up, so it gets a
        # third of the time to report the reason before the deadline.
        uri += f"{'&' if query else '?'}retry_limit_seconds={math.ceil(seconds / 3)}"
    made, path = fs.FileSystem.from_uri(uri)
    if made.type_name == "s3" and _KEPT_BY_S3.isdisjoint(options):
        # Otherwise it tries 33 times, which takes 99 s if the server does not answer.
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
