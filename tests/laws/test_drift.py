"""Test drift of types between orders in memory.

It is refused and nothing changes, or the result is the same as for one table that was cast.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from functools import cache
from itertools import product
from typing import NamedTuple

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine import DataError
from tests.conftest import DEEP

AS_OF = "2026-12-31"
DAYS = [date(2026, 3, 1), date(2026, 4, 1)]
TIMES = [datetime(2026, 3, 1), datetime(2026, 4, 1)]
UUIDS = pa.array([uuid.UUID(int=number).bytes for number in (1, 2)], pa.binary(16)).cast(pa.uuid())


class Kind(NamedTuple):
    """Two values as given and as interpreted; there is no drift between kinds of one family."""

    family: str
    column: pa.Array
    plain: pa.Array


NULL = Kind("null", pa.nulls(2), pa.nulls(2))


def family(name: str, plain: pa.Array, *columns: pa.Array) -> list[Kind]:
    return [Kind(name, column, plain) for column in columns]


def faulty(*columns: pa.Array) -> list[Kind]:
    return [Kind("faulty", column, column) for column in columns]


ONE_TWO = pa.array([1, 2])
WORDS = pa.array(["1", "x"])
BYTES = WORDS.cast(pa.binary())
EUR = pa.array(["EUR", "EUR"])
MARCH = pa.array(TIMES, pa.timestamp("us"))
MARCH_UTC = pa.array(TIMES, pa.timestamp("us", "UTC"))
HALVES = pa.array([0.5, 7.25])
CENTS = pa.array([5, 7]).cast(pa.decimal128(38, 2))
IDS = [
    *family("int", ONE_TWO, ONE_TWO, ONE_TWO.cast(pa.int8()), ONE_TWO.cast(pa.decimal128(38, 0))),
    *family("uint", ONE_TWO.cast(pa.uint64()), *map(ONE_TWO.cast, (pa.uint64(), pa.uint8()))),
    *family("text", WORDS, WORDS, WORDS.cast(pa.string_view()), WORDS.dictionary_encode()),
    *family("binary", BYTES, BYTES, BYTES.cast(pa.binary(1)), BYTES.cast(pa.large_binary())),
    *family("uuid", UUIDS, UUIDS),
    *faulty(pa.array([1.0, 2.0]), pa.array([True, False]), pa.array(DAYS)),
    NULL,
]
TIME_KINDS = [
    *family("naive", MARCH, MARCH.cast(pa.timestamp("ns")), pa.array(DAYS)),
    *family("naive", MARCH, pa.array(["2026-03-01", "2026-04-01T00:00"])),
    *family("zoned", MARCH_UTC, MARCH_UTC.cast(pa.timestamp("ms", "Asia/Tokyo"))),
    *family("zoned", MARCH_UTC, pa.array(["2026-03-01T00:00Z", "2026-04-01T09:00+09:00"])),
    *faulty(ONE_TWO, pa.array([1.0, 2.0]), pa.array([True, False])),
    NULL,
]
AMOUNTS = [
    *family("int", ONE_TWO, ONE_TWO.cast(pa.int16()), ONE_TWO.cast(pa.uint64())),
    *family("float", HALVES, HALVES, HALVES.cast(pa.float32())),
    *family("decimal", CENTS, CENTS.cast(pa.decimal128(9, 2)), CENTS.cast(pa.decimal256(50, 2))),
    *family("scale 3", CENTS.cast(pa.decimal128(38, 3)), CENTS.cast(pa.decimal128(38, 3))),
    *faulty(WORDS, pa.array([True, False])),
    NULL,
]
QUANTITIES = [
    *family("int", ONE_TWO, *map(ONE_TWO.cast, (pa.int8(), pa.uint64(), pa.decimal128(38, 0)))),
    *faulty(HALVES, WORDS),
    NULL,
]
CURRENCIES = [*family("text", EUR, EUR, EUR.cast(pa.string_view())), *faulty(ONE_TWO), NULL]
FEW_IDS = [*{kind.family: kind for kind in IDS}.values()]
ROLES = {
    "customer": ("customer_id", IDS),
    "time": ("order_time", TIME_KINDS),
    "amount": ("amount", AMOUNTS),
    "order": ("order", FEW_IDS),
    "by": ("by", FEW_IDS),
    "quantity": ("quantity", QUANTITIES),
    "currency": ("currency", CURRENCIES),
}
REST = {"customer_id": ONE_TWO, "order_time": MARCH, "amount": pa.array([5, 7])}


class Pair(NamedTuple):
    """Two tables, and the table that they are equivalent to; None if they must be refused."""

    at: int  # the place of the first table in `tables_of`
    first: pa.Table
    second: pa.Table
    meant: pa.Table | None


@cache
def tables_of(role: str) -> list[pa.Table]:
    column, found = ROLES[role]
    return [pa.table(REST | {column: kind.column}) for kind in found]


@cache
def pairs_of(role: str) -> list[Pair]:
    """Return pairs of all families, and of each kind and the first or next; or all, if DEEP."""
    found = ROLES[role][1]
    pairs = [*product(range(len(found)), repeat=2)]
    if not DEEP:
        of = {(found[at].family, found[other].family): (at, other) for at, other in pairs}
        pairs = sorted({*of.values(), *(p for p in pairs if 0 in p or p[0] + 1 == p[1])})
    return [Pair(at, *_pair(role, at, other)) for at, other in pairs]


def _pair(role: str, *places: int) -> tuple[pa.Table, pa.Table, pa.Table | None]:
    column, found = ROLES[role]
    first, second = (found[at] for at in places)
    tables = (tables_of(role)[at] for at in places)
    shown = [kind for kind in (first, second) if kind is not NULL]
    # A null currency next to another one makes two currencies, for any type.
    is_mixed = column == "currency" and len(shown) == 1
    is_drift = len({kind.family for kind in shown}) > 1
    if "faulty" in (first.family, second.family) or is_drift or is_mixed:
        return *tables, None
    plain = [
        pa.nulls(2, shown[0].plain.type) if kind is NULL and shown else kind.plain
        for kind in (first, second)
    ]
    return *tables, pa.concat_tables([pa.table(REST | {column: each}) for each in plain])


def options_of(role: str) -> dict[str, str]:
    return {} if role in ("customer", "time", "amount") else {role: role}


def seen(totals: rfm.CustomerTotals) -> object:
    return totals.rows, sorted(totals.finish().to_pylist(), key=str)


def totals_of(orders: object, **options: str) -> rfm.CustomerTotals:
    totals = rfm.CustomerTotals(as_of=AS_OF, **options)
    totals.update(orders)
    return totals


@cache
def is_valid(role: str, at: int, n_rows: int = 2) -> bool:
    """Return whether totals accept the first rows of a table."""
    try:
        totals_of(tables_of(role)[at].slice(0, n_rows), **options_of(role))
    except DataError:
        return False
    return True


@cache
def seen_of(role: str, *places: int) -> object:
    """Return what the totals of a list of tables contain."""
    return seen(totals_of([tables_of(role)[at] for at in places], **options_of(role)))


@pytest.mark.parametrize("role", ROLES)
def test_drift__in_a_list_of_one_table_is_none(role):
    for at, table in enumerate(tables_of(role)):
        if is_valid(role, at):
            assert seen(totals_of(table, **options_of(role))) == seen_of(role, at)


@pytest.mark.parametrize("role", ROLES)
def test_drift__in_a_list_is_refused_before_anything_is_added(role):
    options = options_of(role)
    for _, first, second, meant in pairs_of(role):
        totals = rfm.CustomerTotals(as_of=AS_OF, **options)
        wanted = None if meant is None else seen(totals_of(meant, **options))
        for orders in ([first, second], (*first.to_batches(), *second.to_batches())):
            if meant is not None:
                assert seen(totals_of(orders, **options)) == wanted
                continue
            with pytest.raises(DataError):
                totals.update(orders)
            # The currencies of a table are known only after it has been read.
            if role != "currency":
                assert totals.rows.read == 0


@pytest.mark.parametrize("role", ROLES)
def test_drift__in_an_iterator_is_refused_before_any_result(role):
    options = options_of(role)
    for _, first, second, meant in pairs_of(role):
        for orders in ([first, second], [*first.to_batches(), *second.to_batches()]):
            if meant is None:
                with pytest.raises(DataError):
                    rfm.score(iter(orders), as_of=AS_OF, threads=2, **options)
                continue
            if first.column(ROLES[role][0]).type == pa.null() and role in ("order", "by"):
                continue  # the kind of nulls has been decided by then: see below
            result = rfm.score(iter(orders), as_of=AS_OF, threads=2, **options)
            wanted = rfm.score(meant, as_of=AS_OF, **options)
            assert result.rows == wanted.rows
            rows, wanted_rows = (
                sorted(each.customers.to_pylist(), key=str) for each in (result, wanted)
            )
            assert rows == wanted_rows
            ids = [row["customer_id"] for row in rows]
            explained, wanted_told = (rfm.explain(each, ids) for each in (result, wanted))
            assert sorted(map(str, explained)) == sorted(map(str, wanted_told))


@pytest.mark.parametrize("role", ROLES)
def test_drift__in_an_iterator_leaves_totals_as_they_were(role):
    options = options_of(role)
    for at, first, second, meant in pairs_of(role):
        if meant is not None:
            continue
        for before in ([], [first.slice(0, 0)], [first]):
            if before and not is_valid(role, at, before[0].num_rows):
                continue
            totals = rfm.CustomerTotals(as_of=AS_OF, **options)
            for table in before:
                totals.update(table)
            was = seen(totals)
            with pytest.raises(DataError):
                totals.update(iter([first, second]))
            assert seen(totals) == was
            if before == [first]:
                totals.update(iter([first]))
                assert seen(totals) == seen_of(role, at, at)


@pytest.mark.parametrize("role", ROLES)
def test_drift__over_the_life_of_totals_leaves_them_as_they_were(role):
    options = options_of(role)
    for at, first, second, meant in pairs_of(role):
        if not is_valid(role, at):
            continue
        totals = totals_of(first, **options)
        before = seen(totals)
        try:
            totals.update(second)
        except DataError:
            # A column of only nulls is treated as integers (as text, for groups) after its rows
            # have been counted, because rows that were added before cannot be changed.
            assert meant is None or first.column(ROLES[role][0]).type == pa.null()
            assert seen(totals) == before
            totals.update(first)
            assert seen(totals) == seen_of(role, at, at)
        else:
            assert meant is not None
            assert seen(totals) == seen(totals_of(meant, **options))


@pytest.mark.parametrize("role", ROLES)
def test_drift__leaves_a_state_as_it_was(role, tmp_path):
    options = options_of(role)
    for number, (at, first, second, meant) in enumerate(pairs_of(role)[::3]):
        state = rfm.State.create(tmp_path / str(number), **options)
        if not is_valid(role, at):
            with pytest.raises(DataError):
                state.ingest([first, second], batch_id="both")
            assert state.manifest.newest.number == 1
            continue
        state.ingest(first, batch_id="first")
        before = seen(state.totals(as_of=AS_OF))
        try:
            state.ingest(second, batch_id="second")
        except DataError:
            assert meant is None or first.column(ROLES[role][0]).type == pa.null()
            assert state.manifest.newest.number == 2
            assert seen(state.totals(as_of=AS_OF)) == before
        else:
            assert meant is not None
            assert seen(state.totals(as_of=AS_OF)) == seen(totals_of(meant, **options))


def test_drift__in_later_batches_names_the_row_where_it_begins():
    first = pa.table(REST)
    second = pa.table(REST | {"customer_id": WORDS})
    with pytest.raises(DataError, match="got text in orders from row 3 on and int in orders"):
        rfm.score(iter([*first.to_batches(), *second.to_batches()]), as_of=AS_OF)
    with pytest.raises(DataError, match=r"got text in orders\[1\] and int in orders\[0\]"):
        rfm.score([first, second], as_of=AS_OF)


def test_drift__of_a_scale_says_what_integers_beside_floats_mean():
    whole, halves = (pa.table(REST | {"amount": each}) for each in (ONE_TWO, HALVES))
    with pytest.raises(DataError, match="give amount_scale if the integers are minor units"):
        rfm.score([whole, halves], as_of=AS_OF)
    for orders in ([whole, halves], [halves, whole], iter([whole, halves])):
        result = rfm.score(orders, as_of=AS_OF, amount_scale=2)
        paid = {row["customer_id"]: str(row["monetary"]) for row in result.customers.to_pylist()}
        assert paid == {1: "0.51", 2: "7.27"}
