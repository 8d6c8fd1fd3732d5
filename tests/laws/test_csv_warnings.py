"""Test warnings about suspicious ids in CSV: one per kind, for any number of threads."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.kernels import COMPILED
from rfm_engine.orders.odd_ids import NULL_WORDS, look_at_ids, odd_ids

AS_OF = "2026-12-31"


def warnings(path, customers, orders=None, **options):
    names = "customer_id,order_time,amount" + ("" if orders is None else ",order_id")
    rows = [f'"{who}",2026-01-{1 + i % 28:02},{i}' for i, who in enumerate(customers)]
    if orders is not None:
        rows = [f"{row},{order}" for row, order in zip(rows, orders, strict=True)]
        options["order"] = "order_id"
    path.write_text("\n".join([names, *rows]) + "\n")
    return rfm.score(path, as_of=AS_OF, **options).warnings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "o.csv"


@pytest.mark.parametrize("word", NULL_WORDS)
def test_null_words__as_customers_are_told_with_the_option(path, word):
    [warning] = warnings(path, ["ada", word])
    assert warning.code == "null_words"
    assert f"'{word}'" in warning.text
    assert f"--csv-null {shlex.quote(word)} " in warning.text.typed
    assert warnings(path, ["ada", word], csv_null=[word]) == ()
    assert [each.code for each in warnings(path, [word], csv_null=["other"])] == ["null_words"]


@pytest.mark.parametrize("word", ["Null", "NULLS", " NULL", "N", "NAN", "na", "", "0", "<NA", "7"])
def test_null_words__are_exact(path, word):
    assert warnings(path, ["ada", word]) == ()


def test_null_words__are_one_warning_per_column(path):
    found = warnings(path, ["ada", "NULL", "NA"], ["7", "None", "8"])
    assert [each.code for each in found] == ["null_words", "null_words"]
    assert "'customer_id' are 'NA' and 'NULL'" in found[0].text.typed
    assert "--csv-null NA,NULL " in found[0].text.typed
    assert "'order_id' are 'None'" in found[1].text


def test_null_words__of_rows_that_do_not_count_are_none(path):
    assert warnings(path, ["ada", "NULL"], where=["customer_id!=NULL"]) == ()


@pytest.mark.parametrize(
    "who", ["17850.0", "0.0", "-3.0", "1.2345E+12", "1.2E12", "1E+5", "4.5e+100"]
)
def test_number_like__ids_are_told(path, who):
    [warning] = warnings(path, ["ada", who])
    assert warning.code == "number_like_ids"
    assert "'customer_id'" in warning.text
    assert ("--ids int" in warning.text.typed) == who.endswith(".0")
    [warning] = warnings(path, ["ada"], [who])
    assert "'order_id'" in warning.text


@pytest.mark.parametrize(
    "who", ["17850", "1.5", "1.0.0", "v1.0", ".0", "12e45", "1e5", "1.00", "E+12", "10.0.0.0"]
)
def test_number_like__other_ids_are_not(path, who):
    assert warnings(path, ["ada", who], [who] * 2) == ()


def test_number_like__ids_as_integers_are_what_they_seem(path):
    assert warnings(path, ["17850.0", "17850"], ids="int") == ()


def test_warnings__are_the_same_for_any_threads_and_files(tmp_path):
    for name, who in {"a": "NULL", "b": "NaN", "c": "7.0", "d": "1.5E+9"}.items():
        (tmp_path / f"{name}.csv").write_text(
            f"customer_id,order_time,amount\n{who},2026-01-01,1\n"
        )
    one, two = (rfm.score(tmp_path, as_of=AS_OF, threads=n).warnings for n in (1, 2))
    assert one == two
    assert [each.code for each in one] == ["null_words", "number_like_ids"]


def test_warnings__of_parquet_are_none():
    table = pa.table(
        {"customer_id": ["NULL", "7.0"], "order_time": ["2026-01-01"] * 2, "amount": [1, 2]}
    )
    dates = table["order_time"].cast(pa.date32())
    assert rfm.score(table.set_column(1, "order_time", dates), as_of=AS_OF).warnings == ()


ODD = st.one_of(st.sampled_from(NULL_WORDS), st.text("0123456789.eE+-NULAan/<>", max_size=9))


def expected(texts: list[str]) -> list[str]:
    found = [word for word in NULL_WORDS if word in texts]
    if any(re.fullmatch(r"-?[0-9]+\.0", text) for text in texts):
        found.append("17850.0")
    exponent = r"-?[0-9]+(\.[0-9]+[eE]\+?|[eE]\+)[0-9]{1,3}"
    if any(re.fullmatch(exponent, text) for text in texts):
        found.append("1.2345E+12")
    return found


@given(st.lists(st.tuples(ODD, st.booleans()), max_size=6))
@example([("1.0E+12", True), ("-1E+1", True), ("1.E+12", True), ("1E+", True), ("-.0", True)])
def test_odd_ids__are_what_a_pattern_finds(rows):
    texts = [text for text, _ in rows]
    counted = np.array([is_counted for _, is_counted in rows], np.bool_)
    got = odd_ids(pa.array(texts, pa.string()), counted)
    assert got == expected([text for text, is_counted in rows if is_counted])


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_odd_ids_kernel__compiled_once():
    odd_ids(pa.array(["1"]), np.ones(1, np.bool_))
    assert look_at_ids.n_versions == 1
