"""Other input files that cannot be read: the message says why, in words and on one line."""

from __future__ import annotations

import pytest

FILES = {
    "--rates": ("rates.csv", ["--currency", "currency"]),
    "--config": ("rfm.toml", []),
    "--scheme": ("mine.toml", []),
    "--model": ("model.json", []),
}


@pytest.mark.parametrize("option", FILES)
def test_score__says_in_words_why_a_file_cannot_be_read(rfm, orders, tmp_path, option):
    name, more = FILES[option]
    place = tmp_path / name

    def said():
        run = rfm("score", orders, "-o", tmp_path / "out.csv", option, place, *more)
        assert run.exit_code == 2
        assert run.stderr.count("\n") == 1
        assert str(place) in run.stderr
        assert "Errno" not in run.stderr
        assert "codec" not in run.stderr
        return run.stderr

    assert "got no such file" in said()
    place.write_bytes(b"name = \xff\n")
    assert "got bytes that are not UTF-8 text" in said()
    place.unlink()
    place.mkdir()
    assert "got a directory" in said()
