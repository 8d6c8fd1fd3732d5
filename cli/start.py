"""The entry point. It loads nothing large, so that Ctrl-C works while modules are loaded."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def run() -> None:
    """Start the command line; the installed script `rfm` calls this function."""
    try:
        from .main import run as run_command

        run_command()
    except KeyboardInterrupt:  # also while the modules of the command are loaded
        if sys.stderr is not None:
            sys.stderr.write("error: interrupted\n")
        sys.exit(INTERRUPTED)
