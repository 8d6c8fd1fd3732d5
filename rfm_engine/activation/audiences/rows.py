"""The rows of an audience: contacts of its customers, checked and normalised, in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.activation.audiences.cells import Cells, Normal
from rfm_engine.activation.audiences.checks import (
    CONSENTED,
    CONTACT,
    NOT_SUPPRESSED,
    VALID,
    InvalidValues,
    PassedChecks,
)
from rfm_engine.activation.audiences.consent import Consents
from rfm_engine.activation.audiences.csv_files import guarded
from rfm_engine.activation.audiences.members import Members
from rfm_engine.activation.audiences.platform import (
    CONTACT_FIELDS,
    CUSTOMER,
    EMAIL,
    IDENTIFIERS,
    PHONE,
    Column,
    Platform,
)
from rfm_engine.activation.audiences.steps import postal_code
from rfm_engine.activation.contacts import ROW, PersonalFile
from rfm_engine.activation.reach import SQL
from rfm_engine.activation.suppression import Suppression
from rfm_engine.kernels.arrays import arrow, is_bytes, is_text, whole
from rfm_engine.output.text import as_text
from rfm_engine.query.id_values import plain_ids, typed_ids
from rfm_engine.query.sql_file import SqlFile, shipped_sql
from rfm_engine.query.workspace import Workspace

SLICE = 1 << 17
"""Rows that are normalised or written at once."""
_RELATIONS = (
    "contacts", "members", "listed", "reached", "normal", "repeated", "written", "previous",
    "changed",
)  # fmt: skip


def query(name: str) -> SqlFile:
    """Return one of the queries of audiences."""
    return shipped_sql(SQL, f"audience-{name}", _RELATIONS)


class Rules(NamedTuple):
    """What decides about rows: the platform, consent, suppression, and the country of phones."""

    platform: Platform
    consents: Consents
    suppression: Suppression


class Rows:
    """Normalise the contacts of the members of an audience.

    Parameters
    ----------
    space
        The workspace, which gets the table `normal`.
    """

    def __init__(self, space: Workspace, members: Members, rules: Rules) -> None:
        self._space = space
        self._members = members
        self._rules = rules
        platform, country = rules.platform, rules.suppression.country
        self._normal = {each: Normal(each, country) for each in platform.columns}
        self.passed = PassedChecks()
        self.invalid = InvalidValues()

    def build(self, file: PersonalFile) -> None:
        """Read the contacts, and create the table `normal`.

        Raises
        ------
        DataError
            The contacts are corrupt, or a value has the wrong type.
        """
        space = self._space
        space.load("members", [self._members.table])
        space.load("listed", [pa.table({CUSTOMER: self._rules.suppression.ids})])
        schema, pieces = self._contacts(file)
        space.load_joined("reached", query("reached"), "contacts", schema, pieces)
        for name in ("listed", "members"):
            space.drop(name)
        n_rows = space.count("reached")
        # At least one slice, which gives the table its columns.
        slices = space.slices(query("slice"), max(n_rows, 1), SLICE, {})
        space.load("normal", map(self._normalised, slices))
        space.drop("reached")

    def _contacts(self, file: PersonalFile) -> tuple[pa.Schema, Iterator[pa.Table]]:
        """Return the rows of the contacts with the columns that the rules need."""
        fields = [each.field for each in self._rules.platform.columns]
        texts = [name for name in CONTACT_FIELDS if name in fields and file.has(name)]
        flags = self._rules.consents.columns
        customer = file.required_id_column()
        kinds = [pa.string()] * len(texts) + [pa.bool_()] * len(flags)
        names = [f"text_{name}" for name in texts] + [f"flag_{n}" for n in range(len(flags))]
        ids = self._members.table.schema.field(0).type
        schema = pa.schema([(CUSTOMER, ids), *zip(names, kinds, strict=True), (ROW, pa.int64())])

        def pieces() -> Iterator[pa.Table]:
            for piece in file.pieces(customer, texts, flags):
                columns = [plain_ids(piece[CUSTOMER]), *piece.columns[2:], piece[ROW]]
                yield pa.table(columns, names=schema.names).cast(schema)

        return schema, pieces()

    def _normalised(self, piece: pa.Table) -> pa.Table:
        """Return the valid rows with normalised values."""
        raw = {name: whole(piece[name]) for name in piece.column_names}
        n_rows = len(piece)
        platform = self._rules.platform
        columns = platform.identifiers
        cells = {column: self._cells(column, raw, n_rows) for column in columns}
        is_left, stage = self._checked(columns, cells, raw, n_rows)
        found = {CUSTOMER: raw[CUSTOMER]}
        is_valid = np.zeros(n_rows, np.bool_)
        for place in IDENTIFIERS:
            column = platform.identifier(place)
            if column is None:
                found[place] = pa.nulls(n_rows, pa.binary())
                continue
            self._count(cells[column], is_left[column], raw[ROW])
            found[place] = _where(cells[column].values, is_left[column])
            is_valid |= _is_valid(found[place], n_rows)
        main, variant = platform.identifier("main"), platform.identifier("variant")
        if main is not None and variant is not None:
            found["variant"] = _different(found["main"], found["variant"])
        stage[is_valid] = VALID
        self.passed.add(raw[CUSTOMER], stage)
        found |= self._attributes(raw, is_valid)
        return pa.table(found).filter(arrow(is_valid))

    def _cells(self, column: Column, raw: dict[str, pa.Array], n_rows: int) -> Cells:
        """Return the values of an identifier."""
        if column.field == CUSTOMER:
            values = written_ids(raw[CUSTOMER], self._members.kind)
            return Cells(values, np.ones(n_rows, np.bool_), {})
        texts = raw.get(f"text_{column.field}", pa.nulls(n_rows, pa.string()))
        return self._normal[column].of(texts)

    def _checked(
        self, columns: Sequence[Column], cells: dict[Column, Cells], raw: dict[str, pa.Array],
        n_rows: int,
    ) -> tuple[dict[Column, npt.NDArray[np.bool_]], npt.NDArray[np.int8]]:  # fmt: skip
        """Return where identifiers have consent and are not suppressed, and the checks passed.

        A suppressed e-mail or phone number suppresses all identifiers of the same consent.
        """
        consents, suppression = self._rules.consents, self._rules.suppression
        is_listed = raw["is_listed"].to_numpy(zero_copy_only=False)
        marks: dict[str | None, npt.NDArray[np.bool_]] = {}
        for field, mark in ((EMAIL, suppression.of_emails), (PHONE, suppression.of_phones)):
            texts = raw.get(f"text_{field}")
            consent = next((consents.of(each) for each in columns if each.field == field), None)
            if texts is not None:
                found = mark(texts).to_numpy(zero_copy_only=False)
                marks[consent] = marks.get(consent, is_listed) | found
        stage = np.zeros(n_rows, np.int8)
        is_left = {}
        for column in columns:
            is_given = cells[column].is_given
            consent = consents.of(column)
            agreed = is_given & consents.given(consent, raw, n_rows)
            is_left[column] = agreed & ~marks.get(consent, is_listed)
            for passed, mask in (
                (CONTACT, is_given), (CONSENTED, agreed), (NOT_SUPPRESSED, is_left[column]),
            ):  # fmt: skip
                stage[mask & (stage < passed)] = passed
        return is_left, stage

    def _attributes(
        self, raw: dict[str, pa.Array], is_valid: npt.NDArray[np.bool_]
    ) -> dict[str, pa.Array]:
        """Return the columns that are no identifiers, `value_0` and so on, where rows are valid."""
        platform, n_rows = self._rules.platform, len(is_valid)
        found: dict[str, pa.Array] = {}
        for n, column in enumerate(platform.attributes):
            values = self._attribute(column, raw, is_valid)
            if values is not None:  # otherwise the contacts lack the column
                found[f"value_{n}"] = values
        together = [
            f"value_{n}" for n, each in enumerate(platform.attributes)
            if each.field in platform.together
        ]  # fmt: skip
        self._settle_zips(found, is_valid, raw[ROW])
        if together:
            is_whole = np.ones(n_rows, np.bool_)
            for name in together:
                is_whole &= _is_valid(found.get(name), n_rows)
            found |= {name: _where(found[name], is_whole) for name in together if name in found}
        return found

    def _attribute(
        self, column: Column, raw: dict[str, pa.Array], is_valid: npt.NDArray[np.bool_]
    ) -> pa.Array | None:
        n_rows = len(is_valid)
        if "yes-no" in column.steps:
            return arrow(self._rules.consents.stated(column, raw, n_rows))
        if column.field == CUSTOMER:
            return raw[CUSTOMER]
        if column.field not in CONTACT_FIELDS:
            own = raw[self._members.own(column.field)]
            return self._normal[column].of(own).values if column.steps else own
        texts = raw.get(f"text_{column.field}")
        if texts is None:
            return None
        cells = self._normal[column].of(_where(texts, is_valid))
        self._count(cells, is_valid, raw[ROW])
        return cells.values

    def _settle_zips(
        self, found: dict[str, pa.Array], is_valid: npt.NDArray[np.bool_], rows: pa.Array
    ) -> None:
        """Bring postal codes into the form of their country, and count those that are not valid."""
        names = {each.field: f"value_{n}" for n, each in enumerate(self._rules.platform.attributes)}
        is_checked = any("us-zip" in each.steps for each in self._normal)
        zips, countries = (found.get(names.get(field, "")) for field in ("zip", "country"))
        if not is_checked or zips is None or countries is None:
            return
        kept = [
            None if code is None else postal_code(code, country)
            for code, country in zip(zips.to_pylist(), countries.to_pylist(), strict=True)
        ]
        found[names["zip"]] = pa.array(kept, pa.string())
        is_lost = _is_valid(zips, len(zips)) & ~_is_valid(found[names["zip"]], len(zips))
        self._count(Cells(rows, is_valid, {"invalid_zip": is_lost}), is_valid, rows)

    def _count(self, cells: Cells, among: npt.NDArray[np.bool_], rows: pa.Array) -> None:
        numbers = rows.to_numpy(zero_copy_only=False)
        for reason, mask in cells.reasons.items():
            self.invalid.add(reason, numbers[mask & among])


def _is_valid(values: pa.Array | None, n_rows: int) -> npt.NDArray[np.bool_]:
    if values is None:
        return np.zeros(n_rows, np.bool_)
    found: npt.NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    return found


def _where(values: pa.Array, mask: npt.NDArray[np.bool_]) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(arrow(mask), values, pa.nulls(len(values), values.type))


def _different(main: pa.Array, variant: pa.Array) -> pa.Array:
    """Return the other form of an identifier where it is another one."""
    import pyarrow.compute as pc

    is_same = pc.fill_null(pc.equal(main, variant), fill_value=False)
    return pc.if_else(is_same, pa.nulls(len(variant), variant.type), variant)


def written_ids(ids: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return ids as the bytes of the text that a list has; binary ids as they are."""
    if is_bytes(kind):
        return ids.cast(pa.binary())
    typed = pa.table({CUSTOMER: typed_ids(ids, kind)})
    text = whole(as_text(typed)[CUSTOMER].cast(pa.string()))
    return (guarded(text) if is_text(kind) else text).cast(pa.binary())
