"""The common base of the sources that read files."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from rfm_engine.orders.place import Selection
from rfm_engine.orders.sources.discovery import File


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file and its needed columns; implements a part of `rfm_engine.orders.place.Source`."""

    file: File
    selection: Selection

    @property
    def name(self) -> str:
        """Path or URI."""
        return self.file.name

    @property
    def schema(self) -> pa.Schema:
        """The needed columns, with their types in the file."""
        return self.selection.schema

    @property
    def repeatable(self) -> bool:
        """True, because a file can be read again."""
        return True
