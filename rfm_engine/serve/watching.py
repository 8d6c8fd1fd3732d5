"""The task that opens files when they are replaced."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from rfm_engine.serve.snapshots import Snapshots


class Watching:
    """Runs `Snapshots.watch` in the event loop that answers requests."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to watch, unless that is done already.

        Requests call it too, because mounted applications are not told when the server starts.
        """
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._loop is not loop:
            self._loop, self._task = loop, loop.create_task(self._snapshots.watch())

    async def stop(self) -> None:
        """Stop to watch."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
