"""`rfm report` on the command line: options, files, messages and exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

import rfm_engine
from rfm_engine.reporting.document.document import digest_of
from rfm_engine.reporting.report import Report
from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED
from tests.reporting.renew_golden import DOCUMENT
from tests.shapes import random_orders

pytestmark = pytest.mark.skipif(not COMPILED, reason="pages are the same without the compiler")
LARGE = ("movement", "cohorts", "history", "retention", "grid")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Path:
    """Return a folder with orders and customers at two dates."""
    folder = tmp_path_factory.mktemp("scored")
    orders = random_orders(400, 80, 3)
    rfm_engine.output.write(orders.to_batches(), orders.schema, folder / "orders.parquet")
    for day in ("2025-11-30", "2025-12-31"):
        rfm_engine.score(orders, as_of=day, output=folder / f"{day}.parquet")
    return folder


@pytest.fixture
def document(tmp_path) -> Path:
    """Return a report document with few charts."""
    found = json.loads(DOCUMENT.read_text("utf-8")) | dict.fromkeys(LARGE)
    place = tmp_path / "document.json"
    Report(found | {"digest": digest_of(found)}).save(place)
    return place


def test_report__writes_page_document_and_charts(rfm, scored, tmp_path):
    customers = scored / "2025-12-31.parquet"
    run = rfm("report", customers, "-o", tmp_path / "report.html", "--charts", tmp_path / "charts")
    assert (run.exit_code, run.stderr) == (0, "")
    names = sorted(each.name for each in (tmp_path / "charts").iterdir())
    assert run.stdout.splitlines() == [
        str(tmp_path / "report.html"), f"{len(names)} files of charts in {tmp_path / 'charts'}",
    ]  # fmt: skip
    assert {"treemap-spend.svg", "rf-customers.svg"} <= {*names}
    report = rfm_engine.report(customers)
    assert (tmp_path / "report.html").read_text("utf-8") == report.html()
    assert (tmp_path / "charts/rf-aov.svg").read_text("utf-8") == report.charts["rf-aov"].svg
    assert rfm("report", customers, "-o", tmp_path / "report.json", "--quiet").stdout == ""
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == report.document


def test_report__makes_the_same_page_from_its_document(rfm, document, tmp_path):
    assert rfm("report", document, "-o", tmp_path / "report.html").exit_code == 0
    page = Report(json.loads(document.read_text("utf-8"))).html()
    assert (tmp_path / "report.html").read_text("utf-8") == page


def test_report__takes_an_earlier_snapshot_and_orders(rfm, scored, tmp_path):
    customers, orders = scored / "2025-12-31.parquet", scored / "orders.parquet"
    words = ["--before", scored / "2025-11-30.parquet", "--rows", orders, "--title", "Shop"]
    out = tmp_path / "report.json"
    run = rfm("report", customers, "-o", out, *words, "--currency-sign", "EUR", "--threads", "1")
    assert run.exit_code == 0, run.stderr
    found = json.loads(out.read_text("utf-8"))
    assert (found["title"], found["currency_sign"]) == ("Shop", "EUR")
    assert (found["movement"]["from"], found["before"]["days"]) == ("2025-11-30", 31)
    assert found["cohorts"] is not None


def test_report__in_json_is_the_document_alone(rfm, scored):
    customers = scored / "2025-12-31.parquet"
    run = rfm("report", customers, "--json", "--show-paths", "--min-cell", "5")
    assert (run.exit_code, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    assert found == rfm_engine.report(customers, show_paths=True, min_cell=5).document
    assert (found["min_cell"], found["method"]["path"]) == (5, str(customers))


def test_report__writes_charts_in_three_formats(rfm, document, tmp_path):
    folder = tmp_path / "charts"
    run = rfm("report", document, "--charts", folder, "--formats", "svg, png,pdf")
    assert run.exit_code == 0, run.stderr
    by_ending = {kind: sorted(each.stem for each in folder.glob(f"*.{kind}"))
                 for kind in ("svg", "png", "pdf")}  # fmt: skip
    assert by_ending["svg"] == by_ending["png"] == by_ending["pdf"]
    assert all(each.read_bytes().startswith(PNG) for each in folder.glob("*.png"))
    assert all(each.read_bytes().startswith(b"%PDF-") for each in folder.glob("*.pdf"))


def test_report__shows_a_logo_and_allows_only_pictures_in_the_page(rfm, document, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    run = rfm("report", document, "-o", tmp_path / "report.html", "--logo", logo)
    assert run.exit_code == 0, run.stderr
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count('src="data:image/svg+xml;base64,') == 1
    assert "; img-src data:" in page
    assert str(tmp_path) not in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "error: -o must be given; got no place for the report. Add -o report.html."),
        (["-o", "report.pdf"], "output of a report must end in .html or .json; got 'report.pdf'"),
        (["-o", "-"], "output of a report must end in .html or .json; got '-'"),
        (["--formats", "png", "-o", "a.html"], "--formats must be used with --charts"),
        (["--charts", "c", "--formats", "gif"], "--formats must be some of svg, png, pdf; got 'gi"),
        (["--charts", "c", "--formats", ""], "--formats must be some of svg, png, pdf; got ''"),
        (["-o", "a.html", "--language", "de"], "--language"),
        (["-o", "a.html", "--top", "x"], "--top"),
        (["-o", "a.html", "--min-cell", "5"], "--min-cell must be at most that of the report"),
        (["-o", "a.html", "--logo", "absent.png"], "--logo must be a readable file; got 'absent"),
        (["-o", "a.html", "--logo", "{json}"], "--logo must be a .png or .svg picture"),
        (["-o", "a.html", "--insight", "absent"], "--insight must be"),
        (["-o", "a.html", "--before", "{json}"], "--before must be used with a snapshot"),
        (["-o", "a.html", "--rows", "{json}"], "--rows must be used with a snapshot"),
        (["-o", "{json}"], "must not be the input"),
        (["-o", "absent/a.html"], "absent"),
        (["--charts", "absent/charts"], "absent"),
        (["--charts", "{json}"], "document.json"),
        (["-o", "a.html", "--unknown"], "--unknown"),
    ],
)  # fmt: skip
def test_report__refuses_options(rfm, document, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    before = document.read_bytes()
    run = rfm("report", document, *(each.format(json=document) for each in words))
    assert run.exit_code == 2, run.output
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""
    assert [each.name for each in tmp_path.iterdir()] == ["document.json"]
    assert document.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.parquet", None, "absent.parquet"),
        ("absent.json", None, "report document must be readable; got 'absent.json'"),
        ("other.json", "{}", "must be of format 1, written by rfm report; got other content"),
        ("other.json", "[1", "got other content"),
        ("other.json", '{"report": 2}', "got format 2. Make it again from the snapshot."),
        ("other.json", "\0", "got other content"),
        ("orders.csv", "customer_id,order_time,amount\n", "orders.csv"),
    ],
)
def test_report__refuses_inputs(rfm, tmp_path, monkeypatch, name, content, message):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_text(content)
    run = rfm("report", name, "-o", "report.html")
    assert run.exit_code == 2, run.output
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert not Path("report.html").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--min-cell", "-1"], "--min-cell must be at least 0; got -1. 0 hides nothing."),
        (["--top", "0"], "--top must be at least 1; got 0."),
        (["--before", "{customers}"], "error: "),
        (["--before", "absent.parquet"], "absent.parquet"),
        (["--rows", "absent.parquet"], "absent.parquet"),
        (["--insight", "{customers}"], "--insight must be"),
        (["--each", "each"], "Score with --by"),
    ],
)
def test_report__refuses_inputs_and_options_of_a_snapshot(
    rfm, scored, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    customers = scored / "2025-12-31.parquet"
    given = [each.format(customers=customers) for each in words]
    run = rfm("report", customers, "-o", "report.html", *given)
    assert run.exit_code == 2, run.output
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_report__refuses_a_place_in_its_history(rfm, scored, tmp_path):
    history = rfm_engine.History.create(tmp_path / "history")
    history.add(scored / "2025-12-31.parquet", as_of="2025-12-31")
    run = rfm("report", history.path, "-o", history.path / "report.html")
    assert run.exit_code == 2
    assert "-o must not be inside the history" in run.stderr
    run = rfm("report", history.path, "-o", tmp_path / "report.json")
    assert run.exit_code == 0, run.stderr


def test_report__refuses_a_changed_document(rfm, document, tmp_path):
    document.write_text(document.read_text("utf-8").replace("Champions", "Champs"), "utf-8")
    run = rfm("report", document, "-o", tmp_path / "report.html")
    assert run.exit_code == 3
    assert "must be unchanged; got other content than was written" in run.stderr


@pytest.mark.parametrize("key", ["title", "currency_sign"])
def test_report__takes_a_document_without_a_title_or_sign(rfm, document, tmp_path, key):
    content = json.loads(document.read_text("utf-8"))
    content[key] = None
    page = {}
    for name in ("null", "absent"):
        document.write_text(json.dumps(content), "utf-8")
        run = rfm("report", document, "-o", tmp_path / f"{name}.html")
        assert run.exit_code == 0, run.stderr
        page[name] = (tmp_path / f"{name}.html").read_text("utf-8")
        content.pop(key, None)
    assert page["absent"] == page["null"]


def test_report__keeps_titles_of_any_bytes(rfm, document, tmp_path):
    title = "caf\udce9 \ud83d"
    again, page = tmp_path / "again.json", tmp_path / "report.html"
    assert rfm("report", document, "-o", again, "--title", title).exit_code == 0
    assert rfm("report", again, "-o", page).exit_code == 0
    assert json.loads(again.read_text("utf-8"))["title"] == title
    assert "<h1>caf\ufffd \ufffd</h1>" in page.read_text("utf-8")
    assert rfm("report", again, "--json").stdout == again.read_text("utf-8")


def test_report__refuses_orders_that_were_not_scored(rfm, scored, tmp_path):
    run = rfm("report", scored / "orders.parquet", "-o", tmp_path / "report.html")
    assert run.exit_code == 2
    assert "which rfm score did not write" in run.stderr


WITHOUT = """
import sys
for name in ("vl_convert", "duckdb"):
    sys.modules[name] = None
