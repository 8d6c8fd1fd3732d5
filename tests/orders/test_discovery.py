"""Find files by paths, globs, directories and URIs; read columns from folder names."""

from __future__ import annotations

import datetime as dt
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from rfm_engine.errors import DataError, RfmError, UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.discovery import discover
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.guard import reading
from tests.orders.drain import drained

TREE = (
    "b.parquet",
    "a.parquet",
    "year=2026/month=01/x.parquet",
    "year=2026/month=02/x.parquet",
    "year=2027/month=01/y.csv",
    "year=2027/_temporary/z.parquet",
    "_SUCCESS",
    ".hidden.parquet",
    ".trash/c.parquet",
)


@pytest.fixture
def tree(tmp_path):
    for place in TREE:
        path = tmp_path / "t" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "t"


def names(tree, *inputs):
    return [file.name.removeprefix(f"{tree}/") for file in discover(inputs)]


def test_discover__directories_are_read_whole_in_order_without_hidden_names(tree):
    assert names(tree, tree) == [*sorted(TREE[:2]), *TREE[2:5]]
    assert names(tree, tree / "year=2026", tree / "a.parquet") == [*TREE[2:4], "a.parquet"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.parquet", ["a.parquet", "b.parquet"]),
        ("?.parquet", ["a.parquet", "b.parquet"]),
        ("[a]*", ["a.parquet"]),
        ("*", [*sorted(TREE[:2]), *TREE[2:5]]),
        ("_S*", ["_SUCCESS"]),
        ("year=2026/*/*", TREE[2:4]),
        ("year=*", TREE[2:5]),
        ("**/x.parquet", TREE[2:4]),
        ("year=2026/**", TREE[2:4]),
        ("**/*.parquet", [*sorted(TREE[:2]), *TREE[2:4]]),
        ("year=*/**", TREE[2:5]),
        ("year=*/*/*", TREE[2:5]),
        ("**/_temp*/*", TREE[5:6]),
        ("year=2027/_*/**", TREE[5:6]),
    ],
)
def test_discover__globs(tree, pattern, found):
    assert names(tree, f"{tree}/{pattern}") == list(found)
    uri = f"{tree.as_uri()}/{pattern}"
    if "?" not in pattern:
        assert names(tree, uri) == list(found)
    subtree = fs.SubTreeFileSystem(str(tree.parent), fs.LocalFileSystem())
    base, rest, _ = remote.split(f"t/{pattern}")
    if rest:
        got = [path.removeprefix("t/") for path, _ in remote.found(subtree, base, rest, uri)]
        assert got == list(found)


def test_discover__relative_paths_stay_relative(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert [file.name for file in discover(["a.parquet", "year=2026/*/*"])] == [
        "a.parquet",
        *TREE[2:4],
    ]


def test_discover__an_existing_path_is_no_pattern(tree):
    (tree / "w[1].parquet").write_text("x")
    (tree / "w1.parquet").write_text("x")
    assert names(tree, tree / "w[1].parquet") == ["w[1].parquet"]


def test_discover__what_is_missing_is_a_usage_error(tree):
    with pytest.raises(UsageError, match=r"no\.parquet must exist; got no such file or folder"):
        discover([tree / "no.parquet"])
    with pytest.raises(UsageError, match="must match a file; got no match"):
        discover([f"{tree}/*.orc"])
    with pytest.raises(UsageError, match="must exist"):
        discover([f"{tree.as_uri()}/none"])
    with pytest.raises(UsageError, match="must exist"):
        discover([""])
    with pytest.raises(UsageError, match=r"must be a URI that can be read; got .*nope"):
        discover(["nope://bucket/x"])


def test_discover__a_directory_without_data_is_a_usage_error(tmp_path):
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="must contain data files; got none"):
        discover([tmp_path])
    with pytest.raises(UsageError, match="must match a file"):
        discover([f"{tmp_path}/*"])


@pytest.mark.parametrize("inputs", ["", "/*", "/**", "/*/*"])
def test_discover__rfm_toml_in_a_directory_is_not_read_as_orders(tree, inputs):
    whole = names(tree, f"{tree}{inputs}")
    (tree / "rfm.toml").touch()
    (tree / "year=2026" / "rfm.toml").touch()
    assert names(tree, f"{tree}{inputs}") == whole
    assert names(tree, f"{tree.as_uri()}{inputs}") == whole
    for named in (f"{tree}/rfm.toml", f"{tree}/*/rfm.toml"):
        assert [name.rpartition("/")[2] for name in names(tree, named)] == ["rfm.toml"]


def test_discover__no_file_is_taken_twice(tree):
    again = f"{tree}/a.parquet must be given once; got it already as {tree}/a.parquet"
    with pytest.raises(UsageError, match=again):
        discover([tree, tree / "a.parquet"])
    (tree.parent / "link.parquet").symlink_to(tree / "a.parquet")
    with pytest.raises(UsageError, match="must be given once"):
        discover([tree / "a.parquet", tree.parent / "link.parquet"])
    with pytest.raises(UsageError, match="stdin must be given once"):
        discover(["-", "-"])


