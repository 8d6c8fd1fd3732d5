"""Delete customers from all files of a history."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.history.carried import CUSTOMERS
from rfm_engine.history.digest import block_digest, content_digest, digested_columns
from rfm_engine.history.store import Store, Transaction, day_of
from rfm_engine.history.tier_pairs import DIGEST_OF
from rfm_engine.history.writing import rows_from
from rfm_engine.output import write_groups
from rfm_engine.result.metadata import METADATA_KEY, with_forgotten
from rfm_engine.result.snapshot import read_snapshot
from rfm_engine.result.sorted_customers import GROUP_ROWS
from rfm_engine.totals.ids import as_id, is_among


class Digests(NamedTuple):
    """The content digest of a snapshot before and after customers were deleted."""

    old: str
    new: str


def forget(
    store: Store, transaction: Transaction, column: str, customers: Sequence[object]
) -> list[object]:
    """Write all units that contain the customers again without them; return those found.

    `column` has the ids of customers.

    Tiers stay valid: where they name the digest of a snapshot, they get its new one.

    Raises
    ------
    UsageError
        An id has another type than those of the history.
    """
    found: set[object] = set()
    digests: dict[str, Digests] = {}
    for unit in sorted(store.all_units(), key=_snapshots_first):
        place = store.place(unit)
        files = sorted(place.glob("*.parquet"))
        here = {file: _ids_in(file, column, customers) for file in files}
        old = store.summary(unit)
        summary = {**old, **_new_digests(old, digests)}
        if not any(here.values()) and summary == old:
            continue
        folder = transaction.folder_of(unit)
        for file in sorted(place.iterdir()):
            if here.get(file):
                found |= here[file].keys()
                _write_without(file, folder / file.name, column, list(here[file].values()))
            else:
                shutil.copyfile(file, folder / file.name)
        (folder / "summary.json").unlink()
        summary.pop("files")
        if "content_digest" in summary:
            summary["content_digest"] = _digest_of(folder / CUSTOMERS)
            digests[summary["as_of"]] = Digests(old["content_digest"], summary["content_digest"])
        transaction.seal(unit, summary)
    return [customer for customer in customers if customer in found]


def _snapshots_first(unit: str) -> tuple[bool, str]:
    return day_of(unit) is None, unit


def _new_digests(summary: dict[str, Any], digests: dict[str, Digests]) -> dict[str, str]:
    """Return the keys of a summary of tiers that name snapshots which have another digest now.

    Those that named an older snapshot still do, so that these tiers are computed again.
    """
    found = {}
    for day, key in DIGEST_OF.items():
        changed = digests.get(summary.get(day, ""))
        if changed is not None and summary.get(key) == changed.old:
            found[key] = changed.new
    return found


def _digest_of(file: Path) -> str:
    """Return the content digest of a snapshot."""
    snapshot = read_snapshot(file)
    names = digested_columns(snapshot.schema)
    starts = range(0, pq.read_metadata(file).num_rows, GROUP_ROWS)
    blocks = [block_digest(rows_from(file, start, GROUP_ROWS), names) for start in starts]
    return content_digest(blocks, snapshot)


def _ids_in(file: Path, column: str, customers: Sequence[object]) -> dict[object, Any]:
    """Return the ids that a file contains, by what the caller gave for them."""
    import pyarrow.compute as pc

    schema = pq.read_schema(file)
    if column not in schema.names:
        return {}
    kind = schema.field(column).type
    ids = pq.read_table(file, columns=[column])[column]
    wanted = {customer: as_id(customer, kind, column) for customer in customers}
    return {
        customer: each for customer, each in wanted.items() if pc.any(is_among(ids, [each])).as_py()
    }


def _write_without(file: Path, target: Path, column: str, ids: list[Any]) -> None:
    """Write a file again without some customers, in row groups as before."""
    table = pq.read_table(file)
    kept = table.filter(pa.compute.invert(is_among(table[column], ids)))
    schema = table.schema
    if METADATA_KEY in (schema.metadata or {}):
        n_rows = len(table) - len(kept)
        schema = schema.with_metadata(with_forgotten(schema.metadata, n_rows, str(file)))
    kept = kept.replace_schema_metadata(schema.metadata).combine_chunks()
    starts = range(0, len(kept), GROUP_ROWS)
    groups = (partial(kept.slice, start, GROUP_ROWS) for start in starts)
    write_groups(groups, schema, target)
