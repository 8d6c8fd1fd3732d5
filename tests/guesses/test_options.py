"""Options are guessed from files of every format, and are accepted by `score`."""

from __future__ import annotations

import gzip
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.guesses.options import guess_options

GERMAN = (
    "Kunde;Bestellt am;Betrag;Status;Beleg\n"
    "00004;31.12.2025 18:20;1.019,90;bezahlt;A1\n"
    "00017;;8,00;bezahlt;A4\n"
    "NULL;20.10.2025 08:15;-3,00;bezahlt;A5\n"
    "00030;20.10.2025 08:15;7,00;storniert;A6\n"
)


def guessed(place, **typed):
    guesses = guess_options([place] if not isinstance(place, list) else place, typed)
    return {each.option: each.value for each in guesses if each.value is not None}


def doubtful(place):
    return {each.option for each in guess_options([place], {}) if each.others}


@pytest.fixture
def file(tmp_path):
    def write(text, name="orders.csv", encoding="utf-8"):
        place = tmp_path / name
        place.write_bytes(text.encode(encoding))
        return place

    return write


def test_guess_options__of_german_csv(file):
    place = file(GERMAN)
    options = guessed(place)
    assert options == {
        "customer": "Kunde", "time": "Bestellt am", "amount": "Betrag", "order": "Beleg",
        "where": ("Status=bezahlt",), "csv_delimiter": ";", "csv_decimal": ",",
        "csv_thousands": ".", "csv_null": ("NULL",), "time_format": "%d.%m.%Y %H:%M",
    }  # fmt: skip
    result = rfm.score(place, as_of="newest", **options)
    assert result.summary()["rows"]["dropped"]["null_customer"] == 1
    assert result.customers["monetary"].to_pylist() == [Decimal("1019.90")]


@pytest.mark.parametrize(
    ("change", "encoding", "expected"),
    [
        (lambda text: text, "utf-16", {"csv_encoding": "utf-16"}),
        (
            lambda text: text.replace("bezahlt", "bez\u00e4hlt"),
            "latin-1",
            {"csv_encoding": "cp1252"},
        ),
        (lambda text: "\ufeff" + text, "utf-8", {}),
        (lambda text: text.replace(";", "\t"), "utf-8", {"csv_delimiter": "\t"}),
        (lambda text: text.replace(";", "|"), "utf-8", {"csv_delimiter": "|"}),
        (lambda text: "sep=;\n" + text, "utf-8", {"csv_delimiter": None}),
        (lambda text: ("sep=;\n" + text).replace("\n", "\r"), "utf-8", {"csv_delimiter": None}),
        (lambda text: text.replace("\n", "\r"), "utf-8", {"csv_delimiter": ";"}),
    ],
)
def test_guess_options__of_other_delimiters_and_encodings(file, change, encoding, expected):
    place = file(change(GERMAN), encoding=encoding)
    options = guessed(place)
    assert {name: options.get(name) for name in expected} == expected
    assert options["customer"] == "Kunde"
    assert rfm.score(place, as_of="newest", **options).summary()["rows"]["read"] == 4


def test_guess_options__tab_is_implied_by_the_name(file):
    assert "csv_delimiter" not in guessed(file(GERMAN.replace(";", "\t"), "orders.tsv"))


def test_guess_options__of_compressed_csv(file, tmp_path):
    place = tmp_path / "orders.csv.gz"
    place.write_bytes(gzip.compress(GERMAN.encode()))
    assert guessed(place) == guessed(file(GERMAN))