def test_discover__links_are_followed_but_not_in_circles(tree, tmp_path):
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "year=2026").symlink_to(tree / "year=2026")
    assert [file.keys for file in discover([tmp_path / "lake"])] == [
        {"year": "2026", "month": "01"},
        {"year": "2026", "month": "02"},
    ]
    (tree / "loop").symlink_to(tree)
    with pytest.raises(UsageError, match="must be reachable by one path"):
        discover([tree])


def test_discover__pipes_are_streams_but_not_in_directories(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    [pipe] = discover([tmp_path / "pipe"])
    assert (pipe.name, pipe.path) == (str(tmp_path / "pipe"),) * 2
    with pytest.raises(UsageError, match="must contain only files; got the pipe"):
        discover([tmp_path])


def test_remote__directories_files_and_missing_places(tree):
    subtree = fs.SubTreeFileSystem(str(tree.parent), fs.LocalFileSystem())
    got = remote.found(subtree, "t", [], "s3://t")
    assert [path for path, _ in got] == [f"t/{place}" for place in (*sorted(TREE[:2]), *TREE[2:5])]
    assert dict(got)["t/year=2026/month=01/x.parquet"] == ["year=2026", "month=01"]
    place = "t/year=2026/month=01/x.parquet"
    assert remote.found(subtree, place, [], "u") == [(place, ["t", "year=2026", "month=01"])]
    with pytest.raises(UsageError, match="s3://t/no must exist"):
        remote.found(subtree, "t/no", [], "s3://t/no")
    (tree / "empty").mkdir()
    with pytest.raises(UsageError, match="must lead to data files; got none"):
        remote.found(subtree, "t/empty", [], "u")


def test_remote__options_of_a_uri_stay_with_it():
    assert remote.split("s3://b/year=*/%5B*.parquet?region=x") == (
        "s3://b",
        ["year=*", "[*.parquet"],
        "?region=x",
    )
    assert remote.split("gs://b/x.parquet") == ("gs://b/x.parquet", [], "")


def hive(root, *folders):
    for folder in folders:
        (root / folder).mkdir(parents=True)
        pq.write_table(pa.table({"a": [1], "p": [8]}), root / folder / "o.parquet")
        (root / folder / "o.csv").write_text("a,p\n1,8\n")


def column(orders, name):
    return drained(orders, name, "a")[name]


@pytest.mark.parametrize(
    ("folders", "kind", "values"),
    [
        (["k=2", "k=10", "k=-3"], pa.int64(), [-3, 10, 2]),
        (
            ["k=2026-01-31", "k=2026-02-01"],
            pa.date32(),
            [dt.date(2026, 1, 31), dt.date(2026, 2, 1)],
        ),
        (["k=1", "k=x%2Fy"], pa.string(), ["1", "x/y"]),
        (["k=2026-02-30", "k=2026-02-01"], pa.string(), ["2026-02-01", "2026-02-30"]),
        (["k=1", "k=99999999999999999999"], pa.string(), ["1", "99999999999999999999"]),
        (["k=7", "k=__HIVE_DEFAULT_PARTITION__"], pa.int64(), [7, None]),
        (["k=__HIVE_DEFAULT_PARTITION__"], pa.string(), [None]),
        (["j=1/k=5", "j=2/k=6"], pa.int64(), [5, 6]),
    ],
)
def test_hive__folders_are_columns_of_one_type(tmp_path, folders, kind, values):
    hive(tmp_path / "h=9", *folders)
    for file in (tmp_path / "h=9").rglob("*.csv"):
        file.unlink()
    got = column(tmp_path / "h=9", "k")
    assert (got.type, got.to_pylist()) == (kind, values)
    with pytest.raises(UsageError, match=r"column 'h' must exist in .* got a, p, .*k\."):
        column(tmp_path / "h=9", "h")
    assert column(f"{tmp_path}/h=*/**/*.parquet", "h").to_pylist() == [9] * len(values)


def test_hive__a_column_in_the_file_wins_and_csv_stays_text(tmp_path):
    hive(tmp_path, "k=01/p=3")
    [text, parquet] = open_sources(tmp_path, ["k", "p", "a"])
    assert set(text.schema.types) == {pa.string()}
    assert parquet.schema.types == [pa.string(), pa.int64(), pa.int64()]
    rows = [next(iter(s.reads()[0]))[0].to_pylist() for s in (text, parquet)]
    assert rows == [[{"k": "01", "p": "8", "a": "1"}], [{"k": "01", "p": 8, "a": 1}]]
    [parquet] = open_sources(tmp_path / "k=01/p=3/o.parquet", ["k"])
    assert next(iter(parquet.reads()[0]))[0].to_pylist() == [{"k": "01"}]


def test_reading__tells_the_machine_from_the_data():
    with pytest.raises(UsageError, match="x must be readable"), reading("x", "orders"):
        raise PermissionError(13, "no")
    with pytest.raises(OSError, match="disk"), reading("x", "orders"):
        raise OSError(5, "disk")
    refusal = pytest.raises(DataError, match=r"x must contain orders; got Truncated\. Check")
    with refusal, reading("x", "orders"):
        raise OSError("Truncated.\nin file.cc:7")
    with pytest.raises(RfmError, match="mine"), reading("x", "orders"):
        raise RfmError("mine")
