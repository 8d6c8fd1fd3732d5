"""Errors of Spark become one line with the innermost cause, and what to do."""

from __future__ import annotations

import pytest

import rfm_engine as rfm
from rfm_engine.spark.failures import one_line_errors

errors = pytest.importorskip("pyspark.errors")
JOB = (
    "An error occurred while calling o184.parquet.\n: org.apache.spark.SparkException: Job aborted "
    "due to stage failure: Task 0 in stage 2.0 failed 2 times, most recent failure: Lost task 0.1 "
    "in stage 2.0 (TID 4) (host executor driver): "
)
WORKER = (
    'Traceback (most recent call last):\n  File "/pyspark/worker.py", line 3, in main\n'
    "    import pyarrow\nModuleNotFoundError: No module named 'pyarrow'\n\n\tat org.apache"
)
DISK = (
    "org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to "
    "file:/x. SQLSTATE: 58030\n\tat org\nCaused by: java.io.IOException: No space left on device\n"
)
READ = (
    "org.apache.spark.SparkException: [FAILED_READ_FILE.NO_HINT] Encountered error while reading "
    "file file:///x/b.parquet.  SQLSTATE: KD001\n\tat org\nCaused by: java.io.EOFException: end\n"
)


@pytest.mark.parametrize(("text", "kind", "message"), [
    (f"{JOB}org.apache.spark.api.python.PythonException: {WORKER}", rfm.RfmError,
     "executors must have rfm-engine and PySpark; got: ModuleNotFoundError: No module named "
     "'pyarrow'. Set PYSPARK_PYTHON to the Python that has rfm-engine, which every executor must "
     "have too."),
    (JOB + DISK, rfm.RfmError, "Spark must finish its jobs; got: No space left on device. The log "
     "of Spark has details."),
    (JOB + READ, rfm.DataError, "orders must be readable by Spark; got: Encountered error while "
     "reading file file:///x/b.parquet."),
    (f"{JOB}java.io.IOException: Mkdirs failed to create file:/proc/x (exists=false)\n\tat org",
     rfm.UsageError, "INPUT and OUT must be what Spark can read and write; got: Mkdirs failed to "
     "create file:/proc/x (exists=false). Name a folder that all executors can write to."),
    ("An error occurred while calling o1.parquet.\n: java.lang.RuntimeException: "
     "java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found\n",
     rfm.UsageError, "INPUT and OUT must be what Spark can read and write; got: Class "
     "org.apache.hadoop.fs.s3a.S3AFileSystem not found. Add --packages org.apache.hadoop:"
     "hadoop-aws:VERSION to spark-submit, with the version of Hadoop that Spark has."),
    ("[PARQUET_TYPE_ILLEGAL] Illegal Parquet type: INT64 (TIMESTAMP(NANOS,false)). SQLSTATE: 42846",
     rfm.DataError, "orders must be readable by Spark; got: Illegal Parquet type: INT64 "
     "(TIMESTAMP(NANOS,false)). Write the times as microseconds."),
], ids=["other Python", "full disk", "torn file", "no folder", "no S3", "nanoseconds"])  # fmt: skip
def test_one_line_errors__tells_the_cause_and_what_to_do(text, kind, message):
    error = errors.PySparkException(message=text)
    error.add_note("Delete it.")
    with pytest.raises(rfm.RfmError) as found, one_line_errors():
        raise error
    assert type(found.value) is kind
    assert str(found.value) == message
    assert found.value.__notes__ == ["Delete it."]
