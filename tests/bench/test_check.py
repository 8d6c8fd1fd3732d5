"""A wrong answer is found, and the message describes it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.bench.check import AnswerError, Checker
from rfm_engine.bench.engines import ENGINES
from tests.bench.answers import answer_of

RIGHT = answer_of()


@pytest.fixture
def checker(tmp_path) -> Checker:
    """Return a checker that has the correct answer from rfm."""
    checker = Checker(tmp_path / "kept")
    checker.check(ENGINES["rfm"], saved(RIGHT, tmp_path))
    return checker


def saved(table: pa.Table, folder: Path) -> Path:
    place = folder / "output"
    pq.write_table(table, place)
    return place


def with_value(name: str, row: int, value: object) -> pa.Table:
    column = RIGHT[name]
    values = [value if i == row else old for i, old in enumerate(column.to_pylist())]
    kind = pa.string() if name == "segment" else column.type
    place = RIGHT.column_names.index(name)
    return RIGHT.set_column(place, name, pa.array(values, kind))


def test_check__takes_the_same_answer_in_another_order(checker, tmp_path):
    checker.check(ENGINES["polars"], saved(RIGHT.take([5, 3, 1, 0, 2, 4]), tmp_path))


def test_check__names_solution_column_and_customer(checker, tmp_path):
    wrong = saved(with_value("segment", 3, "At Risk"), tmp_path)
    with pytest.raises(AnswerError) as error:
        checker.check(ENGINES["polars"], wrong)
    assert "got another segment from polars than from rfm" in str(error.value)
    assert "rfm has Champions for customer 3, polars has At Risk for customer 3" in str(error.value)


@pytest.mark.parametrize("table", [RIGHT.slice(1), RIGHT.slice(0, 0)], ids=["one less", "none"])
def test_check__names_a_customer_who_is_not_there(checker, tmp_path, table):
    with pytest.raises(AnswerError, match=r"customer_id .* polars has no such customer"):
        checker.check(ENGINES["polars"], saved(table, tmp_path))


def test_check__finds_a_customer_given_twice(checker, tmp_path):
    twice = pa.concat_tables([RIGHT, RIGHT.slice(2, 1)], promote_options="permissive")
    with pytest.raises(AnswerError, match="customer_id"):
        checker.check(ENGINES["polars"], saved(twice, tmp_path))


def test_check__leaves_the_scores_of_ntile_alone_and_not_its_measures(checker, tmp_path):
    checker.check(ENGINES["duckdb-ntile"], saved(with_value("f_score", 0, 5), tmp_path))
    with pytest.raises(AnswerError, match="frequency from duckdb-ntile"):
        checker.check(ENGINES["duckdb-ntile"], saved(with_value("frequency", 0, 5), tmp_path))


def test_check__keeps_the_first_answer_that_has_all_columns(tmp_path):
    checker = Checker(tmp_path / "kept")
    checker.check(ENGINES["duckdb-ntile"], saved(with_value("f_score", 0, 5), tmp_path))
    checker.check(ENGINES["duckdb"], saved(RIGHT, tmp_path))
    with pytest.raises(AnswerError, match="f_score from polars than from duckdb"):
        checker.check(ENGINES["polars"], saved(with_value("f_score", 0, 5), tmp_path))
