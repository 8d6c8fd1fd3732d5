"""The installed command, as for the tests of the command line."""

from __future__ import annotations

from tests.cli.conftest import rfm_process  # noqa: F401 - a fixture
from tests.conftest import COMPILED

# They wait for a store that fails, minutes in all, and run no kernel that others do not.
collect_ignore = [] if COMPILED else ["test_flaky_store.py", "test_waiting.py"]
