"""A shop of a few customers, and audiences of it by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from hypothesis import strategies as st

import rfm_engine
from tests.activation import reference_contacts as ref

IDS = [f"c{n:02}" for n in range(12)]
FIELDS = ("customer_id", "email", "phone", "consent_ads", "consent_email", "consent_sms")
EMAILS = (
    "a@x.de",
    "A@X.de ",
    "b.c+d@gmail.com",
    "bc@gmail.com",
    "b.c@gmail.com",
    "no",
    "",
    "e@y.org",
)
PHONES = ("+49 30 901820", "004930901820", "+1 800 555 0100", "12", "", "+49 30 901821")
FLAGS = ("true", "false", "")
CONTACT = st.tuples(
    st.sampled_from([*IDS, "stranger", ""]), st.sampled_from(EMAILS), st.sampled_from(PHONES),
    *[st.sampled_from(FLAGS)] * 3,
)  # fmt: skip
CONTACTS = st.lists(CONTACT, max_size=14)
SUPPRESS = st.fixed_dictionaries({
    "customer_id": st.lists(st.sampled_from(IDS), max_size=2),
    "email": st.lists(st.sampled_from([*EMAILS[:5], ref.sha("e@y.org")]), max_size=2),
    "phone": st.lists(st.sampled_from([PHONES[1], ref.sha("+18005550100")]), max_size=1),
})  # fmt: skip


class Expected(NamedTuple):
    """An audience by hand: the rows of identifiers by column, counts, and invalid values."""

    rows: list[tuple[str, str]]
    counts: dict[str, int]
    invalid: dict[str, int]


def snapshot(place: Path) -> rfm_engine.Snapshot:
    """Score the customers; each has spent as much as its number."""
    orders = pa.table({
        "customer_id": IDS, "order_time": ["2026-01-01"] * len(IDS), "amount": [*range(len(IDS))],
    })  # fmt: skip
    rfm_engine.score(orders, as_of="2026-01-31", output=place)
    return rfm_engine.read_snapshot(place)


def write_contacts(place: Path, rows) -> Path:
    quoted = [",".join(f'"{cell}"' if cell else "" for cell in row) for row in rows]
    lines = [",".join(FIELDS), *quoted]
    place.write_text("\n".join(lines) + "\n", "utf-8")
    return place


def write_suppress(folder: Path, lists) -> list[Path]:
    places = []
    for name, values in lists.items():
        places.append(folder / f"suppress-{name}.csv")
        places[-1].write_text("\n".join([name, *values]) + "\n", "utf-8")
    return places


def expected(rows, lists, platform: str, least: int) -> Expected:
    """Return what an audience must be, with loops over the contacts."""
    consents = ("consent_ads", "consent_ads") if platform == "google" else FIELDS[4:6]
    members = {each for n, each in enumerate(IDS) if n >= least}
    listed = {"email": set(), "phone": set()}
    for kind, known in listed.items():
        for text in lists[kind]:
            known |= ref.forms(text, kind)
    best: dict[str, int] = dict.fromkeys(members, -1)
    valid, invalid = [], Counter()
    for row in rows:
        contact = dict(zip(FIELDS, row, strict=True))
        if contact["customer_id"] not in members:
            continue
        marks = {
            kind: bool(ref.forms(contact[kind], kind) & known) if contact[kind] else False
            for kind, known in listed.items()
        }
        cells, stage = [], 0
        for kind, consent in zip(("email", "phone"), consents, strict=True):
            found = None
            suppressed = contact["customer_id"] in lists["customer_id"] or any(
                marks[k] for k, c in zip(("email", "phone"), consents, strict=True) if c == consent
            )
            if contact[kind]:
                stage = max(stage, 1)
                if contact[consent] == "true":
                    stage = max(stage, 2)
                    if not suppressed:
                        found = ref.cell_of(contact[kind], kind, platform)
                        stage = max(stage, 3 if found is None else 4)
                        national = kind == "phone" and contact[kind][:1] not in "+0"
                        reason = "phone_without_country" if national else f"invalid_{kind}"
                        invalid[reason] += found is None
            cells.append(found)
        best[contact["customer_id"]] = max(best[contact["customer_id"]], stage)
        if any(cells):
            valid.append((contact["customer_id"], row, cells))
    passed = [sum(stage >= check for stage in best.values()) for check in (1, 2, 3, 4)]
    names = ("with_contact", "consented", "not_suppressed", "valid")
    counts = {"members": len(members), **dict(zip(names, passed, strict=True))}
    return Expected([(who, *cells) for who, _, cells in valid], counts, +invalid)
