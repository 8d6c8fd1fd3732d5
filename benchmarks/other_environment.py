"""An environment of its own for the package lifetimes, because it needs scipy and autograd.

Nothing of it is imported here: models are fitted by a process of that environment, which reads a
file with the job and writes one with the answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "lifetimes==0.11.3",
    "autograd==1.8.0",
    "numpy==2.3.5",
    "pandas==2.3.3",
    "scipy==1.16.3",
)
"""The versions that the golden values were made with; they exist for Python 3.11 to 3.14."""
SCRIPT = Path(__file__).with_name("lifetimes_models.py")


class OtherEnvironment:
    """A virtual environment with lifetimes.

    Parameters
    ----------
    folder
        Where it is, or where to make it. If it exists, its packages are not installed again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
        self.python = programs / "python"
        if not (folder / "complete").exists():
            _run([sys.executable, "-m", "venv", str(folder)])
            _run([str(self.python), "-m", "pip", "install", "--quiet", *PACKAGES])
            (folder / "complete").touch()

    def run(
        self, work: Path, customers: Mapping[str, Any], job: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Do a job, which `lifetimes_models` describes, in a folder; return the answer.

        Raises
        ------
        RuntimeError
            The process failed; the message has its errors.
        """
        np.savez(work / "customers.npz", **customers)
        (work / "job.json").write_text(json.dumps(job))
        _run([str(self.python), "-W", "ignore", str(SCRIPT), str(work)])
        answer: dict[str, Any] = json.loads((work / "answer.json").read_text())
        return answer


def _run(command: list[str]) -> None:
    # Neither the packages nor the start-up files of this environment may be found by the other one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
