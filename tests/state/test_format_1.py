"""States of format 1, which list the ledger in the manifest: they open, and are rewritten once.

`format_1.tar.gz` contains a state that the code before format 2 made from these files, one batch
after the other. The second file was a mistake and was replaced by the third. The fourth was undone
by a restore. Two orders in memory were ingested last. Four generations and one batch are kept.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.manifest import ListedLedger
from rfm_engine.state.store import Store
from tests.conftest import DEEP, stride
from tests.state.known_states import RUNNING, answer_of
from tests.state.simulated_disk import Fault, Folder, Inode, Piece, PowerLoss, SimulatedDisk

ARCHIVE = Path(__file__).parent / "format_1.tar.gz"
HEAD = "customer_id,order_id,order_time,amount\n"
MONDAY = (
    "1,a1,2026-01-05 09:00:00,10.50\n2,a2,2026-01-05 10:00:00,7.00\n3,a3,2026-01-05 11:00:00,3.25\n"
) + "".join(f"{n},a{n},2026-01-04 08:00:00,1.00\n" for n in range(7, 13))
MISTAKEN = "1,b1,2026-01-06 09:00:00,999.00\n2,a2,2026-01-06 10:00:00,1.00\n"
TUESDAY = (
    "1,b1,2026-01-06 09:00:00,9.99\n2,a2,2026-01-06 10:00:00,1.00\n4,b2,2026-01-06 12:00:00,20.00\n"
)
WEDNESDAY = "4,b2,2026-01-07 08:00:00,5.00\n5,c1,2026-01-07 09:30:00,42.00\n"
THURSDAY = "1,d1,2026-01-08 09:00:00,4.00\n6,d2,2026-01-08 10:00:00,6.50\n"
# By generation. The id of the batch of the fourth file is computed from its content.
IDS = {4: "monday tuesday", 5: "monday tuesday 6603a56debbd", 6: "monday tuesday",
       7: "monday tuesday thursday"}  # fmt: skip
FILES = {"monday": MONDAY, "mistaken": MISTAKEN, "tuesday": TUESDAY, "wednesday": WEDNESDAY}


@pytest.fixture
def state(tmp_path) -> rfm.State:
    shutil.unpack_archive(ARCHIVE, tmp_path, filter="data")
    return rfm.State.open(tmp_path / "shop")


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    places = {name: tmp_path / f"{name}.csv" for name in FILES}
    for name, place in places.items():
        place.write_text(HEAD + FILES[name])
    return places


def totals_of_lines(*lines: str):
    """Return the totals of a new run over all lines."""
    rows = [line.split(",") for line in "".join(lines).splitlines()]
    table = pa.table({
        "customer_id": [row[0] for row in rows],
        "order_id": [row[1] for row in rows],
        "order_time": [datetime.fromisoformat(row[2]) for row in rows],
        "amount": [Decimal(row[3]) for row in rows],
    })  # fmt: skip
    totals = rfm.CustomerTotals(as_of="newest", order="order_id")
    totals.update(table)
    return answer_of(totals)


AS_IT_WAS = (MONDAY, TUESDAY, THURSDAY)
FRIDAY = "9,e1,2026-01-09 09:00:00,2.00\n"


def friday() -> pa.Table:
    return pa.table({
        "customer_id": ["9"], "order_id": ["e1"], "order_time": [datetime(2026, 1, 9, 9)],
        "amount": [Decimal("2.00")],
    })  # fmt: skip


def ids_by_generation(state: rfm.State, store: Store) -> dict[int, list[str]]:
    return {
        each.number: KnownBatches(each.ledger, store).ids for each in state.manifest.generations
    }


def test_state__is_read_and_stays_what_it_is(state, files):
    before = {path: path.read_bytes() for path in state.path.rglob("*") if path.is_file()}
    assert all(isinstance(each.ledger, ListedLedger) for each in state.manifest.generations)
    assert answer_of(state.totals()) == totals_of_lines(*AS_IT_WAS)
    assert state.summary()["batches_ingested"] == 3
    assert rfm.score(state, as_of="newest").customers.num_rows == 11
    assert state.verify() == []
    assert state.gc() == []
    assert state.forget("unknown") == []
    for name, batch in (("monday", "monday"), ("mistaken", "tuesday"), ("tuesday", "tuesday")):
        assert state.ingest(files[name]).skipped == {str(files[name]): batch}
    assert state.ingest(friday(), batch_id="thursday").batch is None
    after = {path: path.read_bytes() for path in state.path.rglob("*") if path.is_file()}
    assert after == before


WRITES = {
    "ingest": lambda state: state.ingest(friday(), batch_id="friday"),
    "replace": lambda state: state.ingest(friday(), replace_batch="thursday"),
    "restore": lambda state: state.restore(5),
    "forget": lambda state: state.forget("2"),
    "compact": lambda state: state.compact(),
}


@pytest.mark.parametrize("write", WRITES)
def test_write__moves_all_ledgers_into_files(state, files, write):
    WRITES[write](state)
    opened = rfm.State.open(state.path)
    assert opened.manifest.newest.number == 8
    [manifest] = state.path.glob("manifest-*")
    assert '"format":2' in manifest.read_text()
    assert not any(isinstance(each.ledger, ListedLedger) for each in opened.manifest.generations)
    last = {"ingest": f"{IDS[7]} friday", "restore": IDS[5]}.get(write, IDS[7])
    expected = {8: last} | {number: IDS[number] for number in (5, 6, 7)}
    found = ids_by_generation(opened, Store(state.path))
    assert found == {number: ids.split() for number, ids in expected.items()}
    assert opened.verify() == []
    assert opened.gc() == []
    known = ["monday", "mistaken", "tuesday"]
    known += ["wednesday"] if write == "restore" else []
    for name in known:
        assert opened.ingest(files[name]).batch is None
    opened.restore(7)
    assert answer_of(opened.totals()) == totals_of_lines(
        *(
            "".join(line for line in part.splitlines(keepends=True) if line[:2] != "2,")
            if write == "forget"
            else part
            for part in AS_IT_WAS
        )
    )
    assert opened.ingest(files["wednesday"]).batch == "6603a56debbd"


def test_generations__share_the_files_that_format_1_is_moved_into(state):
    state.compact()
    newest, *older = (
        {file.name for file in each.ledger.files} for each in state.manifest.generations
    )
    assert all(newest & names for names in older)


def disk_of(place: Path) -> SimulatedDisk:
    def folder_of(path: Path) -> Folder:
        return Folder({
            each.name: folder_of(each) if each.is_dir()
            else Inode([Piece(each.read_bytes(), is_durable=True, is_dirty=False)])
            for each in path.iterdir()
        })  # fmt: skip

    return SimulatedDisk(Folder({"shop": folder_of(place)}))


@pytest.mark.parametrize(("first", "what"), [(1, "EIO"), (2, "ENOSPC"), (3, "power loss")])
def test_move__survives_a_fault_of_any_operation(state, first, what):
    old, new = totals_of_lines(*AS_IT_WAS), totals_of_lines(*AS_IT_WAS, FRIDAY)
    whole = disk_of(state.path)
    place = Path("shop")
    for at in count(1 if DEEP else first, stride(3)):
        disk = whole.copy()
        opened = rfm.State.open(place, disk=disk)
        disk.fail(Fault(at, what))
        try:
            opened.ingest(friday(), batch_id="friday", **RUNNING)
        except OSError:
            disk.mend()
        except PowerLoss:
            disk = disk.after_power_loss(Random(at))
        else:
            if not disk.has_failed:
                break
        left = rfm.State.open(place, disk=disk)
        assert answer_of(left.totals(**RUNNING)) in (old, new)
        assert left.verify() == []
        left.ingest(friday(), batch_id="friday", **RUNNING)
        assert answer_of(left.totals(**RUNNING)) == new
        assert left.verify() == []
        assert ids_by_generation(left, Store(place, disk))[8] == [*IDS[7].split(), "friday"]
    assert at > 20
