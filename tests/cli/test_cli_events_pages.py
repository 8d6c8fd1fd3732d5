"""The pages about events: the SQL of the receiver, and directories of parts."""

from __future__ import annotations

import shlex

import duckdb
import pytest

from tests.docs.pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "reference" / "events.md"
HOW_TO = ROOT / "docs" / "how-to" / "send-events-once.md"


@pytest.fixture
def shop(rfm, tmp_path, monkeypatch):
    """Run the commands of the reference that make the history."""
    monkeypatch.chdir(tmp_path)
    [orders] = [block.text for block in blocks_of(PAGE) if block.language == "sh"]
    [shown] = [block.text for block in blocks_of(PAGE) if block.language == "console"]
    for line in (orders, shown.partition("\n")[0].removeprefix("$ ")):
        assert rfm(*shlex.split(line)[1:]).exit_code == 0


@pytest.mark.usefixtures("shop")
def test_how_to__has_sql_that_keeps_each_event_once(rfm):
    assert rfm("events", "shop", "-o", "tonight.csv", "-q").exit_code == 0
    made, added = [block.text for block in blocks_of(HOW_TO) if block.language == "sql"]
    with duckdb.connect() as receiver:
        receiver.execute(made)
        for _ in range(2):
            receiver.execute(added)
            ids = receiver.execute("select count(*), count(distinct event_id) from sent").fetchone()
            assert ids == (660, 660)


@pytest.mark.usefixtures("shop")
def test_events__go_to_a_directory_of_parts(rfm, tmp_path):
    assert rfm("events", "shop", "-o", "parts/", "-q").exit_code == 0
    assert (tmp_path / "parts" / "part-00000.parquet").is_file()
    assert "a directory" in " ".join(rfm("events", "--help").stdout.split())
