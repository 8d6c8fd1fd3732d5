"""`rfm serve`: what it refuses before it starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfm_cli.service import prepare

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def snapshot(rfm, orders, tmp_path) -> Path:
    place = tmp_path / "customers.arrow"
    assert rfm("score", orders, "--sort", "customer", "-o", place, "-q").exit_code == 0
    return place


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bind", "8765"], "--bind must be HOST:PORT, such as 127.0.0.1:8765; got '8765'. Try "),
        (["--bind", "8765"], "Try 127.0.0.1:8765."),
        (["--bind", "0.0.0.0:0"], "--bind must be an address that only this machine can reach, "),
        (
            ["--allow-remote"],
            "--allow-remote must be used with a token; got none. Add --token",
        ),
        (
            ["--bind", "127.0.0.1:0", "--socket", "x"],
            "--bind must be used without --socket; got both. Leave one of them out.",
        ),
        (["--socket", "."], "--socket must be a path for a new socket; got '.': another file."),
        (["--workers", "0"], "--workers must be 1 to 64; got 0. Try 2."),
        (["--workers", "two"], "--workers"),
        (["--token-file", "x"], "--token-file must be a readable file; got 'x': no such file."),
        (["--socket", ""], "--socket must be a path; got an empty text. Choose a path."),
        (["--token-file", "/dev/null"], "--token-file must be a file; got the device '/dev/null'."),
        (["--token-file", "short"], "a token in --token-file must have at least 32 bytes; got 5."),
        (["--ready-max-age", "26"], "--ready-max-age must be a whole number of s, m, h or d, "),
        (["--before", "x"], "--before must exist; got 'x': no such file. Check the path."),
        (["--before", "short"], "--before: lookup file must be an Arrow file; got 'short': "),
        (["--before", "short"], "Write it with: rfm score ... --sort customer -o NEW.arrow."),
        (["--report", "x.html"], "--report must exist; got 'x.html': no such file."),
        (["--report", "short"], "--report must be a .html page or a .json document that rfm "),
    ],
)
def test_serve__refuses_options_in_one_line(rfm, snapshot, monkeypatch, words, said):
    monkeypatch.chdir(snapshot.parent)
    monkeypatch.delenv("RFM_SERVE_TOKEN", raising=False)
    Path("short").write_text("short")
    Path("short").chmod(0o600)
    run = rfm("serve", snapshot, *words)
    assert run.exit_code == 2
    assert run.stderr.startswith("error: ")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""


@pytest.mark.parametrize("token", ["short", "secret " * 4, "\n"])
def test_serve__refuses_a_bad_token_of_the_environment(rfm, snapshot, monkeypatch, token):
    monkeypatch.setenv("RFM_SERVE_TOKEN", token)
    run = rfm("serve", snapshot, "--bind", "127.0.0.1:0")
    assert run.exit_code == 2
    assert run.stderr.startswith("error: ")
    assert "short" not in run.stderr
    assert "secret" not in run.stderr


def test_serve__refuses_a_token_file_of_others(rfm, snapshot, tmp_path):
    place = tmp_path / "token"
    place.write_text(TOKEN)
    place.chmod(0o644)
    run = rfm("serve", snapshot, "--token-file", place)
    assert run.exit_code == 2
    assert run.stderr.endswith(f"with mode 644. Run: chmod 600 {place}.\n")
    assert TOKEN not in run.stderr


def test_serve__refuses_a_damaged_snapshot(rfm, snapshot):
    snapshot.write_bytes(snapshot.read_bytes()[:-30])
    run = rfm("serve", snapshot, "--bind", "127.0.0.1:0")
    assert run.exit_code == 3
    assert f"{str(snapshot)!r} must be undamaged; got a file that ends early. Write" in run.stderr
    assert run.stderr.count("\n") == 1


def test_serve__refuses_other_files_and_says_how_to_make_the_right_one(rfm, orders, tmp_path):
    rfm("score", orders, "-o", tmp_path / "unsorted.arrow", "-q")
    for place in (orders, tmp_path / "unsorted.arrow"):
        run = rfm("serve", place, "--bind", "127.0.0.1:0")
        assert run.exit_code == 2
        assert "rfm score ... --sort customer -o NEW.arrow" in run.stderr


@pytest.mark.parametrize("name", ["uvicorn", "starlette", "httptools"])
def test_serve__names_the_missing_extra(rfm, snapshot, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    run = rfm("serve", snapshot)
    assert run.exit_code == 2
    assert run.stderr == (
        f"error: rfm serve must have {name}, of the extra [serve]; got none. "
        "Run: pip install 'httptools>=0.6' 'starlette>=0.46' 'uvicorn>=0.46'.\n"
    )


def test_serve__names_the_version_that_it_needs(rfm, snapshot, monkeypatch):
    monkeypatch.setattr("uvicorn.__version__", "0.45.9")
    run = rfm("serve", snapshot)
    assert run.exit_code == 2
    assert "uvicorn must be 0.46 or later for rfm serve; got 0.45.9. Run: pip" in run.stderr


def test_serve__reads_its_table_of_the_config_file(rfm, snapshot, monkeypatch):
    monkeypatch.chdir(snapshot.parent)
    Path("rfm.toml").write_text('bins = 5\n[serve]\nworkers = 99\nreport = ["x.html"]\n')
    run = rfm("serve", snapshot)
    assert run.exit_code == 2
    assert "--workers must be 1 to 64; got 99." in run.stderr
    run = rfm("serve", snapshot, "--workers", "1", "--bind", "127.0.0.1:0")
    assert run.exit_code == 2
    assert "--report must exist; got 'x.html': no such file. Check the path." in run.stderr
    assert "--report is set in rfm.toml: change it there" in run.stderr


@pytest.fixture
def prepared() -> Iterator[None]:
    """The logs of a process that serves; those of the tests as before at the end."""
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
    before = [(each.handlers, each.propagate) for each in loggers]
    prepare()
    yield
    for logger, (handlers, propagate) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate


@pytest.mark.usefixtures("prepared")
def test_bugs__are_printed_in_one_line_without_values(capsys, monkeypatch):
    monkeypatch.delenv("RFM_TRACEBACK", raising=False)

    def fail() -> None:
        try:
            raise KeyError("person1@example.com")
        except KeyError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")

    fail()
    said = capsys.readouterr().err
    assert said.startswith("warning: a request failed because of an unexpected KeyError. This is a")
    assert said.count("\n") == 1
    assert "person1" not in said
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RFM_TRACEBACK", "1")
    fail()
    assert "KeyError: 'person1@example.com'" in capsys.readouterr().err
