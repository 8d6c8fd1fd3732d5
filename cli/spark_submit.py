"""The script for `spark-submit`: score orders in a cluster.

Spark runs a copy of this file as a script, outside of its package.
"""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    sys.exit(import_module("rfm_cli.spark_score").run())
