"""Errors of Spark as errors of one line, without the stack of the Java machine."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from rfm_engine.errors import DataError, RfmError, UsageError, printable

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_.]+)\] ([^\n]*)")
_STATE = re.compile(r" SQLSTATE: \w+.*")
# The first line after a traceback that is not indented has the Python error.
_PYTHON = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(\S[^\n]*)")
_CAUSE = re.compile(r"^Caused by: (?:[\w.$]+: )?([^\n]+)", re.MULTILINE)
_LOST = re.compile(r"Lost task [^\n]*? executor \w+\): (?:[\w.$]+: )?([^\n]+)")
_FIRST = re.compile(r"^: (?:[\w.$]+: )*([^\n]+)", re.MULTILINE)
_MOST = 300
# What the user can do, by the start of the name of an error condition.
_ADVICE = {
    "PATH_NOT_FOUND": "Check the path, and that the cluster may read it.",
    "TABLE_OR_VIEW_NOT_FOUND": "Check the name. For a folder of that name, put ./ before it.",
    "DATA_SOURCE_NOT_FOUND": "Add its package to spark-submit, with --packages or --jars.",
    "UNABLE_TO_INFER_SCHEMA": "Name a folder with Parquet files.",
    "PATH_ALREADY_EXISTS": "Name another place.",
    "REQUIRES_SINGLE_PART_NAMESPACE": "Check that the catalog is configured in Spark.",
}
# The same by words of the text.
_BY_WORDS = {
    "Illegal Parquet type: INT64 (TIMESTAMP(NANOS": "Write the times as microseconds.",
    "Illegal Parquet type": "Spark cannot read this type: write the column as text or as 16 bytes.",
    "S3AFileSystem not found": "Add --packages org.apache.hadoop:hadoop-aws:VERSION to "
    "spark-submit, with the version of Hadoop that Spark has.",
    "Class org.apache.hadoop": "Add its package to spark-submit, with --packages or --jars.",
    "No FileSystem for scheme": "Check the start of the path, or add the package of the file "
    "system to spark-submit.",
    "error parsing regexp": "Correct the wildcard, or write \\ before a character that is none.",
    "Mkdirs failed": "Name a folder that all executors can write to.",
    "not a directory": "Name another folder.",
}
_OF_PYTHON = ("ModuleNotFoundError", "ImportError", "PYTHON_VERSION_MISMATCH", "Cannot run program")
_OTHER_PYTHON = (
    "Set PYSPARK_PYTHON to the Python that has rfm-engine, which every executor must have too."
)
_OF_DATA = ("FAILED_READ_FILE", "CANNOT_READ_FILE", "PARQUET_", "CAST_")


def errors_of_spark() -> tuple[type[Exception], ...]:
    """Return the classes of the errors that Spark raises in the driver."""
    from pyspark.errors import PySparkException

    if find_spec("py4j") is None:  # with Spark Connect
        return (PySparkException,)
    from py4j.protocol import Py4JError

    return PySparkException, Py4JError


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
    from pyspark.errors import AnalysisException

    try:
        yield
    except errors_of_spark() as error:
        found = _translated(error, is_mistake=isinstance(error, AnalysisException))
        for note in getattr(error, "__notes__", ()):
            found.add_note(note)
        raise found from error


def _translated(error: Exception, *, is_mistake: bool) -> RfmError:
    condition, said = _said(str(error))
    if said.startswith(_OF_PYTHON) or condition.startswith(_OF_PYTHON):
        return RfmError(f"executors must have rfm-engine and PySpark; got: {said} {_OTHER_PYTHON}")
    by_words = next((to_do for words, to_do in _BY_WORDS.items() if words in said), "")
    advice = by_words or _known(condition, _ADVICE)
    if condition.startswith(_OF_DATA):
        return DataError(f"orders must be readable by Spark; got: {said} {advice}".rstrip())
    if advice or is_mistake:
        told = f"INPUT and OUT must be what Spark can read and write; got: {said} {advice}"
        return UsageError(told.rstrip())
    return RfmError(f"Spark must finish its jobs; got: {said} The log of Spark has details.")


def _known(condition: str, advice: Mapping[str, str]) -> str:
    return next((to_do for name, to_do in advice.items() if condition.startswith(name)), "")


def _said(text: str) -> tuple[str, str]:
    """Return the name of an error condition of Spark, and the innermost cause in one line.

    The outermost error often tells only that a job was aborted.
    """
    conditions = _CONDITION.findall(text)
    known = [each for each in conditions if each[0].startswith((*_ADVICE, *_OF_DATA, *_OF_PYTHON))]
    causes = next((each for form in (_PYTHON, _CAUSE, _LOST) if (each := form.findall(text))), None)
    if known:
        condition, said = known[-1]
    elif causes:
        condition, said = "", causes[-1]
    elif conditions:
        condition, said = conditions[-1]
    else:
        first = _FIRST.search(text)
        condition, said = "", first[1] if first else text.strip().partition("\n")[0]
    said = printable(textwrap.shorten(_STATE.sub("", said), _MOST, placeholder=" ..."))
    return condition, said if said.endswith(".") else f"{said}."
