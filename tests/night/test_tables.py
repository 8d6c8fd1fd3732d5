"""A night adds the new versions of a Delta table, as it adds new files.

`deltalake` is imported late, because not every process of the tests needs it.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from tests.night import shop
from tests.night.dying import Killed

TABLE = shop.RUN.replace('["incoming/*.parquet"]', '["delta:lake/orders"]')


def deliver(folder, night):
    """Append the orders of a night to the table of a shop."""
    from deltalake import write_deltalake

    (folder / "incoming").mkdir(exist_ok=True)
    shop.deliver(folder, night)
    [file] = (folder / "incoming").iterdir()
    write_deltalake(folder / "lake" / "orders", pq.read_table(file), mode="append")
    file.unlink()


@pytest.fixture
def folder(tmp_path):
    """A shop with a table, after its first night; later two versions were written on one day."""
    config = shop.make(tmp_path / "shop", TABLE)
    deliver(config.parent, 0)
    rfm.run_night(config)
    deliver(config.parent, 1)
    deliver(config.parent, 2)
    return config.parent


def test_night__adds_the_new_versions_of_a_table(folder):
    steps = rfm.run_night(folder / "rfm.toml").steps
    [ingest] = [step for step in steps if step.name == "ingest"]
    assert (str(ingest.as_of), ingest.about["batches"]) == (str(shop.FIRST + timedelta(2)), 2)
    assert ingest.about["batch"] == f"delta:{folder}/lake/orders@2"
    again = rfm.run_night(folder / "rfm.toml").steps
    assert {step.status for step in again} <= {"already", "skipped"}
    assert rfm.History.open(folder / "history").verify() == []


def test_night__killed_between_two_versions_is_equal_to_one_that_was_not(folder, tmp_path):
    calm = shutil.copytree(folder, tmp_path / "other" / "shop")
    rfm.run_night(calm / "rfm.toml")

    def stop(_):
        # The rows of the first version are reported before those of the second.
        if len(rfm.State.open(folder / "state").summary()["batches"]) == 2:
            raise Killed

    with pytest.raises(Killed):
        rfm.run_night(folder / "rfm.toml", progress=stop)
    assert rfm.History.open(folder / "history").dates == [shop.FIRST]
    rfm.run_night(folder / "rfm.toml")
    assert shop.contents(folder) == shop.contents(calm)
    assert rfm.History.open(folder / "history").dates == [shop.FIRST, shop.FIRST + timedelta(2)]


def test_night__refuses_a_table_beside_files(folder):
    config = folder / "rfm.toml"
    both = '["delta:lake/orders", "incoming/*.parquet"]'
    config.write_text(TABLE.replace('["delta:lake/orders"]', both))
    with pytest.raises(UsageError, match="must be one Delta table or only files; got"):
        rfm.run_night(config)


def test_night__refuses_a_table_that_contains_its_files(folder):
    config = folder / "rfm.toml"
    config.write_text(TABLE.replace("delta:lake/orders", "delta:."))
    with pytest.raises(UsageError, match="must not be inside an input"):
        rfm.run_night(config)
