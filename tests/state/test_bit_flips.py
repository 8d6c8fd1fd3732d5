"""Every bit of a state is checked: a damaged or changed file is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rfm_engine import State, StateError
from tests.conftest import COMPILED, DEEP
from tests.state.known_states import OPTIONS, RUNNING, rows_of, table_of

_ALL = DEEP and COMPILED
# Flip one bit of every 17th byte, because all bits take three minutes; the deep profile flips all.
_STRIDE = 1 if _ALL else 17

CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "last byte cut off": lambda data: data[:-1],
    "first byte cut off": lambda data: data[1:],
    "half": lambda data: data[: len(data) // 2],
    "empty": lambda data: data[:0],
    "zeros": lambda data: bytes(len(data)),
    "longer": lambda data: data + b"\0",
    "twice": lambda data: data + data,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Return the path of a state of two batches of orders with ids."""
    place = tmp_path_factory.mktemp("flips") / "state"
    state = State.create(place, **OPTIONS["lines"])
    for batch in (0, 1):
        state.ingest(table_of(rows_of(batch)), batch_id=str(batch), **RUNNING)
    return place


@pytest.fixture
def own(place, tmp_path) -> Path:
    """Return the path of a copy that a test can damage."""
    return shutil.copytree(place, tmp_path / "state")


def files_of(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file())


def read(place: Path) -> None:
    State.open(place).totals(**RUNNING).finish()


def verified(place: Path) -> str:
    """Return what `verify` finds, or the error that it raises."""
    try:
        return "\n".join(State.open(place).verify())
    except StateError as error:
        return str(error)


def is_read_by_readers(path: Path) -> bool:
    """Readers read the totals; only the next ingest reads ids of orders and the ledger."""
    return not path.name.startswith(("orders-", "known-", "ledger-"))


def check_both_name(place: Path, path: Path) -> None:
    assert path.name in verified(place)
    if is_read_by_ingest(path):
        with pytest.raises(StateError, match=re.escape(path.name)):
            State.open(place).ingest(table_of(rows_of(2)), batch_id="2", **RUNNING)
    if is_read_by_readers(path):
        with pytest.raises(StateError, match=re.escape(path.name)):
            read(place)


def is_read_by_ingest(path: Path) -> bool:
    """An ingest reads the ledger of the newest generation, the third."""
    return path.name.startswith("ledger-3-")


def flips(data: bytes) -> Iterator[bytes]:
    """Yield the bytes with one bit flipped, for each of some bits."""
    for at in range(0, len(data), _STRIDE):
        for bit in range(8) if _ALL else [at % 8]:
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            yield bytes(flipped)


def test_state__is_whole_before_it_is_broken(place):
    assert verified(place) == ""
    read(place)
    roles = {path.name.partition("-")[0] for path in files_of(place)}
    assert sum(map(is_read_by_ingest, files_of(place))) == 1
    assert roles == {"manifest", "totals", "orders", "repeats", "ledger"}


def test_flipped_bit__is_named(own):
    for path in files_of(own):
        data = path.read_bytes()
        for flipped in flips(data):
            path.write_bytes(flipped)
            check_both_name(own, path)
        path.write_bytes(data)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_other_bytes__are_named(own, change):
    for path in files_of(own):
        data = path.read_bytes()
        path.write_bytes(change(data))
        check_both_name(own, path)
        path.write_bytes(data)


def test_missing_file__is_named(own):
    for path in files_of(own / "data"):
        data = path.read_bytes()
        path.unlink()
        check_both_name(own, path)
        path.write_bytes(data)


def test_missing_manifest__is_no_state(own):
    (path,) = own.glob("manifest-*")
    path.unlink()
    with pytest.raises(StateError, match="no manifest"):
        read(own)


def test_swapped_files__are_both_named(own):
    first, *others = files_of(own / "data")
    for other in others:
        swap(first, other)
        for path in (first, other):
            check_both_name(own, path)
        swap(first, other)


def swap(first: Path, other: Path) -> None:
    data = first.read_bytes()
    first.write_bytes(other.read_bytes())
    other.write_bytes(data)


@pytest.mark.parametrize("number", [0, 2, 4, 10**19])
def test_manifest_under_another_number__is_named(own, number):
    (path,) = own.glob("manifest-*")
    assert path.name == f"manifest-{3:020}.json"
    renamed = path.rename(own / f"manifest-{number:020}.json")
    check_both_name(own, renamed)


def test_manifest_copied_to_a_later_number__is_named(own):
    (path,) = own.glob("manifest-*")
    later = own / f"manifest-{4:020}.json"
    shutil.copy(path, later)
    check_both_name(own, later)
