"""Where the process starts: nothing large is loaded yet, so that Ctrl-C is answered while it is."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def run() -> None:
    """Start the command line: what the installed `rfm` calls."""
    try:
        from .main import run as run_command

        run_command()
    except KeyboardInterrupt:  # while modules are loaded, that of the command among them
        if sys.stderr is not None:
            sys.stderr.write("error: interrupted\n")
        sys.exit(INTERRUPTED)
