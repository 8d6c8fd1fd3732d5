"""Files are recognised by their first bytes, independent of their names."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import DataError
from tests.orders.drain import drained
from tests.orders.test_source import ORDERS, write_ipc_file, write_ipc_stream, write_parquet

CSV = b"customer,amount\n7,1.50\n"
ROWS = [{"amount": "1.50", "customer": "7"}]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, "zstd", asbytes=True)


PACKERS = [gzip.compress, bz2.compress, zstd]


def read(path):
    return drained(path, "amount", "customer").to_pylist()


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize(
    "name", ["o.csv", "o", "o.dat", "o.csv.gz", "o.CSV.zst", "o.txt.bz2", "o.gz"]
)
def test_csv__compressed_is_read_whatever_its_name(tmp_path, pack, name):
    (tmp_path / name).write_bytes(pack(CSV))
    assert read(tmp_path / name) == ROWS


@pytest.mark.parametrize("name", ["o.csv.gz", "o.csv.zst", "o.tsv.bz2"])
def test_csv__plain_text_under_the_name_of_a_compressed_file_is_read(tmp_path, name):
    body = CSV.replace(b",", b"\t") if ".tsv" in name else CSV
    (tmp_path / name).write_bytes(body)
    assert read(tmp_path / name) == ROWS


@pytest.mark.parametrize("write", [write_parquet, write_ipc_file, write_ipc_stream])
@pytest.mark.parametrize("name", ["o.csv", "o.csv.gz", "o.dat", "o.txt", "o"])
def test_columns__are_read_under_the_name_of_csv(tmp_path, write, name):
    write(tmp_path / name)
    assert drained(tmp_path / name, "amount", "customer").equals(
        ORDERS.select(["amount", "customer"])
    )


@pytest.mark.parametrize("header", ["PAR1,customer,amount", "PARE;x,customer,amount"])
def test_csv__may_begin_like_parquet(tmp_path, header):
    (tmp_path / "o.csv").write_text(f"{header}\n0,7,1.50\n")
    assert read(tmp_path / "o.csv") == ROWS


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize(
    ("write", "held"),
    [
        (write_parquet, "Parquet"), (write_ipc_file, "an Arrow IPC file"),
        (write_ipc_stream, "an Arrow IPC stream"),
    ],
)  # fmt: skip
def test_columns__compressed_as_a_whole_are_refused(tmp_path, pack, write, held):
    write(tmp_path / "whole")
    for name in ("o.parquet.gz", "o.csv", "o.parquet"):
        (tmp_path / name).write_bytes(pack((tmp_path / "whole").read_bytes()))
        with pytest.raises(DataError, match=rf"compressed as a whole.*; got {held} in it\. Decomp"):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["o.parquet", "o.PARQUET", "o.pq", "o.arrow", "o.feather"])
@pytest.mark.parametrize(
    "content", [CSV, gzip.compress(CSV), b"\0" * 20, b"FEA1" + b"\0" * 20], ids=range(4)
)
def test_other_content__under_the_name_of_columns_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        DataError, match="must contain Parquet or Arrow IPC because of its extension"
    ):
        read(tmp_path / name)


def archive(names: list[str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for name in names:
            opened.writestr(name, CSV)
    return data.getvalue()


def tar() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as opened:
        info = tarfile.TarInfo("o.csv")
        info.size = len(CSV)
        opened.addfile(info, io.BytesIO(CSV))
    return data.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive(["[Content_Types].xml", "xl/a.xml"]), "got an Excel workbook. Save it as CSV."),
        (archive(["orders.csv"]), "got a ZIP archive or an Excel workbook. Unpack"),
        (archive([]), "got a ZIP archive or an Excel workbook. Unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504, "got an old Excel workbook. Save"),
        (tar(), "got a tar archive. Unpack it."),
        (gzip.compress(tar()), "got a tar archive. Unpack it."),
        (gzip.compress(gzip.compress(CSV)), "got another compressed file in it"),
        (gzip.compress(bytes(range(256))), "got data of no known format in it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)  # fmt: skip
def test_archives__are_refused_with_what_to_do(tmp_path, content, message):
    for name in ("o.xlsx", "o", "o.zip", "o.csv"):
        (tmp_path / name).write_bytes(content)
        if name == "o.csv" and "no known format" in message:
            continue  # the name says that it is CSV
        with pytest.raises(DataError) as caught:
            read(tmp_path / name)
        assert message in str(caught.value)


@pytest.mark.parametrize("name", ["o", "o.dat", "o.log", "orders.json"])
def test_text__of_no_known_ending_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(CSV)
    with pytest.raises(DataError, match=r"must be Parquet, Arrow IPC or CSV .*got none of them"):
        read(tmp_path / name)


def test_folder__of_mixed_files_is_read(tmp_path):
    write_parquet(tmp_path / "a.csv")
    pq.write_table(ORDERS, tmp_path / "b")
    got = drained(tmp_path, "amount", "customer")
    assert got.num_rows == 2 * ORDERS.num_rows
