"""The origin of a table about scored customers: what it is, in the metadata of its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

METADATA_KEY = b"rfm_engine_insight"
"""Key of the schema metadata of a table: a JSON object."""


def with_origin(table: pa.Table, origin: Mapping[str, Any]) -> pa.Table:
    """Return a table with its origin: its name as `table`, its options and so on."""
    text = json.dumps(dict(origin), default=str)
    return table.replace_schema_metadata({METADATA_KEY: text})


def origin_of(table: pa.Table) -> dict[str, Any]:
    """Return the origin of a table that has one."""
    found: dict[str, Any] = json.loads(table.schema.metadata[METADATA_KEY])
    return found
