"""The log of events is the old one or the new one, whatever fails while it is written."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.conftest import stride
from tests.history.failing_files import FailingFiles, Killed
from tests.history.test_events import DAYS, LATER, ORDERS, log_of

# The deep profile fails at every step; otherwise at some of them.
STRIDE = stride(8)


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "full disk"])
def test_log__is_written_completely_or_not_at_all(tmp_path, kill):
    history = rfm.History.create(tmp_path / "old")
    late = pa.concat_tables([pa.table(ORDERS), LATER])
    for orders, day in ((ORDERS, DAYS[0]), (late, DAYS[1])):
        history.add(pa.table(orders), as_of=day)
    history.log_events()
    history.add(pa.table(ORDERS), as_of=DAYS[1], replace=True)
    old = log_of(history, DAYS[1]).read_bytes()
    shutil.copytree(history.path, tmp_path / "new")
    counting = FailingFiles()
    whole = rfm.History.open(tmp_path / "new", files=counting)
    assert whole.log_events(retracted=True).status == "replaced"
    new = log_of(whole, DAYS[1]).read_bytes()
    for at in range(1, counting.n_steps + 1, STRIDE):
        place = tmp_path / f"{at}"
        shutil.copytree(history.path, place)
        with pytest.raises((Killed, OSError)):
            rfm.History.open(place, files=FailingFiles(at, kill=kill)).log_events(retracted=True)
        again = rfm.History.open(place)
        unit = f"events/as_of={DAYS[1]}"
        assert (again.store.place(unit) / "events.parquet").read_bytes() in (old, new)
        again.log_events(retracted=True)
        assert log_of(again, DAYS[1]).read_bytes() == new
        assert again.verify() == []
