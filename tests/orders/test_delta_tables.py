"""Delta tables: every version gives what the plain files of its rows give."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

import rfm_engine as rfm
from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.tables.part import tables_of
from tests.orders.delta_log import add, commit, metadata, protocol
from tests.orders.drain import drained, places
from tests.orders.lake import AS_OF, orders, result_of

COLUMNS = ("customer_id", "order_time", "amount", "order_id", "shop")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plain(table: pa.Table) -> str:
    """Write the rows of a version as a plain file; return its path."""
    pq.write_table(table, "plain.parquet")
    return "plain.parquet"


@pytest.mark.parametrize("partition", [None, ["shop"]])
def test_delta__each_version_equals_its_plain_files(here, partition):
    write_deltalake("shop/orders", orders(), partition_by=partition)
    write_deltalake("shop/orders", orders(1000), mode="append")
    DeltaTable("shop/orders").delete("customer_id = 7 and amount > 0")
    versions = {
        0: orders(),
        1: pa.concat_tables([orders(), orders(1000)]),
        2: DeltaTable("shop/orders").to_pyarrow_table(),
    }
    assert 0 < len(versions[2]) < len(versions[1])
    for version, rows in versions.items():
        wanted = result_of(plain(rows))
        assert wanted[2].read == len(rows)
        place = f"delta:shop/orders@{version}"
        assert result_of(place) == wanted
        assert result_of(DeltaTable("shop/orders", version=version)) == wanted
        assert tables_of(open_sources(place, COLUMNS)) == {"tables": [place]}
    assert result_of("delta:shop/orders") == wanted
    assert result_of(f"delta:{here.as_uri()}/shop/orders/", threads=3) == wanted


def test_delta__is_one_of_several_inputs(here):
    write_deltalake("a", orders())
    write_deltalake("b", orders(500))
    wanted = result_of(plain(pa.concat_tables([orders(), orders(500)])))
    assert result_of(["delta:a", "delta:b"]) == wanted
    assert result_of([DeltaTable("a"), orders(500)]) == wanted
    said = rfm.score(["delta:b@0", "delta:a", "plain.parquet"], as_of=AS_OF).options["tables"]
    assert said == ["delta:b@0", "delta:a@0"]
    said = rfm.score([orders(), DeltaTable("b")], as_of=AS_OF).summary()["options"]["tables"]
    assert said == [f"delta:{here}/b@0"]
    assert "tables" not in rfm.score(orders(), as_of=AS_OF).options
    twice = r"a table must be given once; got delta:a and delta:\./a/@0\. Remove one"
    with pytest.raises(UsageError, match=twice):
        rfm.score(["delta:a", "delta:./a/@0"], as_of=AS_OF)
    with pytest.raises(UsageError, match=r"a/part-.* must be given once; got it already as a/part"):
        rfm.score(["delta:a", f"delta:{here.as_uri()}/a"], as_of=AS_OF)
    write_deltalake("a", orders(), mode="overwrite")
    twice = r"a table must be given once; got delta:/.*/a@1 and delta:/.*/a@[01]\. Remove one"
    for other in (DeltaTable("a"), DeltaTable("a", version=0)):
        with pytest.raises(UsageError, match=twice):
            rfm.score([DeltaTable("a"), other], as_of=AS_OF)
    with pytest.raises(UsageError, match=r"must yield tables of Arrow.*got DeltaTable"):
        rfm.score(iter([DeltaTable("a")]), as_of=AS_OF)


@pytest.mark.usefixtures("here")
def test_delta__columns_that_were_added_are_null_in_older_files():
    old = orders().drop_columns(["shop", "amount"])
    write_deltalake("shop", old.append_column("amount", pa.array(range(len(old)), pa.int32())))
    write_deltalake(
        "shop", orders(1000).drop_columns(["amount"]), mode="append", schema_mode="merge"
    )
    table = DeltaTable("shop")
    assert {each.schema.field("amount").type for each in open_sources("delta:shop", COLUMNS)} == {
        pa.int32()
    }
    wanted = table.to_pyarrow_table()
    assert result_of("delta:shop") == result_of(plain(wanted))
    assert wanted["shop"].null_count > len(old)


@pytest.mark.usefixtures("here")
def test_delta__partition_columns_have_the_type_of_the_table():
    rows = orders()
    days = pa.compute.cast(rows["order_time"], pa.date32(), safe=False)
    texts = pa.array([None if i % 5 == 0 else f"0{i % 3}" for i in range(len(rows))])
    rows = rows.append_column("day", days).append_column("code", texts)
    write_deltalake("shop", rows, partition_by=["day", "code"])
    got = drained("delta:shop", "day", "code", "customer_id", "order_time")
    assert got.schema.field("day").type == pa.date32()
    assert got.schema.field("code").type == pa.string()
    wanted = rows.select(got.schema.names)
    assert sorted(map(str, got.to_pylist())) == sorted(map(str, wanted.to_pylist()))
    assert result_of("delta:shop", by="code", time="day") == result_of(rows, by="code", time="day")


@pytest.mark.usefixtures("here")
def test_delta__an_empty_table_is_like_an_empty_file():
    DeltaTable.create("shop", schema=orders().schema)
    assert result_of("delta:shop") == result_of(plain(orders(0, 0)))
    assert rfm.score("delta:shop", as_of=AS_OF).options["tables"] == ["delta:shop@0"]
    write_deltalake("shop", orders(), mode="append")
    DeltaTable("shop").delete()
    assert rfm.score("delta:shop", as_of=AS_OF).rows.read == 0
    with pytest.raises(UsageError, match="column 'oder_id' must exist in delta:shop@2; got custom"):
        rfm.score("delta:shop", as_of=AS_OF, order="oder_id")


@pytest.mark.parametrize("mode", ["name", "id"])
def test_delta__deleted_rows_and_renamed_columns_are_read_right(here, mode):
    rows = orders(0, 10).select(["customer_id", "amount", "order_time", "order_id"])
    names = dict(zip(rows.schema.names, ["c-1", "c-2", "c-3", "c-4"], strict=True))
    names |= {"shop": "c-5", "late": "c-6"}
    root = here / "shop"
    root.mkdir()
    held = rows.rename_columns([names[each] for each in rows.schema.names])
    if mode == "id":  # only the numbers are right
        fields = [
            pa.field(f"x{i}", each.type, metadata={"PARQUET:field_id": str(i)})
            for i, each in enumerate(held.schema, 1)
        ]
        held = pa.Table.from_arrays(held.columns, schema=pa.schema(fields))
    kinds = {"customer_id": "long", "amount": "long", "order_time": "timestamp"}
    kinds |= {"order_id": "long", "shop": "string", "late": "decimal(10,2)"}
    commit(
        root, 0, protocol("columnMapping", "deletionVectors"),
        metadata(kinds, ["shop"], names, mode),
        add(root, "a b.parquet", held, {"c-5": "x"}, deleted=[0, 4, 5, 7]),
        add(root, "c.parquet", held, {"c-5": None}),
    )  # fmt: skip
    kept = pa.concat_tables([rows.take([1, 2, 3, 6, 8, 9]), rows])
    kept = kept.append_column("shop", pa.array(["x"] * 6 + [None] * 10, pa.string()))
    assert result_of("delta:shop") == result_of(plain(kept))
    assert result_of(DeltaTable("shop")) == result_of("plain.parquet")
    [first, second] = open_sources("delta:shop", ["late", "customer_id"])
    assert (first.n_rows, second.n_rows) == (6, 10)
    assert drained("delta:shop", "late")["late"].null_count == 16
    found = [(p.after(i).name_row(), n) for p, n in places(first) for i in range(n)]
    rows_left = [
        f"shop/a b.parquet, row group {i // 3}, row {i % 3 + 1}" for i in (1, 2, 3, 6, 8, 9)
    ]
    assert [name for name, _ in found] == rows_left


def test_delta__times_of_spark_are_instants_as_the_table_says(here):
    """Spark writes INT96, which has no time zone."""
    root = here / "shop"
    root.mkdir()
    rows = orders().select(["customer_id", "order_time", "amount"])
    kinds = {"customer_id": "long", "order_time": "timestamp", "amount": "long"}
    commit(root, 0, protocol(), metadata(kinds), add(root, "a.parquet", rows))
    place = root / "a.parquet"
    pq.write_table(rows, place, use_deprecated_int96_timestamps=True, store_schema=False)
    assert pq.read_schema(place).field("order_time").type == pa.timestamp("ns")
    options = {"timezone": "Asia/Tokyo", "order": None, "by": None, "clv": True}
    assert result_of("delta:shop", **options) == result_of(rows, **options)


def test_delta__a_file_with_fewer_rows_than_were_deleted_is_refused(here):
    root = here / "shop"
    root.mkdir()
    rows = orders(0, 10).select(["customer_id", "amount", "order_time"])
    kinds = {"customer_id": "long", "amount": "long", "order_time": "timestamp"}
    action = add(root, "a.parquet", rows, deleted=[1, 8])
    commit(root, 0, protocol("deletionVectors"), metadata(kinds), action)
    pq.write_table(rows.slice(0, 5), root / "a.parquet")
    with pytest.raises(DataError, match=r"a.parquet must have at least 10 rows, .*; got 5"):
        rfm.score("delta:shop", as_of=AS_OF)


def test_delta__columns_of_the_type_variant_need_not_be_read(here):
    root = here / "shop"
    root.mkdir()
    rows = orders(0, 10).select(["customer_id", "amount", "order_time"])
    variants = pa.array([{"metadata": b"\1", "value": b"\0"}] * len(rows))
    kinds = {"customer_id": "long", "amount": "long", "order_time": "timestamp", "x": "variant"}
    action = add(root, "a.parquet", rows.append_column("x", variants))
    commit(root, 0, protocol("variantType"), metadata(kinds), action)
    options = {"order": None, "by": None}
    assert result_of("delta:shop", **options) == result_of(rows, **options)


def test_delta__a_uri_of_a_file_may_have_one_slash(here):
    write_deltalake("shop", orders())
    for given in (f"delta:file:{here}/shop", f"delta:file:{here}/shop@0"):
        assert result_of(given) == result_of("delta:shop")
    pq.write_table(orders(), "plain.parquet")
    assert result_of(f"file:{here}/plain.parquet") == result_of("plain.parquet")


def test_delta__a_log_without_a_version_is_named_in_plain_words(here):
    for mode in ("error", "append", "append"):
        write_deltalake("shop", orders(), mode=mode)
    (here / "shop" / "_delta_log" / f"{1:020}.json").unlink()
    for given in ("delta:shop", "delta:shop@2"):
        said = r"got a log in which a version between others is missing\. "
        with pytest.raises(DataError, match=said) as refused:
            rfm.score(given, as_of=AS_OF)
        assert "ParsedLogPath" not in str(refused.value)


def test_delta__unknown_features_are_refused(here):
    root = here / "shop"
    root.mkdir()
    action = add(root, "a.parquet", orders(0, 2).select(["customer_id"]))
    commit(root, 0, protocol("variantShredding"), metadata({"customer_id": "long"}), action)
    for given in ("delta:shop", DeltaTable("shop")):
        with pytest.raises(DataError, match=r"shop@0 must require no reader features exc.*; got v"):
            rfm.score(given, as_of=AS_OF)
    commit(root, 1, protocol("fromTheFuture"))
    with pytest.raises(DataError, match=r"delta:shop must have a log that can be read; .*fromT"):
        rfm.score("delta:shop", as_of=AS_OF)


@pytest.mark.usefixtures("here")
def test_delta__what_was_opened_is_read_although_the_table_changes():
    write_deltalake("shop", orders())
    sources = open_sources("delta:shop", COLUMNS)
    table = DeltaTable("shop")
    of_object = open_sources(table, COLUMNS)
    write_deltalake("shop", orders(1000), mode="append")
    table.update_incremental()
    for each in (sources, of_object):
        assert sum(len(batch) for s in each for read in s.reads() for batch, _ in read) == 240
    shutil.rmtree("shop")
    with pytest.raises(UsageError, match=r"shop/part-.* must exist; got no such file"):
        [*sources[0].reads()[0]]


def test_delta__an_output_never_replaces_a_file_of_the_table(here):
    write_deltalake("shop", orders())
    file = next((here / "shop").glob("*.parquet"))
    with pytest.raises(UsageError, match="output must not be an input"):
        rfm.score("delta:shop", as_of=AS_OF, output=file)
