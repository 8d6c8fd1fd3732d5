"""Tell a failed store from a damaged file: Arrow raises the same kind of error for both."""

from __future__ import annotations

import re
from typing import TypeGuard

import pyarrow as pa

from rfm_engine.errors import RfmError
from rfm_engine.orders.sources.guard import first_line, missing

# How the messages of the libraries of S3, Google and Azure begin.
_OF_A_STORE = re.compile(
    r"AWS Error |google::cloud::Status\(|Azure Error: |N5Azure|Azure\w* \w* failed|curlCode: "
)
_GONE = re.compile(
    r"AWS Error (?:NO_SUCH_KEY|NO_SUCH_BUCKET|RESOURCE_NOT_FOUND)"
    r"|google::cloud::Status\(NOT_FOUND"
    r"|Azure Error: \[(?:BlobNotFound|ContainerNotFound|PathNotFound|FilesystemNotFound)\]"
)
_FULL = "Failed to flush response stream"
# Names of C++ types, and fixed phrases in the messages of Google's library.
_NOISE = (
    (re.compile(r"google::cloud::Status\(\w+: (.*?)(?: error_info=.*)?\)?$"), r"\1"),
    (re.compile(r"Permanent error, with a last message of "), ""),
    (re.compile(r"Retry policy exhausted, with a last message of "), ""),
    (re.compile(r"The request was not sent.*?The underlying error message was: "), ""),
    (re.compile(r"PerformWork\(\) - "), ""),
    (re.compile(r"^Unknown error: "), ""),
    (re.compile(r" See Azure::.*"), ""),
    (re.compile(rf".*{_FULL}.*"), "a refusal"),
    (re.compile(r"\bN\d+[A-Z]\w+E: "), ""),
)


def is_of_store(error: BaseException | None) -> TypeGuard[Exception]:
    """Tell whether the store failed, as opposed to damaged bytes that it returned."""
    return isinstance(error, OSError | pa.ArrowException) and (
        _OF_A_STORE.search(str(error)) is not None
        or (isinstance(error, OSError) and error.errno is not None)
    )


def says_nothing(error: BaseException | None) -> bool:
    """Tell whether a store failed and the reason is lost.

    Arrow writes the refusal into the buffer for the requested bytes, which may be too small.
    """
    return _FULL in str(error)


def unreachable(name: str, error: BaseException) -> RfmError:
    """Return the error for an input whose store failed."""
    if isinstance(error, FileNotFoundError) or _GONE.search(str(error)):
        return missing(name)
    return RfmError(
        f"{name} must be reachable; got {_said(error)}. "
        "Check the network, the credentials and the region."
    )


def cut_short(name: str) -> RfmError:
    """Return the error for a file that a store returns with fewer bytes than it reported."""
    return RfmError(
        f"{name} must arrive completely; got fewer bytes than the store reported. "
        "Check the network and any proxy, and run the command again."
    )


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    for noise, instead in _NOISE:
        text = noise.sub(instead, text)
    return first_line(OSError(text))
