"""Consent per identifier: which columns of the contacts give it, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.activation.audiences.platform import CONTACT_FIELDS, Column, Platform
from rfm_engine.activation.contacts import PersonalFile
from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message


class Consents(NamedTuple):
    """The consent of contacts.

    Attributes
    ----------
    columns
        The columns of the contacts that are read.
    named
        The column that counts for all identifiers; None: each rule names its own.
    is_checked
        Whether identifiers without consent are left out.
    """

    columns: Sequence[str]
    named: str | None
    is_checked: bool

    @classmethod
    def found(
        cls, platform: Platform, file: PersonalFile, named: str | None, *, is_checked: bool
    ) -> Self:
        """Return the consent that a file of contacts gives.

        Raises
        ------
        UsageError
            Consent is checked and a column is missing, or the options contradict each other.
        """
        if named is not None and not is_checked:
            raise UsageError(
                message(
                    "{no_consent_check} must be used without {consent}; got both. Leave one out."
                )
            )
        used = [
            each for each in platform.columns
            if each.field not in CONTACT_FIELDS or file.has(each.field)
        ]  # fmt: skip
        wanted = [named if named is not None else each.consent for each in used if each.identifier]
        stated = [each.consent for each in used if each.consent is not None and named is None]
        columns = list(dict.fromkeys(each for each in (*wanted, *stated) if each is not None))
        if not is_checked:
            return cls([each for each in columns if file.has(each)], named, is_checked)
        if None in wanted:
            raise UsageError(
                message(
                    "{consent} must name the column of consent for {platform} {}; got none. Name "
                    "it, or give {no_consent_check}.",
                    platform.name,
                )
            )
        for each in columns:
            if not file.has(each):
                raise file.missing(each, advice=_advice(named))
        return cls(columns, named, is_checked)

    def of(self, column: Column) -> str | None:
        """Return the column of consent of an identifier."""
        return column.consent if self.named is None else self.named

    def given(
        self, consent: str | None, raw: dict[str, pa.Array], n_rows: int
    ) -> npt.NDArray[np.bool_]:
        """Return which rows have consent, or all rows if it is not checked."""
        return self._flags(consent, raw, n_rows) if self.is_checked else np.ones(n_rows, np.bool_)

    def stated(
        self, column: Column, raw: dict[str, pa.Array], n_rows: int
    ) -> npt.NDArray[np.bool_]:
        """Return which rows say that they have consent, also if it is not checked."""
        return self._flags(self.of(column), raw, n_rows)

    def _flags(
        self, consent: str | None, raw: dict[str, pa.Array], n_rows: int
    ) -> npt.NDArray[np.bool_]:
        if consent not in self.columns:
            return np.zeros(n_rows, np.bool_)
        flags = raw[f"flag_{self.columns.index(consent)}"].fill_null(fill_value=False)
        found: npt.NDArray[np.bool_] = flags.to_numpy(zero_copy_only=False)
        return found


def _advice(named: str | None) -> str:
    if named is not None:
        return message("Correct {consent}.")
    return message("Add it, name another column with {consent}, or give {no_consent_check}.")
