"""`rfm warmup`: compile now what the first run would compile."""

from __future__ import annotations

import time

import typer


def warmup() -> None:
    """Compile all loops once, so that later runs start at full speed."""
    start = time.monotonic()
    from rfm_engine.kernels import cache_directory
    from rfm_engine.simulate.warmup import warm

    warm()
    place = cache_directory() or "nowhere: no private folder is writable"
    typer.echo(f"compiled in {time.monotonic() - start:.1f} s, cached in {place}")
