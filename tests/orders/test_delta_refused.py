"""Delta tables that are missing, cleaned up or unreadable are refused with the reason."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

import rfm_engine as rfm
from rfm_engine.errors import RfmError, UsageError
from rfm_engine.orders.sources.table_places import DeltaPlace
from rfm_engine.orders.sources.tables.delta_loading import unreadable
from tests.orders.lake import AS_OF, orders


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        ("delta:nope", UsageError, "delta:nope must be a Delta table; got no _delta_log in nope"),
        ("delta:a.txt", UsageError, "must be a Delta table; got no _delta_log in a.txt"),
        ("delta:.", UsageError, r"delta:\. must be a Delta table; got no _delta_log in \."),
        ("delta:shop@2", UsageError, "delta:shop@2 must be a version of the table; got 1 as its n"),
        ("delta:shop@0..1", UsageError, r"ingested into a state .*; got delta:shop@0\.\.1\. Read"),
        ("delta:file:///x/*", UsageError, "must be one table; got a wildcard"),
        ("delta:shop@0", UsageError, "must be a version whose log is complete; got "),
    ],
)
def test_delta__missing_tables_and_versions_are_refused(here, place, error, said):
    write_deltalake("shop", orders(0, 3))
    write_deltalake("shop", orders(0, 3), mode="append")
    (here / "a.txt").touch()
    if said.endswith("complete; got "):
        DeltaTable("shop").create_checkpoint()
        (here / "shop/_delta_log/00000000000000000000.json").unlink()
    with pytest.raises(error, match=said):
        rfm.score(place, as_of=AS_OF)


@pytest.mark.usefixtures("here")
def test_delta__deleted_files_of_an_old_version_are_named_with_the_version():
    write_deltalake("shop", orders(0, 3))
    write_deltalake("shop", orders(0, 3), mode="overwrite")
    table = DeltaTable("shop")
    [gone] = table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    said = rf"^delta:shop@0 must have all its files; got no file shop/{gone}\. .*VACUUM.* newest"
    with pytest.raises(UsageError, match=said):
        rfm.score("delta:shop@0", as_of=AS_OF)


def test_delta__a_log_that_may_not_be_read_is_no_failure_of_the_network(monkeypatch):
    # Not in `tmp_path`, which another user may not enter.
    with tempfile.TemporaryDirectory() as place, monkeypatch.context() as inside:
        inside.chdir(place)
        Path(place).chmod(0o755)
        write_deltalake("shop", orders(0, 3))
        _check_denied(Path(place, "shop/_delta_log"))


def _check_denied(log):
    with _denied(log):
        said = r"^the log of delta:shop must be readable; got permission denied\. Check the owner"
        with pytest.raises(UsageError, match=said):
            rfm.score("delta:shop", as_of=AS_OF)
        with pytest.raises(UsageError, match="the log of delta:shop@0 must be readable"):
            rfm.score("delta:shop@0", as_of=AS_OF)


@contextmanager
def _denied(folder):
    """Deny access to a folder, also if the tests run as root."""
    is_root = os.geteuid() == 0
    folder.chmod(0)
    if is_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Kernel error -> Refused\n  \x1b[31m\u21b3\x1b[0m no credentials.\n",
            r"reachable; got Kernel error -> Refused: no credentials\. Check the network",
        ),
        ("No such device (os error 6)", "the log of delta:s3://b/t must be readable; got No such"),
    ],
)
def test_delta__causes_are_part_of_the_message(text, said):
    with pytest.raises(RfmError, match=said):
        raise unreadable(DeltaPlace("s3://b/t"), OSError(text))