def test_guess_options__of_several_files_sees_values_of_all(file):
    first = file("customer,date,total\nx,1/2/2025,7.00\n", "a.csv")
    second = file("customer,date,total\ny,1/31/2025,9.00\n", "b.csv")
    assert "time_format" in doubtful(first)
    assert guessed([first, second])["time_format"] == "%m/%d/%Y"
    assert guessed(str(first.parent))["time_format"] == "%m/%d/%Y"


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_guess_options__of_typed_files_uses_types(tmp_path, suffix):
    table = pa.table({
        "buyer_id": pa.array([7, 8, 7], pa.int64()),
        "created": pa.array([1, 2, 3], pa.float64()),
        "ordered": pa.array([datetime(2025, 1, day) for day in (1, 2, 3)], pa.timestamp("us")),
        "amount_cents": pa.array([1050, 700, 300], pa.int64()),
        "order_no": pa.array(["a", "b", "c"]).dictionary_encode(),
    })  # fmt: skip
    place = tmp_path / f"orders.{suffix}"
    if suffix == "parquet":
        pq.write_table(table, place)
    else:
        with pa.ipc.new_file(place, table.schema) as out:
            out.write(table)
    options = guessed(place)
    assert options == {
        "customer": "buyer_id", "time": "ordered", "amount": "amount_cents", "order": "order_no",
        "amount_scale": 2,
    }  # fmt: skip
    customers = rfm.score(place, as_of="newest", **options).customers
    assert sum(customers["monetary"].to_pylist()) == Decimal("20.50")


def test_guess_options__cents_in_csv_stay_cents_and_the_reason_says_so(file):
    text = "customer_id,order_date,amount_cents\n7,2025-01-01,{}\n8,2025-01-02,700\n"
    place = file(text.format(1050))
    guesses = {each.option: each for each in guess_options([place], {})}
    assert guesses["amount_scale"].value == 0
    assert "all money is shown in hundredths; divide the column by 100" in (
        guesses["amount_scale"].reason
    )
    customers = rfm.score(place, as_of="newest", **guessed(place)).customers
    assert sorted(map(str, customers["monetary"].to_pylist())) == ["1050", "700"]
    assert "amount_scale" not in guessed(file(text.format("10.50")))
    assert guessed(place, amount_scale=2)["amount_scale"] == 2


def test_guess_options__integers_only_without_zeros_in_front(file):
    text = "customer_id,order_date,amount\n{},2025-01-01,7.00\n8,2025-01-02,9.00\n"
    assert guessed(file(text.format("7.0")))["ids"] == "int"
    assert "ids" not in guessed(file(text.format("007")))
    assert "ids" not in guessed(file(text.format("A7")))


def test_guess_options__order_ids_of_refunds_need_not_be_integers(file):
    text = "customer_id,order_date,amount,invoice\n7,2025-01-01,7.00,{}\n7,2025-01-02,{},C2\n"
    place = file(text.format("1", "-9.00"))
    options = guessed(place)
    assert (options["ids"], options["order"]) == ("int", "invoice")
    assert rfm.score(place, as_of="newest", **options).customers["frequency"].to_pylist() == [1]
    assert "ids" not in guessed(file(text.format("1", "9.00")))


def test_guess_options__customers_that_are_empty_texts_are_left_out(file):
    rows = '"customer_id","date","amount"\n"","2025-01-31","1.00"\n"7","2025-01-30","2.00"\n'
    place = file(rows)
    options = guessed(place)
    assert options["where"] == ("customer_id!=",)
    customers = rfm.score(place, as_of="newest", **options).customers
    assert customers["customer_id"].to_pylist() == ["7"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "email,date,total\na@b.org,2025-01-31,$7.00\n",
            "'total' has '$7.00': export plain numbers",
        ),
        ("email,date,total\na@b.org,yesterday,7.00\n", "'date' has 'yesterday': describe the form"),
        ("email,date,total\n", "must have rows, because options are guessed from their values"),
        ("\n\n", "got no columns"),
        ("a,a,date,total\nx,y,2025-01-31,7.00\n", "Name the column with --customer"),
    ],
)
def test_guess_options__says_why_a_role_has_no_column(file, text, said):
    with pytest.raises(UsageError) as raised:
        guess_options([file(text)], {})
    assert said in str(raised.value)


@pytest.mark.parametrize("text", ["\0\1,\0\n\0", 'a,b\n"open,1\n', "\ufffe\n", "a\n" * 9])
def test_guess_options__hostile_files_are_refused(file, text):
    with pytest.raises(UsageError):
        guess_options([file(text)], {})


AMBIGUOUS = "customer;date;total\nx;2025-01-31;1.204\ny;2025-02-01;2.000\n"


