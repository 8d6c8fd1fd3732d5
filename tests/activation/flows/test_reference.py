"""Random flows, consents and caps over five dates, beside a run in plain Python."""

from __future__ import annotations

import shutil
from datetime import date

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from tests.activation.flows import shops
from tests.activation.flows.reference import Reference
from tests.conftest import COMPILED, DEEP

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")


@pytest.fixture(scope="module", params=[None, "shop"], ids=["customers", "groups"])
def history(request, cdnow, tmp_path_factory):
    place = tmp_path_factory.mktemp("flows") / "history"
    return shops.small_history(cdnow, place, by=request.param)


@pytest.fixture(scope="module")
def known(history):
    """The rows and the events of each date."""
    numbers = range(len(shops.DAYS))
    return [(shops.rows_at(history, n), shops.events_at(history, n)) for n in numbers]


def written(log, by):
    """Return a log as the reference writes it."""
    found = []
    for row in log.to_pylist():
        who = (row.pop("customer_id"), row.pop(by) if by else None)
        found.append(row | {"who": who})
    return found


def sorted_log(log):
    return sorted(log, key=lambda row: (row["flow"], repr(row["who"]), row["event_id"] or ""))


@settings(max_examples=100 if DEEP else 2)
@given(data=st.data())
def test_runs__are_those_of_plain_python(data, history, known, tmp_path_factory):
    flows = data.draw(shops.flows())
    by = history.options.get("by")
    ids = sorted({who for rows, _ in known for who, _ in rows})
    has_contacts = data.draw(st.booleans())
    step = data.draw(st.integers(2, 9))
    consented = {(who, "email") for n, who in enumerate(ids) if n % step} | {
        (who, "call") for n, who in enumerate(ids) if n % 3 == 0
    }
    suppressed = {(who, channel) for who in ids[::11] for channel in shops.CHANNELS}
    folder = tmp_path_factory.mktemp("run")
    place = shutil.copytree(history.path, folder / "history")
    (folder / "flows.toml").write_text(shops.toml_of(flows))
    csv.write_csv(pa.table({"customer_id": ids[::11]}), folder / "suppress.csv")
    contacts = {
        "customer_id": ids,
        "consent_email": [(who, "email") in consented for who in ids],
        "consent_call": [(who, "call") in consented for who in ids],
    }
    csv.write_csv(pa.table(contacts), folder / "contacts.csv")
    caps = data.draw(st.sampled_from([[], [(1, 20)], [(1, 40), (2, 100)]]))
    settled = {
        "caps": caps, "exempt_priority": 10, "control_bp": data.draw(st.sampled_from([0, 1000])),
        "suppressed": suppressed, "consented": consented if has_contacts else None,
    }  # fmt: skip
    reference = Reference(flows, shops.KEY, settled)
    for day, (rows, events) in zip(shops.DAYS, known, strict=True):
        found = rfm.flows.run(
            place, flows=folder / "flows.toml", as_of=day, suppress=[folder / "suppress.csv"],
            contacts=folder / "contacts.csv" if has_contacts else None,
            caps=[f"{n} per {days}d" for n, days in caps], control_bp=settled["control_bp"],
        )  # fmt: skip
        wanted = reference.run(date.fromisoformat(day), rows, events)
        assert {
            row["name"]: {k: v for k, v in row.items() if k != "name"} for row in found.flows
        } == (wanted["counts"])
        log = pq.read_table(place / f"flows/as_of={day}/log.parquet", partitioning=None)
        assert sorted_log(written(log, by)) == sorted_log(wanted["log"])
