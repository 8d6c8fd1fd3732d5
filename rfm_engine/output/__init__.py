"""Write tables as Parquet, Arrow IPC or CSV, completely or not at all."""

from rfm_engine.output.place import (
    check_output,
    check_writable,
    refuse_inside,
    refuse_overwriting,
    same_place,
)
from rfm_engine.output.tables import write, write_groups

__all__ = [
    "check_output",
    "check_writable",
    "refuse_inside",
    "refuse_overwriting",
    "same_place",
    "write",
    "write_groups",
]
