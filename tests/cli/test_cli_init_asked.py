"""`rfm init` on a terminal asks about doubtful guesses."""

from __future__ import annotations

import os
import pty
import subprocess
import tomllib

import pytest

from tests.cli.conftest import COMMAND
from tests.guesses import exports

UNKNOWN = "who,when,what,note\nx,2025-01-01,7,a\nz,2025-01-02,9,b\nx,2025-01-05,11,c\n"


@pytest.fixture
def asked(tmp_path):
    """Run a command on a terminal with typed answers; return its exit code and what it shows."""

    def run(answers, *words):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [*COMMAND, *map(str, words)], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path
        ) as process:
            os.close(theirs)
            os.write(ours, answers.encode())
            shown = b""
            while piece := _read(ours):
                shown += piece
            code = process.wait(timeout=60)
        os.close(ours)
        return code, shown.decode()

    return run


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux reports the end of a terminal so
        return b""


def test_asked__about_refunds_that_have_a_column(asked, tmp_path):
    exports.stripe(tmp_path / "payments.csv")
    code, shown = asked("2\n", "init", "payments.csv")
    assert code == 0, shown
    assert "This is not certain" in shown
    options = tomllib.loads((tmp_path / "rfm.toml").read_text())
    assert options["where"] == ["Status=Paid", "Amount Refunded=0.00"]


def test_asked__enter_takes_the_likeliest(asked, tmp_path):
    exports.stripe(tmp_path / "payments.csv")
    code, shown = asked("9\n\n", "init", "payments.csv")
    assert code == 0, shown
    assert shown.count("Number, 1 to 2") == 2
    assert "The answer must be a number from 1 to 2; got '9'." in shown
    options = tomllib.loads((tmp_path / "rfm.toml").read_text())
    assert options["where"] == ["Status=Paid"]


def test_asked__certain_guesses_are_not_asked(asked, tmp_path):
    exports.cdnow(tmp_path / "cdnow.txt")
    code, shown = asked("", "init", "cdnow.txt")
    assert code == 0, shown
    assert "not certain" not in shown


def test_asked__columns_that_only_their_values_speak_for(asked, tmp_path):
    (tmp_path / "odd.csv").write_text(UNKNOWN)
    code, shown = asked("1\n\n", "init", "odd.csv")
    assert code == 0, shown
    options = tomllib.loads((tmp_path / "rfm.toml").read_text())
    assert {options[role] for role in ("customer", "time", "amount")} == {"who", "when", "what"}


def test_asked__each_choice_has_an_example(asked, tmp_path):
    rows = "".join(f"user{n},buyer{n},2025-01-{n:02},{n}.71\n" for n in range(1, 20))
    (tmp_path / "two.csv").write_text(f"user_id,buyer,order_date,amount\n{rows}")
    code, shown = asked("2\n", "init", "two.csv")
    assert code == 0, shown
    assert "     for example user1\r\n  2" in shown
    assert "     for example buyer1\r\nNumber" in shown
    assert "buyer1" not in (tmp_path / "rfm.toml").read_text()


def test_asked__nothing_is_written_if_no_column_is_right(asked, tmp_path):
    (tmp_path / "odd.csv").write_text(UNKNOWN)
    code, shown = asked("2\n1\n", "init", "odd.csv")
    assert code == 2, shown
    assert "Name the column with --amount." in shown
    assert not (tmp_path / "rfm.toml").exists()


def test_asked__nothing_if_the_column_with_the_name_cannot_be_read(asked, tmp_path):
    rows = "".join(f"{n},2025-01-{n:02},${n}.71\n" for n in range(1, 20))
    (tmp_path / "dollar.csv").write_text(f"customer_id,order_date,amount\n{rows}")
    code, shown = asked("1\n1\n", "init", "dollar.csv")
    assert code == 2, shown
    assert "not certain" not in shown
    assert "the column for amount must be clear from dollar.csv" in shown
    assert "'amount' has '$1.71': export plain numbers" in shown


def test_asked__columns_with_the_name_of_another_role_are_not_offered(asked, tmp_path):
    (tmp_path / "odd.csv").write_text("order_no,day,what,status\n" + "7,2025-01-01,9,5\n" * 3)
    code, shown = asked("1\n", "init", "odd.csv")
    assert code == 2, shown
    assert "order_no" not in shown.partition("error: ")[0]
    code, shown = asked("1\n1\n", "init", "odd.csv", "--customer", "order_no")
    assert code == 0, shown
    assert '  1  amount = "what"' in shown
    assert '"status"' not in shown
