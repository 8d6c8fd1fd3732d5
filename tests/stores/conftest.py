"""The installed command, as for the tests of the command line."""

from __future__ import annotations

from tests.cli.conftest import rfm_process  # noqa: F401 - a fixture
from tests.conftest import COMPILED

# These tests wait for a failing store, minutes in total, and run no kernel that other tests skip.
collect_ignore = [] if COMPILED else ["test_flaky_store.py", "test_waiting.py"]
