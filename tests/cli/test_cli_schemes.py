"""`rfm schemes`: list, show, check and compare schemes."""

from __future__ import annotations

import re

import pytest

from rfm_engine.segments.catalogue import load_scheme, shipped_schemes


def test_list__names_every_scheme(rfm):
    run = rfm("schemes", "list")
    assert [line.split()[0] for line in run.stdout.splitlines()] == shipped_schemes()


@pytest.mark.parametrize("name", shipped_schemes())
def test_show__and_lint_take_every_shipped_scheme(rfm, name):
    shown = rfm("schemes", "show", name)
    assert shown.stdout.startswith(f"{name}: ")
    assert rfm("schemes", "lint", name).stdout.endswith("no errors\n")


def test_show__draws_the_grid(rfm):
    shown = rfm("schemes", "show", "classic").stdout
    assert [line.split("│")[1].strip() for line in shown.splitlines() if "│ r" in line] == [
        "r 5", "r 4", "r 3", "r 2", "r 1",
    ]  # fmt: skip
    assert "m 1" not in shown
    assert "m 4" in rfm("schemes", "show", "pymc").stdout


def test_show__draws_means_of_f_and_m_as_columns(rfm):
    assert "│ fm 1 │" in " ".join(rfm("schemes", "show", "shopify").stdout.split())
    assert "0.5" in rfm("schemes", "show", "putler").stdout
    assert "fm" not in rfm("schemes", "show", "klaviyo").stdout


def test_schemes__alone_prints_help(rfm):
    run = rfm("schemes")
    assert (run.exit_code, run.stderr) == (2, "")
    assert "diff" in run.stdout


def test_lint__ends_with_2_and_a_line_each(rfm, tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text('bins = 2\n[[segments]]\nname = "A"\nr = 2\n')
    monkeypatch.chdir(tmp_path)
    run = rfm("schemes", "lint", "mine.toml")
    assert run.exit_code == 2
    assert run.stdout.startswith("mine.toml: error: 4 of 8 cells may match no segment")
    assert run.stderr.startswith("error: scheme mine.toml must")
    assert "got 1 error." in run.stderr
    assert run.stderr.count("\n") == 1


def test_diff__tells_who_changes_hands(rfm):
    assert rfm("schemes", "diff", "shopify", "shopify").stdout == "no cell changes its segment\n"
    said = rfm("schemes", "diff", "shopify", "shopify-ceil").stdout.splitlines()
    assert "New -> Active: 2 cells, 512 521" in said
    for others, why in (("klaviyo", "same scores"), ("five-types", "by scores")):
        run = rfm("schemes", "diff", "classic", others)
        assert run.exit_code == 2
        assert why in run.stderr


def test_score__prints_names_as_they_are(rfm, orders, tmp_path):
    """`[/red]` in a name once raised an error in the library that prints tables."""
    (tmp_path / "mine.toml").write_text(
        'title = "[/x]"\notherwise = "[b]"\n[[segments]]\nname = "a[/red] :star:"\nr = 1\n'
    )
    run = rfm("score", orders, "-o", tmp_path / "out.csv", "--scheme", tmp_path / "mine.toml")
    assert run.exit_code == 0
    assert "a[/red] :star:" in run.stdout
    assert "[b]" in run.stdout


def test_diff__of_other_scores_says_which(rfm):
    run = rfm("schemes", "diff", "classic", "putler")
    assert run.exit_code == 2
    assert "got r 1-5, f 1-5, m 1-5 in classic, r 0-5, f 0-5, m 0-5 in putler." in run.stderr


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("name", shipped_schemes())
def test_show__breaks_lines_between_words_only(rfm, monkeypatch, name, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = rfm("schemes", "show", name).stdout
    assert max(map(len, shown.splitlines())) <= columns
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []
    scheme = load_scheme(name)
    known = {word for each in scheme.segments for word in each.name.split()} | {"-"}
    known |= {*scheme.otherwise.split(), "r", "f", "m", "fm"}
    cells = [line.split("│")[1:-1] for line in shown.splitlines() if "│" in line]
    words = {word for row in cells for cell in row for word in cell.split()}
    assert {word for word in words if not re.fullmatch(r"[0-9.]+", word)} <= known
    if scheme.has_otherwise:
        flat = " ".join(shown.split())
        assert f"- {scheme.otherwise} otherwise {scheme.otherwise_about}" in flat
        assert str(scheme.otherwise_action) in flat
    if scheme.is_raw or not cells:
        assert scheme.is_raw or "needs a wider terminal" in shown


def test_show__has_a_grid_of_numbers_if_there_is_no_room_for_names(rfm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    shown = rfm("schemes", "show", "classic").stdout
    assert "│ r 5 │  4  │  3  │  3  │  1  │  1  │" in shown
    assert "The numbers in the grid" in shown
    monkeypatch.setenv("COLUMNS", "80")
    assert "The numbers in the grid" not in rfm("schemes", "show", "classic").stdout
