"""The installed command, as for the tests of the command line."""

from __future__ import annotations

from tests.cli.conftest import rfm_process  # noqa: F401 - a fixture