from rfm_cli.start import run
run()
"""


def test_report__needs_vl_convert_for_pictures_only(scored, document, tmp_path):
    """One process per answer: modules stay hidden in the process."""

    def hidden(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND[0], "-c", WITHOUT, "report", *map(str, words)],
            capture_output=True, check=False, timeout=120, text=True,
        )  # fmt: skip

    customers = scored / "2025-12-31.parquet"
    run = hidden(customers, "-o", tmp_path / "report.json")
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found == rfm_engine.report(customers).document
    for words in (["-o", tmp_path / "a.html"], ["--charts", tmp_path / "c", "--formats", "pdf"]):
        run = hidden(document, *words)
        assert run.returncode == 2
        assert "vl-convert, of the extra [report]; got none. Run: pip install" in run.stderr
        assert run.stderr.count("\n") == 1
    assert not (tmp_path / "a.html").exists()
    run = hidden(customers, "-o", tmp_path / "b.json", "--before", scored / "2025-11-30.parquet")
    assert run.returncode == 2
    assert "[insight]" in run.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["document.json", "report.json"]


def test_report__leaves_no_litter_on_ctrl_c(document, tmp_path):
    charts = tmp_path / "charts"
    process = subprocess.Popen(
        [*COMMAND, "report", str(document), "--charts", str(charts), "--formats", "png,pdf,svg"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not [*charts.glob("*.png")] and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, b"", b"error: interrupted\n")
    assert not [*tmp_path.rglob("*.tmp")]
