"""Without the private parts of numba, kernels are compiled by numba itself, with one warning."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from rfm_engine.kernels import COMPILED, kernel
from tests.conftest import DEEP

pytestmark = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")

SCORE = """
import sys
{change}
import pyarrow as pa
import rfm_engine as rfm
from tests.shapes import AS_OF, random_orders

orders = random_orders(400, 30)
orders = orders.append_column("order_id", pa.array(i // 3 for i in range(400)))
for options in {options}:
    result = rfm.score(orders, as_of=AS_OF, threads=1, **options)
    print(pa.table(result.customers).sort_by("customer_id").to_pylist())
"""
OPTIONS = [{}, {"order": "order_id", "refunds": "net-order"}] if DEEP else [{}]
CALL = """
{change}
import numpy as np
from rfm_engine.kernels import kernel

@kernel
def twice(n):
    return 2 * n

@kernel
def of_first(values):
    return twice(values[0]) + 1, values[0] > 3

print(of_first(np.array([5])), of_first(np.array([2])))
"""
CHANGES = {
    "an attribute less": "import numba\ndel numba.config._OptLevel",
    "other arguments": "import rfm_engine.kernels.compiling as c\nc.make_array = lambda: None",
}


def run(script, change, cache=None):
    environment = os.environ | ({} if cache is None else {"RFM_CACHE_DIR": str(cache)})
    found = subprocess.run(
        [sys.executable, "-W", "always", "-c", script.format(change=change, options=OPTIONS)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    return found.stdout, found.stderr.count("versions of numba and llvmlite")


def test_score__without_our_compiler_warns_once_and_gives_the_same(tmp_path):
    usual = run(SCORE, "")
    assert usual[1] == 0
    change = "sys.modules['rfm_engine.kernels.compiling'] = None"
    assert run(SCORE, change, tmp_path) == (usual[0], 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", CHANGES)
def test_kernel__with_numba_changed_warns_once_and_gives_the_same(tmp_path, change):
    assert run(CALL, CHANGES[change], tmp_path) == ("(11, True) (5, False)\n", 1)
    assert list(tmp_path.iterdir()) == []


def test_kernel__of_numba_returns_the_same_kinds_of_numbers(monkeypatch, empty_cache):
    monkeypatch.setitem(sys.modules, "rfm_engine.kernels.compiling", None)

    @kernel
    def described(number, values):
        return number, values[0], number > 1

    @kernel
    def nothing(values):
        values[0] = 5

    values = np.full(1, 2**64 - 1, np.uint64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = described(3, values)
        assert nothing(values) is None
    assert found == (3, 2**64 - 1, True)
    assert [type(each) for each in found] == [int, np.uint64, bool]
    assert values[0] == 5
    assert list(empty_cache.iterdir()) == []


def test_kernel__at_fault_itself_is_refused_as_ever(empty_cache):
    @kernel
    def half(n):
        return n * 0.5

    with pytest.raises(TypeError, match="half must return"):  # A warning would be an error.
        half(3)
    assert list(empty_cache.iterdir()) == []
