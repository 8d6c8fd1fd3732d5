"""The memory limit: parsed, divided, refused with numbers, and the available memory."""

from __future__ import annotations

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.totals.memory import system
from rfm_engine.totals.memory.budget import (
    UNLIMITED,
    default_limit,
    least_limit,
    parse_size,
    plan_memory,
)

MB = 1_000_000


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("2GB", 2_000_000_000), ("2gb", 2_000_000_000), ("2G", 2_000_000_000),
        ("512MiB", 512 * 2**20), ("1.5 GB", 1_500_000_000), ("1024", 1024), (4096, 4096),
        ("3TiB", 3 * 2**40), ("7K", 7_000),
    ],
)  # fmt: skip
def test_parse_size__knows_thousands_and_1024s(text, n_bytes):
    assert parse_size(text) == n_bytes


@pytest.mark.parametrize("text", ["", "much", "-1GB", "0", 0, -5, "1EB", "GB", "1,5GB"])
def test_parse_size__refuses_what_is_no_size(text):
    with pytest.raises(UsageError, match="such as 2GB"):
        parse_size(text)


def test_plan__divides_what_is_left():
    least = least_limit(100 * MB, 2)
    budget = plan_memory(least + 1_000 * MB, 100 * MB, 2)
    more = plan_memory(least + 2_000 * MB, 100 * MB, 2)
    less, most = (plan.waiting_bytes + plan.tables_bytes for plan in (budget, more))
    assert most - less == 1_000 * MB
    assert budget.waiting_bytes < budget.tables_bytes
    assert plan_memory(None, 100 * MB, 2) == UNLIMITED


def test_plan__refuses_a_limit_that_leaves_nothing_and_says_what_would():
    least = least_limit(100 * MB, 2)
    plan_memory(least, 100 * MB, 2)
    with pytest.raises(UsageError, match=f"at least {-(-least // MB)}MB with 2 threads; got"):
        plan_memory(least - 1, 100 * MB, 2)


def test_default__is_what_is_in_use_and_four_fifths_of_what_is_free():
    assert default_limit(10_000 * MB, 500 * MB, 2) == 8_500 * MB
    assert default_limit(None, 500 * MB, 2) is None
    assert default_limit(0, 500 * MB, 2) == least_limit(500 * MB, 2)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def groups(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(system, "_SELF", tmp_path / "self")
    monkeypatch.setattr(system, "_free_on_machine", lambda: 9_000 * MB)
    return tmp_path


@pytest.mark.usefixtures("groups")
def test_available__is_that_of_the_machine_without_groups():
    assert system.available_bytes() == 9_000 * MB


def test_available__is_that_of_the_tightest_group_cached_files_being_free(groups):
    write(groups / "self" / "cgroup", "0::/shop/job\n")
    for folder, most, used in (("shop", 5_000, 1_000), ("shop/job", 3_000, 2_500)):
        write(groups / "groups" / folder / "memory.max", f"{most * MB}\n")
        write(groups / "groups" / folder / "memory.current", f"{used * MB}\n")
        write(groups / "groups" / folder / "memory.stat", f"anon 1\ninactive_file {400 * MB}\n")
    assert system.available_bytes() == (3_000 - 2_500 + 400) * MB


def test_available__no_limit_is_none_of_the_groups(groups):
    write(groups / "self" / "cgroup", "0::/\n")
    write(groups / "groups" / "memory.max", "max\n")
    write(groups / "groups" / "memory.current", "1\n")
    assert system.available_bytes() == 9_000 * MB


def test_available__reads_version_1_too(groups):
    write(groups / "self" / "cgroup", "3:cpu,cpuacct:/x\n2:memory:/x\n")
    folder = groups / "groups" / "memory"
    for name, text in (
        ("memory.limit_in_bytes", f"{2_000 * MB}"),
        ("memory.usage_in_bytes", f"{500 * MB}"),
        ("memory.stat", f"total_inactive_file {100 * MB}"),
    ):
        write(folder / name, text)
    assert system.available_bytes() == 1_600 * MB
