"""Turn what Arrow raises over a file into one line that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from rfm_engine.errors import DataError, RfmError, UsageError

_LONGEST_REASON = 300


@contextmanager
def reading(name: str, contract: str) -> Iterator[None]:
    """Refuse the file ``name`` when reading it fails.

    Parameters
    ----------
    name
        The file, as the caller knows it.
    contract
        What it must hold, such as ``"readable Parquet"``.

    Raises
    ------
    DataError
        Arrow could not make sense of the bytes.
    UsageError
        The file is missing or may not be read.
    OSError
        The machine failed: an error that carries an ``errno``.
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
        # Arrow reports corrupt bytes as OSError too, but only the machine's own carry a number;
        # ValueError covers undecodable names and broken extension metadata.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{name} must hold {contract}; got {first_line(error)}. "
            "Check that the file is whole and write it again."
        ) from error


def missing(name: str) -> UsageError:
    """Return the error for an input that is not there."""
    return UsageError(f"{name} must exist; got nothing there. Check the path.")


def first_line(error: BaseException) -> str:
    """Return the first line of what ``error`` says, without its full stop."""
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    return line[:_LONGEST_REASON].rstrip(" .")
