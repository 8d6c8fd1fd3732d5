"""A process is measured, ends in time, and reports why it failed."""

from __future__ import annotations

import os
import sys

import pytest

from rfm_engine.bench.measure import Held, ProcessError, Run, run_process
from rfm_engine.totals.memory.system import anonymous_bytes_of

LINUX = sys.platform == "linux"


def test_run__measures_processor_time_and_memory(tmp_path):
    program = "import time; x = b'x' * 2**26; sum(range(10**6)); time.sleep(0.2)"
    run = run_process([sys.executable, "-c", program], tmp_path, os.environ)
    assert run.seconds > 0.2
    assert run.processor_seconds > 0
    assert run.peak_bytes() > 2**26 or not LINUX


def test_run__says_the_last_line_of_stderr_on_failure(tmp_path):
    with pytest.raises(ProcessError, match=r"^ValueError: no$"):
        run_process([sys.executable, "-c", "raise ValueError('no')"], tmp_path, os.environ)


def test_run__says_the_code_of_a_silent_failure(tmp_path):
    with pytest.raises(ProcessError, match="ended with code 3"):
        run_process([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, os.environ)


@pytest.mark.skipif(not LINUX, reason="memory of another process is read from /proc")
def test_run__ends_a_process_that_holds_too_much(tmp_path):
    program = "import time; x = b'x' * 2**27; time.sleep(60)"
    with pytest.raises(ProcessError, match=r"out of memory: used 0\.1 GB"):
        run_process([sys.executable, "-c", program], tmp_path, os.environ, most_bytes=2**26)


def test_peak__is_that_of_all_or_what_came_on_top_in_between():
    run = Run(5.0, 1.0, [Held(0, 10), Held(1, 70), Held(2, 90), Held(3, 30), Held(4, 95)])
    assert run.peak_bytes() == 95
    assert run.peak_bytes(1.5, 3.5) == 20
    assert run.peak_bytes(2.5, 3.5) == 0
    assert Run(0.0, 0.0, []).peak_bytes(0.0, 1.0) == 0


def test_memory__of_a_process_that_is_gone_is_none():
    assert anonymous_bytes_of(2**22 + 1) == 0
