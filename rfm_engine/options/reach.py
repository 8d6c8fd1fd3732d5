"""The options of who can be contacted: contacts, consent and suppression lists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Activation"


class ReachOptions(TypedDict, total=False):
    """Contacts, and who must not be contacted."""

    contacts: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "File of contacts: customer id, email, phone, consent_email and so on.",
            _PANEL, None, "FILE",
            doc="CSV, Parquet or Arrow file of [contacts](input-and-output.md#contacts): customer "
            "id, e-mail, phone number and consent",
            stated="none",
        ),
    ]  # fmt: skip
    suppress: Annotated[
        Sequence[str | os.PathLike[str]],
        Option(
            "File of customers, e-mails, phone numbers or hashes that must not be contacted; "
            "repeatable.",
            _PANEL, (), "FILE",
            doc="CSV, Parquet or Arrow file of who must not be contacted, see "
            "[suppression lists](input-and-output.md#suppression-lists); repeatable",
            stated="none", repeatable=True,
        ),
    ]  # fmt: skip
    default_country: Annotated[
        str | None,
        Option(
            "Country of phone numbers without a country code, for example US or DE.",
            _PANEL, None, "CC",
            doc="country of phone numbers without a country code, as two letters (ISO 3166-1)",
            stated="none; such numbers are not valid",
        ),
    ]  # fmt: skip
