"""What versions of a Delta table have added is read from logs that were written by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.tables.delta_log import DeltaLog
from tests.orders.delta_log import add, commit, metadata, protocol

ROWS = pa.table({"id": [1, 2, 3]})


CHECKPOINT = pa.schema(
    {
        "protocol": pa.struct(
            {"minReaderVersion": pa.int32(), "readerFeatures": pa.list_(pa.string())}
        ),
        "metaData": pa.struct(
            {
                "id": pa.string(), "schemaString": pa.string(),
                "partitionColumns": pa.list_(pa.string()),
                "configuration": pa.map_(pa.string(), pa.string()),
            }
        ),
    }
)  # fmt: skip


def checkpoint(place, *actions):
    """Write actions as Spark does, whose settings are maps."""
    rows = json.loads(json.dumps(actions))
    for row in rows:
        if "metaData" in row:
            row["metaData"]["configuration"] = [*row["metaData"]["configuration"].items()]
    pq.write_table(pa.Table.from_pylist(rows, CHECKPOINT), place)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    return folder


def log_of(root):
    return DeltaLog(str(root), "30s")


def added(root, version, *columns):
    """Return the rows that a version has added."""
    log = log_of(root)
    parts = log.parts(log.commit(version), log.definition())
    sources = [part.open(columns) for part in parts]
    batches = [found for each in sources for read in each.reads() for found, _ in read]
    return pa.Table.from_batches(batches).to_pylist()


def test_checkpoint__has_the_definition_when_older_versions_are_gone(root):
    actions = [protocol("timestampNtz"), metadata({"id": "long"})]
    log = root / "_delta_log"
    commit(root, 4, add(root, "b", ROWS))
    commit(root, 3, add(root, "a", ROWS))
    names = ["checkpoint.0000000001.0000000002", "checkpoint.0000000002.0000000002"]
    for name, action in zip(names, actions, strict=True):
        with pytest.raises(DataError, match="must have a complete log"):
            log_of(root).definition()
        checkpoint(log / f"{3:020}.{name}.parquet", action)
    assert added(root, 4, "id") == ROWS.to_pylist()


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_checkpoint__may_have_a_unique_name(root, ending):
    actions = [protocol("v2Checkpoint"), metadata({"id": "long"})]
    commit(root, 4, add(root, "b", ROWS))
    commit(root, 3)
    unique = "80a083e8-7026-4e79-81be-64bd76c43a11"
    place = root / "_delta_log" / f"{3:020}.checkpoint.{unique}.{ending}"
    if ending == "json":
        place.write_text("\n".join(map(json.dumps, actions)))
    else:
        checkpoint(place, *actions)
    assert added(root, 4, "id") == ROWS.to_pylist()


def test_commit__tells_changes_of_rows_from_changes_of_files(root):
    gone = {"remove": {"path": "a", "dataChange": True}}
    moved = {"remove": {"path": "a", "dataChange": False}}
    rewritten = add(root, "b", ROWS)
    rewritten["add"]["dataChange"] = False
    commit(root, 0, {"commitInfo": {"operation": "DELETE"}}, gone)
    commit(root, 1, moved, rewritten)
    commit(root, 2, {"txn": {"appId": "x", "version": 1}}, {"remove": {"path": "a"}})
    commit(root, 3, add(root, "c", ROWS, deleted=[1]))
    commits = [log_of(root).commit(version) for version in range(4)]
    assert [each.has_removed for each in commits] == [True, False, True, False]
    assert [each.operation for each in commits] == ["DELETE", "", "", ""]
    assert [[file.path for file in each.added] for each in commits] == [[], [], [], ["c"]]
    assert commits[3].added[0].has_deleted_rows


def test_instant__that_spark_wrote_without_its_zone_is_in_utc(root):
    times = pa.array([datetime(2026, 1, 1, 12)], pa.timestamp("us"))
    rows = pa.table({"at": times, "local": times})
    action = add(root, "a", rows)
    pq.write_table(rows, root / "a", use_deprecated_int96_timestamps=True)
    columns = {"at": "timestamp", "local": "timestamp_ntz"}
    commit(root, 0, protocol("timestampNtz"), metadata(columns), action)
    [row] = added(root, 0, "at", "local")
    assert row == {"at": datetime(2026, 1, 1, 12, tzinfo=UTC), "local": datetime(2026, 1, 1, 12)}


def test_column__has_the_type_and_the_name_of_the_table(root):
    narrow = pa.table({"c1": pa.array([1, 2], pa.int32()), "c2": [Decimal("1.5"), None]})
    columns = {"id": "long", "amount": "decimal(12,3)", "note": "string", "list": "array"}
    mapping = {"id": "c1", "amount": "c2", "note": "c3", "list": "c4"}
    about = metadata(columns, mapping=mapping)
    commit(root, 0, protocol("columnMapping", "typeWidening"), about, add(root, "a", narrow))
    assert added(root, 0, "note", "amount", "id") == [
        {"note": None, "amount": Decimal("1.500"), "id": 1},
        {"note": None, "amount": None, "id": 2},
    ]


def test_column__is_found_by_its_number(root):
    fields = [
        pa.field(f"x{i}", kind, metadata={"PARQUET:field_id": str(i)})
        for i, kind in enumerate([pa.int64(), pa.string()], 1)
    ]
    rows = pa.Table.from_arrays([[1, 2], ["a", None]], schema=pa.schema(fields))
    mapping = {"id": "x2", "note": "x1"}
    about = metadata({"id": "long", "note": "string"}, mapping=mapping, mode="id")
    commit(root, 0, protocol("columnMapping"), about, add(root, "a", rows))
    assert added(root, 0, "note", "id") == [{"note": "a", "id": 1}, {"note": None, "id": 2}]


PARTITIONS = {
    "long": ("-5", -5), "byte": ("7", 7), "double": ("1.5", 1.5), "boolean": ("true", True),
    "decimal(5,2)": ("1.50", Decimal("1.50")), "date": ("2026-01-31", date(2026, 1, 31)),
    "timestamp": ("2026-01-31 12:00:00.5", datetime(2026, 1, 31, 12, 0, 0, 500_000, UTC)),
    "timestamp_ntz": ("2026-01-31 12:00:00", datetime(2026, 1, 31, 12)),
    "string": ("007", "007"), "binary": ("\u0001\u00ff", b"\x01\xff"),
}  # fmt: skip


@pytest.mark.parametrize("kind", PARTITIONS)
def test_partition__has_the_value_of_its_type(root, kind):
    text, value = PARTITIONS[kind]
    about = metadata({"id": "long", "part": kind}, partition=["part"])
    files = [add(root, str(n), ROWS, {"part": t}) for n, t in enumerate((text, "", None))]
    commit(root, 0, protocol(), about, *files)
    found = [row["part"] for row in added(root, 0, "part", "id")]
    assert found == [value] * 3 + [None] * 6


@pytest.mark.parametrize("kind", ["long", "date", "boolean", "timestamp", "decimal(5,2)", "byte"])
def test_partition__of_another_type_is_refused(root, kind):
    about = metadata({"part": kind}, partition=["part"])
    commit(root, 0, protocol(), about, add(root, "a", ROWS, {"part": "1234x"}))
    with pytest.raises(
        DataError, match=r"'part' of .*/a must have a value of type .*; got '1234x'"
    ):
        added(root, 0, "part")


def test_file__may_be_given_by_its_uri(root, tmp_path):
    place = tmp_path / "far away" / "a.parquet"
    place.parent.mkdir()
    action = add(place.parent, place.name, ROWS)
    action["add"]["path"] = place.as_uri()
    commit(root, 0, protocol(), metadata({"id": "long"}), action)
    assert added(root, 0, "id") == ROWS.to_pylist()


FEATURES = {
    "catalogManaged": (protocol("catalogManaged"), metadata({"id": "long"})),
    "reader version 4": (
        {"protocol": {"minReaderVersion": 4, "minWriterVersion": 7}}, metadata({"id": "long"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES)
def test_feature__that_is_not_known_is_refused(root, feature):
    commit(root, 0, *FEATURES[feature])
    with pytest.raises(
        DataError, match=f"must require no reader features except .*; got {feature}"
    ):
        log_of(root).definition()


@pytest.mark.parametrize("name", ["s3://bucket/*/orders", "none"])
def test_place__that_is_no_table_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="must"):
        log_of(name)
