"""Errors of Spark as errors of one line, without the stack of the Java machine."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rfm_engine.errors import DataError, RfmError, UsageError, printable

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_.]+)\] ([^\n]*)")
_STATE = re.compile(r" SQLSTATE: \w+.*")
_MOST = 300
# What the user can do, by the start of the name of an error condition.
_ADVICE = {
    "PATH_NOT_FOUND": "Check the path, and that the cluster may read it.",
    "TABLE_OR_VIEW_NOT_FOUND": "Check the name. For a folder of that name, put ./ before it.",
    "DATA_SOURCE_NOT_FOUND": "Add its package to spark-submit, with --packages or --jars.",
    "UNABLE_TO_INFER_SCHEMA": "Name a folder with Parquet files.",
    "PATH_ALREADY_EXISTS": "Name another place, or add --replace.",
    "REQUIRES_SINGLE_PART_NAMESPACE": "Check that the catalog is configured in Spark.",
    "PARQUET_TYPE_ILLEGAL": "Spark cannot read this type: write the column as text or as 16 bytes.",
}
_OF_DATA = ("FAILED_READ_FILE", "CANNOT_READ_FILE", "PARQUET_", "CAST_")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Raise errors of Spark as errors of one line.

    Raises
    ------
    UsageError
        Spark found a mistake before it read rows, such as a table that does not exist.
    DataError
        Spark cannot read a file.
    RfmError
        Anything else, such as an executor that was lost.
    """
    from pyspark.errors import AnalysisException, PySparkException

    kinds: tuple[type[Exception], ...] = (PySparkException,)
    if find_spec("py4j") is not None:  # not with Spark Connect
        from py4j.protocol import Py4JError

        kinds += (Py4JError,)
    try:
        yield
    except kinds as error:
        condition, said = _said(error)
        advice = next((to_do for name, to_do in _ADVICE.items() if condition.startswith(name)), "")
        if condition.startswith(_OF_DATA):
            raise DataError(f"orders must be readable by Spark; got: {said} {advice}") from error
        if advice or isinstance(error, AnalysisException):
            raise UsageError(f"Spark must know its tables; got: {said} {advice}") from error
        raise RfmError(
            f"Spark must finish its jobs; got: {said} The log of Spark has details."
        ) from error


def _said(error: Exception) -> tuple[str, str]:
    """Return the name of the last error condition of Spark, and its text in one line."""
    text = str(error)
    found = _CONDITION.findall(text)
    if found:
        # The outermost condition often tells only that a job was aborted.
        condition, said = found[-1]
    else:
        lines = [line.strip(": ") for line in text.splitlines()]
        condition, said = "", next((line for line in lines[1:] if line), lines[0])
    said = printable(textwrap.shorten(_STATE.sub("", said), _MOST, placeholder=" ..."))
    return condition, said if said.endswith(".") else f"{said}."
