"""Iceberg tables: every snapshot gives what the plain files of its rows give."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import RfmError, UsageError
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.tables.iceberg_file import TaskRows
from tests.orders.drain import drained
from tests.orders.lake import AS_OF, N, orders, result_of


@pytest.fixture
def table(catalog):
    return catalog.create_table("shop.orders", schema=orders().schema)


def id_of(table):
    return table.current_snapshot().snapshot_id


def readers_of(given, *columns):
    """Return the kinds of readers of the files."""
    return {type(each.rows) for each in open_sources(given, columns)}


def test_iceberg__each_snapshot_equals_its_rows(table):
    table.append(orders())
    first = id_of(table)
    table.append(orders(1000))
    both = id_of(table)
    table.delete("customer_id = 7 and amount > 0")
    table.manage_snapshots().create_tag(first, "start").create_branch(both, "audit").commit()
    rows = {first: orders(), both: pa.concat_tables([orders(), orders(1000)])}
    rows[id_of(table)] = table.scan().to_arrow()
    for snapshot, held in rows.items():
        wanted = result_of(held)
        place = f"iceberg:lake.shop.orders@{snapshot}"
        assert result_of(place) == wanted
        assert result_of(table.scan(snapshot_id=snapshot)) == wanted
        assert rfm.score(place, as_of=AS_OF).options["tables"] == [place]
    assert len(held) < 2 * N
    assert result_of(table) == wanted
    assert result_of("iceberg:lake.shop.orders") == wanted
    assert result_of("iceberg:lake.shop.orders@start") == result_of(rows[first])
    said = rfm.score(["iceberg:lake.shop.orders@audit"], as_of=AS_OF).options["tables"]
    assert said == [f"iceberg:lake.shop.orders@{both}"]
    assert TaskRows not in readers_of(table, "customer_id", "shop")
    with pytest.raises(
        UsageError, match=r"a table must be given once; got .*@start and .*orders\."
    ):
        rfm.score(["iceberg:lake.shop.orders@start", "iceberg:lake.shop.orders"], as_of=AS_OF)


def test_iceberg__filters_and_limits_of_a_scan_hold(table):
    table.append(orders())
    some = table.scan(row_filter="customer_id >= 20 and shop is null")
    assert result_of(some) == result_of(some.to_arrow())
    assert rfm.score(some, as_of=AS_OF).rows.read == len(some.to_arrow())
    assert rfm.score(table.scan(limit=17), as_of=AS_OF).rows.read == 17
    for part in (some, table.scan(limit=17)):
        named = f"iceberg:lake.shop.orders@{id_of(table)} (filtered)"
        assert rfm.score(part, as_of=AS_OF).options["tables"] == [named]
    named = table.scan(selected_fields=("customer_id", "order_time"))
    with pytest.raises(UsageError, match=r"amount column 'amount' must exist in iceberg:lake"):
        rfm.score(named, as_of=AS_OF)
    both = [table.scan(row_filter="customer_id < 20"), orders(2000)]
    left = table.scan(row_filter="customer_id < 20").to_arrow()
    assert result_of(both) == result_of([left, orders(2000)])
    halves = [table.scan("customer_id < 20"), table.scan("customer_id >= 20")]
    assert rfm.score(halves, as_of=AS_OF).rows.counted == rfm.score(table, as_of=AS_OF).rows.counted
    for other in (table, table.scan(), halves[0]):
        with pytest.raises(UsageError, match=r"given once; got iceberg:lake.* and iceberg:lake"):
            rfm.score([halves[0], other], as_of=AS_OF)


def test_iceberg__positional_deletes_of_other_writers_are_applied(table):
    """`pyiceberg` rewrites files; Spark and Flink write the positions of deleted rows."""
    table.append(orders())
    deleted = [0, 3, 4, 200, 239]
    _delete_positions(table, deleted)
    kept = orders().take([i for i in range(N) if i not in deleted])
    assert rfm.score(table, as_of=AS_OF).rows.read == N - 5
    assert result_of(table) == result_of(kept)
    assert readers_of(table, "amount") == {TaskRows}


def _delete_positions(table, rows):
    """Commit a file of positions of deleted rows, as the specification describes it."""
    import pyarrow.parquet as pq
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    [task] = table.scan().plan_files()
    place = f"{table.location()}/data/deletes.parquet"
    number = {"PARQUET:field_id": "2147483546"}, {"PARQUET:field_id": "2147483545"}
    schema = pa.schema(
        [
            pa.field("file_path", pa.string(), nullable=False, metadata=number[0]),
            pa.field("pos", pa.int64(), nullable=False, metadata=number[1]),
        ]
    )
    path = place.removeprefix("file://")
    pq.write_table(pa.table([[task.file.file_path] * len(rows), rows], schema=schema), path)
    deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES, file_path=place, partition=Record(),
        file_format=FileFormat.PARQUET, record_count=len(rows), file_size_in_bytes=1000,
    )  # fmt: skip
    deletes.spec_id = 0
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        update.append_data_file(deletes)


def test_iceberg__columns_are_found_by_their_numbers(table):
    from pyiceberg.types import DecimalType, LongType

    table.append(orders())
    with table.update_schema() as change:
        change.rename_column("shop", "store")
        change.delete_column("amount")
    with table.update_schema() as change:
        change.add_column("amount", DecimalType(10, 2))
        change.add_column("shop", LongType())
    amounts = pa.array([Decimal(i) / 4 for i in range(N)], pa.decimal128(10, 2))
    more = orders(1000).drop_columns(["amount", "shop"])
    more = more.append_column("store", orders(1000)["shop"]).append_column("amount", amounts)
    table.append(more.append_column("shop", pa.array(range(N), pa.int64())))
    wanted = table.scan().to_arrow()
    assert wanted["shop"].null_count == N
    assert result_of(table, by="store") == result_of(wanted, by="store")
    assert result_of("iceberg:lake.shop.orders", where="shop=5", by="store")[2].counted == 1


def test_iceberg__partitioned_and_widened_columns(catalog):
    from pyiceberg.types import DoubleType, LongType

    rows = orders()
    rows = rows.set_column(2, "amount", rows["amount"].cast(pa.int32()))
    rows = rows.append_column("rate", rows["amount"].cast(pa.float32()))
    table = catalog.create_table("shop.parts", schema=rows.schema)
    with table.update_spec() as plan:
        plan.add_identity("shop")
    table.append(rows.slice(0, 40))
    with table.update_schema() as change:
        change.update_column("amount", LongType())
        change.update_column("rate", DoubleType())
    wanted = table.scan().to_arrow()
    assert result_of(table) == result_of(wanted)
    got = drained(table, "amount", "rate")
    assert got.schema.types == [pa.int64(), pa.float64()]
    assert result_of(table, amount="rate") == result_of(wanted, amount="rate")
    assert len(open_sources("iceberg:lake.shop.parts", ["shop"])) == 4


def test_iceberg__a_table_without_rows_is_like_an_empty_file(table):
    assert result_of("iceberg:lake.shop.orders") == result_of(table.scan().to_arrow())
    assert rfm.score(table, as_of=AS_OF).options["tables"] == ["iceberg:lake.shop.orders"]
    table.append(orders())
    table.delete()
    assert rfm.score(table, as_of=AS_OF).rows.read == 0


def test_iceberg__what_was_opened_is_read_although_the_table_changes(table):
    table.append(orders())
    sources = open_sources(table, ["amount"])
    table.overwrite(orders(1000, 5))
    assert sum(len(batch) for s in sources for read in s.reads() for batch, _ in read) == N
    assert rfm.score(table, as_of=AS_OF).rows.read == 5


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("iceberg:lake.shop.order", r"a table of the catalog; got none .* mean 'shop.orders'?"),
        ("iceberg:lake.shops.orders", r"a table of the catalog; got none of this name. Check"),
        ("iceberg:lak.shop.orders", r"catalog 'lak' must be one that pyiceberg knows.* 'lake'"),
        ("iceberg:lake.shop.orders@stat", r"snapshot, tag or branch .* mean 'start'?"),
        ("iceberg:lake.shop.orders@12", r"must be a snapshot, tag or branch of the table; got no"),
        ("iceberg:lake", r"a table must be given with CATALOG.TABLE"),
        ("iceberg:lake.orders", r"as iceberg:CATALOG.NAMESPACE.TABLE; got iceberg:lake.orders\."),
    ],
)
def test_iceberg__wrong_names_are_refused(table, place, said):
    table.append(orders(0, 5))
    table.manage_snapshots().create_tag(id_of(table), "start").commit()
    with pytest.raises(UsageError, match=said):
        rfm.score(place, as_of=AS_OF)


def test_iceberg__missing_files_and_a_broken_catalog_are_refused(table, tmp_path):
    table.append(orders(0, 5))
    scan = table.scan()
    for task in scan.plan_files():
        (tmp_path / task.file.file_path.removeprefix("file://")).unlink()
    said = r"^iceberg:lake\.shop\.orders@\d+ must have all its files; got no file /.*\.parquet\."
    with pytest.raises(UsageError, match=said):
        rfm.score(table, as_of=AS_OF)
    (tmp_path / "catalog.db").write_bytes(b"broken" * 1000)
    with pytest.raises(RfmError, match=r"iceberg:lake.shop.orders must be reachable; got .*databa"):
        rfm.score("iceberg:lake.shop.orders", as_of=AS_OF)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (
            "nothing",
            r"catalog 'lake' must have valid settings; got .*\. Check them in .*LAKE__URI",
        ),
        ("sqlite:///none.db", r"catalog 'lake' must have its database; got no file none\.db\."),
    ],
)
def test_iceberg__wrong_settings_of_a_catalog_are_refused(catalog, monkeypatch, uri, said):  # noqa: ARG001
    import pyiceberg.catalog as catalogs
    from pyiceberg.utils.config import Config

    monkeypatch.setenv("PYICEBERG_CATALOG__LAKE__URI", uri)
    monkeypatch.delenv("PYICEBERG_CATALOG__LAKE__TYPE")
    monkeypatch.setattr(catalogs, "_ENV_CONFIG", Config())
    with pytest.raises(UsageError, match=said):
        rfm.score("iceberg:lake.shop.orders", as_of=AS_OF)
    assert not Path("none.db").exists()
