"""The steps that change the folder of a history, so that tests can stop after each of them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from rfm_engine.output import atomic
from rfm_engine.output.locks import locked


class Files:
    """A local file system of this machine."""

    def sync(self, path: Path) -> None:
        """Return when a file, or the names in a folder, would survive a power loss."""
        atomic.sync(path)

    def rename(self, path: Path, target: Path) -> None:
        """Give a file or folder another name; the name must not exist."""
        path.rename(target)

    def remove(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Lock a history against other writers; StateError if another writer has locked it."""
        return locked(folder, "history")
