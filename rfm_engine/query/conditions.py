"""Conditions on columns: `COLUMN OP VALUE` and its relatives, parsed and evaluated on a table.

Forms: `monetary >= 100`, `segment == "Champions"`, `recency_days between 30 and 60` (both
included), `channel in ["app", "web"]`, `age is null`, `age is not null`, `is_whale`,
`not is_whale`. A comparison with null is false.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeGuard

import pyarrow as pa

from rfm_engine.errors import UsageError, cut, did_you_mean, shown
from rfm_engine.kernels.arrays import is_text, plain_type
from rfm_engine.options.messages import message

_NUMBER = r"-?[0-9]{1,20}(?:\.[0-9]{1,9})?"
_TEXT = r'"(?:[^"\\]|\\.)*"'
_VALUE = rf"(?:{_NUMBER}|{_TEXT}|true|false)"
_COLUMN = r"(?P<column>[^\s\"<>=!\[\]](?:[^\"<>=!\[\]]*[^\s\"<>=!\[\]])?)"
_FORMS = (
    ("compare", rf"{_COLUMN}\s*(?P<relation>==|!=|<=|>=|<|>)\s*(?P<value>{_VALUE})"),
    ("between", rf"{_COLUMN}\s+between\s+(?P<low>{_VALUE})\s+and\s+(?P<high>{_VALUE})"),
    ("in", rf"{_COLUMN}\s+in\s+\[\s*(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\]"),
    ("null", rf"{_COLUMN}\s+is\s+(?P<not>not\s+)?null"),
    ("not", rf"not\s+{_COLUMN}"),
    ("true", _COLUMN),
)
_PATTERNS = [(form, re.compile(pattern)) for form, pattern in _FORMS]
_COMPARED = {"==": "equal", "!=": "not_equal", "<": "less", "<=": "less_equal",
             ">": "greater", ">=": "greater_equal"}  # fmt: skip
# Decimals of 38 digits, and numbers of conditions, fit with any of their scales.
_MOST_DIGITS = 76
_DECIMALS = 9
_HINT = (
    'Write it like segment == "Champions", recency_days between 30 and 60, '
    'channel in ["app", "web"], age is null, or is_whale.'
)

_JOINED = re.compile(r"\s(?:and|or|AND|OR)\s|&|\|")
_REPEAT = "A condition has no `and` or `or`: repeat {who}, and customers must meet all of them."


class Condition(NamedTuple):
    """A parsed condition.

    Attributes
    ----------
    column
        The name of the column.
    form
        A relation (`==` and so on), `between`, `in`, `null`, `not null`, `true` or `not`.
    values
        The values to compare with: integers, decimals, texts or booleans.
    text
        The condition as it was written.
    """

    column: str
    form: str
    values: tuple[Any, ...]
    text: str

    def holds(self, table: pa.Table) -> pa.ChunkedArray:
        """Return for which rows of a table the condition holds, without nulls.

        Raises
        ------
        UsageError
            There is no such column, or its type cannot be compared with the values.
        """
        import pyarrow.compute as pc

        if self.column not in table.column_names:
            raise UsageError(
                f"condition {self.text!r} must name a column; got {self.column!r}, which is none "
                f"of {', '.join(table.column_names)}. "
                + did_you_mean(self.column, table.column_names, "Correct the name.")
            )
        column = table[self.column]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if self.form == "null":
            return pc.is_null(column)
        if self.form == "not null":
            return pc.is_valid(column)
        if self.form in ("true", "not"):
            return self._of_boolean(column)
        if pa.types.is_null(column.type):
            return pc.is_valid(column)
        if _is_exact(column.type) and any(map(_is_large, self.values)):
            column = _as_decimals(column)
        scalars = [self._scalar(value, column.type) for value in self.values]
        if self.form == "between":
            found = pc.and_(pc.greater_equal(column, scalars[0]), pc.less_equal(column, scalars[1]))
        elif self.form == "in":
            found = pc.equal(column, scalars[0])
            for each in scalars[1:]:
                found = pc.or_(found, pc.equal(column, each))
        else:
            found = getattr(pc, _COMPARED[self.form])(column, scalars[0])
        return pc.fill_null(found, fill_value=False)

    def _of_boolean(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        import pyarrow.compute as pc

        if not pa.types.is_boolean(column.type):
            raise UsageError(
                f"condition {self.text!r} must name a column that is true or false; got "
                f"{column.type}. Compare it with a value."
            )
        return pc.fill_null(column if self.form == "true" else pc.invert(column), fill_value=False)

    def _scalar(self, value: Any, kind: pa.DataType) -> pa.Scalar:
        kind = plain_type(kind)
        types = pa.types
        if _is_number(value) and (_is_exact(kind) or types.is_floating(kind)):
            if types.is_decimal256(kind):
                return pa.scalar(Decimal(value), kind)
            return pa.scalar(float(value) if types.is_floating(kind) else value)
        if isinstance(value, bool) and types.is_boolean(kind):
            return pa.scalar(value)
        if isinstance(value, str) and is_text(kind):
            return pa.scalar(value, kind)
        if isinstance(value, str) and (types.is_date(kind) or types.is_timestamp(kind)):
            try:
                if types.is_date(kind):
                    return pa.scalar(date.fromisoformat(value), kind)
                return pa.scalar(datetime.fromisoformat(value), pa.timestamp(kind.unit)).cast(kind)
            except (ValueError, OverflowError):
                pass
        raise UsageError(
            f"condition {self.text!r} must compare {self.column!r} with values of its type, "
            f"{kind}; got {shown(value)}. {_how_to_write(kind)}"
        )


def parse_condition(text: object) -> Condition:
    """Parse a condition.

    Raises
    ------
    UsageError
        It has none of the forms.
    """
    plain = text.strip() if isinstance(text, str) else ""
    for form, pattern in _PATTERNS:
        found = pattern.fullmatch(plain)
        if found is None:
            continue
        column = found["column"]
        if form == "compare":
            return Condition(column, found["relation"], (_value(found["value"]),), plain)
        if form == "between":
            return Condition(column, form, (_value(found["low"]), _value(found["high"])), plain)
        if form == "in":
            values = re.findall(_VALUE, found["values"])
            return Condition(column, form, tuple(map(_value, values)), plain)
        if form == "null":
            return Condition(column, "not null" if found["not"] else "null", (), plain)
        return Condition(column, form, (), plain)
    is_joined = _JOINED.search(re.sub(_TEXT, "", plain)) is not None
    hint = message(_REPEAT) if is_joined else _HINT
    raise UsageError(message("condition must be valid; got {}. {}", shown(text), hint))


def refuse_joined(conditions: Iterable[Condition], known: Collection[str]) -> None:
    """Refuse conditions on a column that does not exist because its name is one more condition.

    Raises
    ------
    UsageError
        There is such a condition, for example `is_whale and timing == "due"`.
    """
    for each in conditions:
        if each.column not in known and _JOINED.search(each.column):
            raise UsageError(
                message(
                    "condition must name one column; got {!r} in {!r}. " + _REPEAT,
                    each.column, each.text,
                )
            )  # fmt: skip


def all_hold(conditions: Iterable[Condition], table: pa.Table) -> pa.ChunkedArray:
    """Return for which rows all conditions hold; all rows if there are no conditions."""
    import pyarrow.compute as pc

    found = pa.chunked_array([pa.repeat(pa.scalar(value=True), len(table))])
    for each in conditions:
        found = pc.and_(found, each.holds(table))
    return found


def _value(text: str) -> Any:
    if text.startswith('"'):
        try:
            value = json.loads(text, strict=False)
            value.encode()  # not a half of a pair of \u escapes
        except ValueError:
            raise UsageError(
                f"condition must have valid text; got {cut(text)}. Write a backslash as \\\\."
            ) from None
        return value
    if text in ("true", "false"):
        return text == "true"
    return Decimal(text) if "." in text else int(text)


def _how_to_write(kind: pa.DataType) -> str:
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return 'Write dates like "2018-01-31", in double quotes.'
    if is_text(kind):
        return "Write text in double quotes."
    if pa.types.is_boolean(kind):
        return "Write true or false, without quotes."
    if _is_exact(kind) or pa.types.is_floating(kind):
        return "Write numbers without quotes."
    return "Such a column can only be compared with null."


def _is_number(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_large(value: object) -> bool:
    """Return whether a number has a fraction, or does not surely fit into the integers."""
    if not _is_number(value):
        return False
    number = Decimal(value)
    return number != int(number) or abs(number) >= 1 << 62


def _is_exact(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _as_decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return integers or decimals in a type that any number of a condition has too."""
    own = column.type.scale if pa.types.is_decimal(column.type) else 0
    return column.cast(pa.decimal256(_MOST_DIGITS, max(own, _DECIMALS)))
