"""What files must have: the same columns, names in the first line, and rows."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import UsageError
from rfm_engine.guesses.options import guess_options

ROW = "7,2025-01-01,7.50\n"


def refused(*places):
    with pytest.raises(UsageError) as raised:
        guess_options(places, {})
    return str(raised.value)


def test_files__with_other_columns_are_refused_by_name(tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text(f"customer_id,order_date,amount\n{ROW}")
    other.write_text(f"email,order_date,amount\n{ROW}")
    assert refused(one, other) == (
        f"{other} must have the columns of {one}; got no 'customer_id', 'email'. "
        "Run rfm init only for files with the same columns."
    )


def test_files__of_parquet_with_other_columns_are_refused_by_name(tmp_path):
    table = pa.table({"customer_id": [7], "order_date": ["2025-01-01"], "amount": [7.5]})
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    pq.write_table(table, one)
    pq.write_table(table.append_column("status", pa.array(["paid"])), other)
    assert refused(one, other).startswith(f"{other} must have the columns of {one}; got 'status'.")


def test_files__with_columns_in_another_order_are_read_by_name(tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("customer,date,amount\n7,1/2/2025,7.50\n")
    other.write_text("amount,date,customer\n7.50,31/1/2025,seven\n")
    guesses = {each.option: each for each in guess_options([one, other], {})}
    assert guesses["time_format"].value == "%d/%m/%Y"
    assert not guesses["time_format"].others
    assert "ids" not in guesses


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("00001 19970101 1 11.77", "customer_id order_time column_3 amount"),
        ("7;A1;31.12.2025 18:20;19,90;paid", "customer_id;column_2;order_time;amount;column_5"),
        ("31/12/2025,12,ada@example.com", "order_time,amount,customer_id"),
        ("2025-12-31\tA1", r"order_time\tcustomer_id"),
    ],
)
def test_files__without_a_header_need_a_name_for_each_field(tmp_path, line, names):
    place = tmp_path / "orders.txt"
    place.write_text(f"{line}\n{line}\n")
    n_fields = len(names.replace(r"\t", " ").replace(",", " ").replace(";", " ").split())
    assert refused(place).endswith(
        f"Write a line with a name for each of the {n_fields} fields before it, such as `{names}`."
    )


def test_files__without_rows_are_refused(tmp_path):
    place = tmp_path / "orders.csv"
    place.write_text("customer_id,order_date,amount\n")
    assert "must have rows" in refused(place)
    table = pa.table({"customer_id": [7], "order_date": ["2025-01-01"], "amount": [7.5]})
    pq.write_table(table[:0], tmp_path / "orders.parquet")
    assert "must have rows" in refused(tmp_path / "orders.parquet")
