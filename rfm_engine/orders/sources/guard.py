"""Turn Arrow's errors about a file into errors of one line that name the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from rfm_engine.errors import DataError, RfmError, UsageError

_LONGEST_REASON = 300


@contextmanager
def reading(name: str, contract: str) -> Iterator[None]:
    """Refuse the file ``name`` if reading it fails.

    Parameters
    ----------
    name
        The file, as the caller named it.
    contract
        What it must contain, such as ``"readable Parquet"``.

    Raises
    ------
    DataError
        Arrow could not interpret the bytes.
    UsageError
        The file is missing, or permission to read it is denied.
    OSError
        The machine failed: the error has an ``errno``.
    """
    try:
        yield
    except RfmError:
        raise
    except FileNotFoundError as error:
        raise missing(name) from error
    except PermissionError as error:
        raise UsageError(
            f"{name} must be readable; got permission denied. Check its owner and mode."
        ) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        # Arrow raises OSError for corrupt bytes too, but only errors of the machine have an errno.
        # ValueError covers undecodable names and broken extension metadata.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{name} must contain {contract}; got {first_line(error)}. "
            "Check that the file is complete and write it again."
        ) from error


class MissingInputError(UsageError):
    """An input does not exist."""


def missing(name: str) -> MissingInputError:
    """Return the error for an input that does not exist."""
    return MissingInputError(f"{name} must exist; got no such file or folder. Check the path.")


def first_line(error: BaseException) -> str:
    """Return the first line of the message of ``error``, without its full stop."""
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    return line[:_LONGEST_REASON].rstrip(" .")
