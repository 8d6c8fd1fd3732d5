"""CSV in other encodings: streamed, compressed, and refused with the place of invalid bytes."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.csv_format import CsvFormat
from rfm_engine.orders.sources import decoding
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.entry import open_files
from tests.orders.drain import drain, drained

CHARACTERS = {
    "utf-8": "aé€日\U0001f600", "latin-1": "aéÿ\x80", "cp1252": "aé€Ž", "utf-16": "aé€日\U0001f600",
}  # fmt: skip


def refused(path, needed="é", encoding="utf-8") -> str:
    with pytest.raises(DataError) as caught:
        drained(path, needed, csv_format=CsvFormat(encoding=encoding))
    return str(caught.value)


@given(data=st.data(), encoding=st.sampled_from([*CHARACTERS, "utf-16-be"]), size=st.integers(1, 9))
def test_encoding__gives_the_same_text_however_it_is_cut(tmp_path_factory, data, encoding, size):
    kind = "utf-16" if encoding == "utf-16-be" else encoding
    word = st.text(CHARACTERS[kind], min_size=1, max_size=5)
    values = data.draw(st.lists(word, max_size=6))
    text = "é,b\n" + "".join(f"{value},2\n" for value in values)
    if encoding == "utf-16-be":
        text = "\ufeff" + text
    path = tmp_path_factory.mktemp("encoded") / "o.csv"
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if data.draw(st.booleans()) else raw)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "PIECE_BYTES", size)
        got = drained(path, "é", csv_format=CsvFormat(encoding=kind))
    assert got.to_pydict() == {"é": values}


def test_encoding__large_files_are_read_piece_by_piece(tmp_path):
    text = "é,b\n" + "".join(f"ü{i},{'x' * 90}\n" for i in range(100_000))
    (tmp_path / "o.csv").write_bytes(text.encode("cp1252"))
    got = drained(tmp_path / "o.csv", "é", csv_format=CsvFormat(encoding="cp1252"))
    assert got["é"].to_pylist() == [f"ü{i}" for i in range(100_000)]
    assert got["é"].num_chunks > 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_encoding__of_files_that_are_not_local(pack):
    remote = fs._MockFileSystem()
    text = "é,b\n" + "".join(f"ü{i},2\n" for i in range(1_000))
    with remote.open_output_stream("bucket.csv") as out:
        out.write(pack(text.encode("utf-16")))
    file = File("s3://bucket.csv", "bucket.csv", remote)
    [source] = open_files([file], ["é"], csv_format=CsvFormat(encoding="utf-16"))
    assert drain(source)["é"].to_pylist() == [f"ü{i}" for i in range(1_000)]


@pytest.mark.parametrize("row", [1, 2, 5_000])
def test_utf_8__other_bytes_are_refused_with_the_options_that_read_them(tmp_path, row):
    path = tmp_path / "o.csv"
    path.write_bytes("é,b\n".encode() + b"1,2\n" * (row - 1) + b"\xfc,2\n")
    said = refused(path)
    assert said.startswith(f"CSV must be in UTF-8; got other bytes in {path}, row {row}. ")
    assert "cp1252" in said
    assert "latin-1" in said
    path.write_bytes(b"\xfc,b\n1,2\n")
    assert f"got other bytes in the header of {path}. Read it with csv_enc" in refused(path, "b")


@pytest.mark.parametrize("row", [1, 2, 5_000])
@pytest.mark.parametrize("size", [10, 1 << 22])
def test_cp1252__undefined_bytes_are_refused_with_their_place(tmp_path, monkeypatch, row, size):
    monkeypatch.setattr(decoding, "PIECE_BYTES", size)
    path = tmp_path / "o.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * (row - 1) + b"2,\x81\n")
    assert refused(path, "a", "cp1252") == (
        f"text must be in cp1252; got 0x81, which cp1252 does not define, in {path}, row {row}. "
        'Try csv_encoding="latin-1".'
    )
    assert (
        drained(path, "b", csv_format=CsvFormat(encoding="latin-1"))["b"].to_pylist()[-1] == "\x81"
    )


@pytest.mark.parametrize("end", [b"\x00\xd8", b"\x00", b"\x00\xdc1\x00"])
def test_utf_16__broken_text_is_refused_with_its_place(tmp_path, end):
    path = tmp_path / "o.csv"
    path.write_bytes("a,b\n1,2\n3,".encode("utf-16") + end)
    assert f"in {path}, row 2." in refused(path, "a", "utf-16")


@pytest.mark.parametrize(
    ("raw", "encoding", "message"),
    [
        (
            "a,b\n".encode("utf-16"),
            "utf-8",
            'got the byte order mark of UTF-16. Use csv_encoding="utf-16"',
        ),
        (
            "a,b\n".encode("utf-16"),
            "cp1252",
            "must be in cp1252; got the byte order mark of UTF-16",
        ),
        ("\ufeffa,b\n".encode("utf-16-be"), "utf-8", 'Use csv_encoding="utf-16".'),
        (
            "a,b\n".encode("utf-16-le"),
            "utf-16",
            "must begin with a byte order mark to be read as UTF-16",
        ),
        (b"a,b\n", "utf-16", "must begin with a byte order mark to be read as UTF-16"),
        (
            "\ufeffa,b\n".encode(),
            "latin-1",
            "got the byte order mark of UTF-8. Leave csv_encoding out",
        ),
        (
            "\ufeffa,b\n".encode(),
            "utf-16",
            "got the byte order mark of UTF-8. Leave csv_encoding out",
        ),
        ("a,b\n".encode("utf-32"), "utf-8", "must not be in UTF-32"),
        ("a,b\n".encode("utf-32"), "utf-16", "must not be in UTF-32"),
    ],
)
def test_marks__of_another_encoding_are_refused(tmp_path, raw, encoding, message):
    for content in (raw, gzip.compress(raw)):
        (tmp_path / "o.csv").write_bytes(content)
        assert message in refused(tmp_path / "o.csv", "a", encoding)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf8", "ascii", "", None, 8])
def test_encoding__others_are_refused(encoding):
    with pytest.raises(
        UsageError, match="csv_encoding must be one of utf-8, latin-1, cp1252, utf-16"
    ):
        CsvFormat(encoding=encoding)
