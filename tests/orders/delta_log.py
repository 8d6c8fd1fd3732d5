"""Write logs of Delta tables by hand, with features that `deltalake` reads but does not write."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_ARRAY_OF_BITMAPS = 1681511377
_NO_RUNS = 12346


def commit(root: Path, version: int, *actions: dict) -> None:
    """Write the actions of a version."""
    log = root / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020}.json").write_text("\n".join(map(json.dumps, actions)))


def protocol(*features: str) -> dict:
    """Return the action that names the features that readers must know."""
    names = list(features)
    return {
        "protocol": {
            "minReaderVersion": 3, "minWriterVersion": 7,
            "readerFeatures": names, "writerFeatures": names,
        }
    }  # fmt: skip


def metadata(columns: dict[str, str], partition=(), mapping=None, mode="name") -> dict:
    """Return the action that names the columns; `mapping` has the name of each in the files."""
    fields = [
        {"name": name, "type": kind, "nullable": True, "metadata": {}}
        for name, kind in columns.items()
    ]
    configuration = {"delta.enableDeletionVectors": "true"}
    if mapping is not None:
        configuration["delta.columnMapping.mode"] = mode
        for number, field in enumerate(fields, 1):
            field["metadata"] = {
                "delta.columnMapping.id": number,
                "delta.columnMapping.physicalName": mapping[field["name"]],
            }
    return {
        "metaData": {
            "id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": list(partition), "configuration": configuration, "createdTime": 0,
        }
    }  # fmt: skip


def add(root: Path, name: str, rows: pa.Table, partition=None, deleted=(), stats=None) -> dict:
    """Write a data file, and return the action that adds it without the deleted rows."""
    pq.write_table(rows, root / name, row_group_size=3)
    action = {
        "path": name.replace(" ", "%20"), "partitionValues": partition or {},
        "size": (root / name).stat().st_size, "modificationTime": 0, "dataChange": True,
        "stats": json.dumps({"numRecords": len(rows)} | (stats or {})),
    }  # fmt: skip
    if deleted:
        action["deletionVector"] = _deletion_vector(deleted)
    return {"add": action}


def _deletion_vector(rows) -> dict:
    """Return the vector as text in the log: a Roaring bitmap of one container."""
    bitmap = struct.pack("<II", _NO_RUNS, 1) + struct.pack("<HHI", 0, len(rows) - 1, 16)
    bitmap += b"".join(struct.pack("<H", row) for row in rows)
    data = struct.pack("<IQI", _ARRAY_OF_BITMAPS, 1, 0) + bitmap
    return {
        "storageType": "i", "pathOrInlineDv": _base85(data + b"\0" * (-len(data) % 4)),
        "sizeInBytes": len(data), "cardinality": len(rows),
    }  # fmt: skip


def _base85(data: bytes) -> str:
    text = ""
    for start in range(0, len(data), 4):
        number = int.from_bytes(data[start : start + 4], "big")
        text += "".join(_DIGITS[number // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return text
