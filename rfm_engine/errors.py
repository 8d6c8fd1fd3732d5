"""The errors a caller can act on.

Every message reads ``<what> must <contract>; got <actual>. <what to do>.`` on one line.
"""

from __future__ import annotations


class RfmError(Exception):
    """Base of all errors of this package; raised itself when the machine fails (disk, memory)."""


class UsageError(RfmError, ValueError):
    """What was asked for cannot be done: an unknown column, a missing input, a contradiction."""


class DataError(RfmError, ValueError):
    """The data were refused: a corrupt file, a wrong type, drift, overflow, mixed currencies."""