def test_guess_options__one_question_decides_how_numbers_are_written(file):
    place = file(AMBIGUOUS)
    assert doubtful(place) == {"csv_decimal", "csv_thousands"}
    asked = []

    def second(guess):
        asked.append(guess.option)
        return guess.pick(1)

    guesses = {each.option: each.value for each in guess_options([place], {}, second)}
    assert asked == ["csv_decimal"]
    assert (guesses["csv_decimal"], guesses["csv_thousands"]) == (".", None)
    assert guessed(place)["csv_thousands"] == "."
    assert guessed(place)["csv_decimal"] == ","


def test_guess_options__a_typed_sign_decides_how_numbers_are_written(file):
    place = file(AMBIGUOUS)
    options = guessed(place, csv_decimal=".")
    assert (options["csv_decimal"], options.get("csv_thousands")) == (".", None)
    options = guessed(place, csv_thousands=".")
    assert (options["csv_decimal"], options["csv_thousands"]) == (",", ".")


def test_guess_options__values_far_from_the_begin_are_seen(tmp_path):
    place = tmp_path / "orders.csv"
    with place.open("w") as out:
        out.write("customer,date,total,note\n")
        for row in range(120_000):
            day = 1 + row // 10_000 if row < 100_000 else 28
            note = '"two\nlines, and a ""quote"""' if row % 7 else ""
            out.write(f"c{row % 100},{day}/{1 + row // 20_000}/2025,{row % 90}.50,{note}\n")
    guesses = {each.option: each for each in guess_options([place], {})}
    assert guesses["time_format"].value == "%d/%m/%Y"
    assert guesses["time_format"].others == ()
    assert set(guesses) == {"customer", "time", "amount", "time_format"}


def test_guess_options__repeated_totals_of_few_orders_are_doubtful(file):
    lines = "\n".join(f"c{n},2025-01-0{n},{n}.00,o{n}" for n in range(1, 9) for _ in range(2))
    head = "customer,order_date,order_total,order_id\n"
    assert guessed(file(head + lines))["distinct"] == ("order_id",)
    assert "distinct" not in doubtful(file(head + lines))
    assert "distinct" in doubtful(file(head + "\n".join(lines.split("\n")[:4])))
    assert "distinct" not in guessed(file(head + lines + "\nc1,2025-01-01,9.00,o1"))


def test_guess_options__two_columns_that_fit_are_doubtful(file):
    place = file("user_id,buyer,order_date,amount\na,b,2025-01-01,7.00\nc,d,2025-01-02,9.00\n")
    assert "customer" in doubtful(place)
    [other] = next(g for g in guess_options([place], {}) if g.option == "customer").others
    assert other.value == "buyer"


def test_guess_options__choices_decide_what_follows(file):
    place = file("user_id,buyer,order_date,amount\n1,b,2025-01-01,7.00\n2,d,2025-01-02,9.00\n")
    guesses = guess_options([place], {}, lambda guess: guess.pick(len(guess.others)))
    assert {each.option: each.value for each in guesses}["customer"] == "buyer"
    assert "ids" not in {each.option for each in guesses}


def test_guess_options__typed_options_are_checked(file):
    with pytest.raises(UsageError, match="csv_thousands must differ"):
        guess_options([file(GERMAN)], {"csv_decimal": ",", "csv_thousands": ","})
    with pytest.raises(UsageError, match="column 'who' must exist"):
        guess_options([file(GERMAN)], {"customer": "who"})
    with pytest.raises(UsageError, match="condition column 'stat' must exist"):
        guess_options([file(GERMAN)], {"where": ["stat=paid"]})
    with pytest.raises(UsageError, match="amount must have values that can be read; 'Beleg' has"):
        guess_options([file(GERMAN)], {"amount": "Beleg"})
    with pytest.raises(UsageError, match="time must have values that can be read; 'Kunde' has"):
        guess_options([file(GERMAN)], {"time": "Kunde"})
    with pytest.raises(UsageError, match="csv_delimiter must be one ASCII character"):
        guess_options([file(GERMAN)], {"csv_delimiter": ";;"})


@pytest.mark.parametrize(("number", "is_order"), [("#1", True), ("#12-A", True), ("12", False)])
def test_guess_options__short_order_numbers_have_a_sign(file, number, is_order):
    rows = f"x,2025-01-01,7.00,{number}\nx,2025-01-02,9.00,{number[:1]}4\n"
    options = guessed(file(f"email,date,total,name\n{rows}"))
    assert ("order" in options) == is_order
