"""The fixture that runs a command line in this process."""

from __future__ import annotations

from tests.cli.conftest import rfm

__all__ = ["rfm"]
