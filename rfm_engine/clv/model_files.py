"""Write and read models of lifetime value as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from rfm_engine.clv import gamma_gamma
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.group_ids import NO_GROUP, Group, group_json, group_of
from rfm_engine.clv.model import ClvModel, Estimate, Fitted
from rfm_engine.clv.newton import Box
from rfm_engine.clv.terms import Terms
from rfm_engine.errors import Message, UsageError, path_text, shown, shown_cause
from rfm_engine.options.clv import TermOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.messages import message, named
from rfm_engine.orders.reading import MAX_SCALE, as_date
from rfm_engine.output.atomic import file as written_aside

FORMAT, VERSION = "rfm-engine clv model", 1
_MEANS = ("model", "sample", "days")
_OF_VALUE = "value_parameters", gamma_gamma.PARAMETERS, gamma_gamma.BOX
_LIMITS = ("lower", "upper")
_LARGEST = sys.float_info.max
_COUNTS = ("customers", "repeaters", "customers_without_value")


def save(model: ClvModel, place: str | os.PathLike[str]) -> None:
    """Write a model, completely or not at all.

    Raises
    ------
    UsageError
        The folder does not exist, or the place is a file that is not such a model.
    """
    target = check_place(place)
    with written_aside(target) as temporary:
        temporary.write_text(json.dumps(to_json(model), indent=1) + "\n")


def check_place(place: str | os.PathLike[str]) -> Path:
    """Refuse a place where a model must not be written; return its path.

    Raises
    ------
    UsageError
        As `save`.
    """
    given = path_text(named("save_clv_model"), place)
    target = Path(given).resolve()
    what = message("{save_clv_model} must be a new file or such a model; got {!r}", given)
    if not target.parent.is_dir():
        raise _refused(what, " in a folder that does not exist. Create the folder.")
    if target.exists():
        try:
            load_clv(target)
        except UsageError:
            raise _refused(what, ", which is neither. Name another file.") from None
    return target


def load_clv(place: str | os.PathLike[str]) -> ClvModel:
    """Read a model of lifetime value.

    Parameters
    ----------
    place
        A file that `ClvModel.save` or `rfm clv --save-clv-model` wrote.

    Raises
    ------
    UsageError
        The file is not such a model, was changed, or has another version.
    """
    given = path_text(named("clv_model"), place)
    what = message("{clv_model} {!r}", given)
    try:
        content = json.loads(Path(given).read_text("utf-8"))
    except OSError as error:
        raise _no_model(what, shown_cause(error), "Check the path") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _no_model(what, "a file of another kind", "Name a file that {save_clv_model} wrote")
    if content.get("version") != VERSION:
        raise UsageError(
            message(
                "{} must be of version {}; got {}. Fit it again with this version of rfm-engine.",
                what, VERSION, shown(content.get("version")),
            )
        )  # fmt: skip
    return _Reader(what).model(content)


def _no_model(what: Message, got: str, hint: str) -> UsageError:
    return UsageError(
        message("{} must be a model of lifetime value; got {}. " + hint + ".", what, got)
    )


def to_json(model: ClvModel) -> dict[str, Any]:
    """Return a model as data for JSON."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "engine": version("rfm-engine"),
        "family": model.family,
        "as_of": model.as_of.isoformat(),
        **_fitted_json(model.fitted),
        "scale": model.scale,
        "currency": model.currency,
        "options": dict(model.options),
        "by": model.by,
        "shrinkage_sd": model.shrinkage_sd,
        "groups": None
        if model.groups is None
        else [
            {"group": group_json(group)} | ({} if own is None else _fitted_json(own))
            for group, own in model.groups.items()
        ],
    }


def _fitted_json(fitted: Fitted) -> dict[str, Any]:
    orders, value = fitted.orders, fitted.value
    return {
        "customers": fitted.customers,
        "repeaters": fitted.repeaters,
        "customers_without_value": fitted.customers_without_value,
        "parameters": orders.parameters,
        "value_parameters": None if value is None else value.parameters,
        **_fit_json(orders),
        "value": None if value is None else _fit_json(value),
        "value_mean": fitted.value_mean,
        "mean_zbar": fitted.mean_zbar,
        "mean_day": fitted.mean_day,
        "correlation_x_zbar": fitted.correlation,
    }


def _fit_json(estimate: Estimate) -> dict[str, Any]:
    return {name: each for name, each in estimate._asdict().items() if name != "parameters"}


def _refused(what: Message, why: str) -> UsageError:
    return UsageError(Message(what + why, what.typed + why))


class _Reader:
    """Builds a model from JSON, and refuses values that it cannot have."""

    def __init__(self, what: Message) -> None:
        self._what = what

    def model(self, content: Mapping[str, Any]) -> ClvModel:
        family = self._one_of(content, "family", tuple(FAMILIES))
        texts = "currency", "by", "shrinkage_sd"
        currency, by, sd = (self._of(content, key) for key in texts)
        for key, text in zip(texts, (currency, by, sd), strict=True):
            if not isinstance(text, str | None):
                self._refuse(key, "text or null", text)
        groups = self._of(content, "groups")
        if (groups is None) != (by is None):
            self._refuse("groups", "a list if there is a column of groups, else null", groups)
        return ClvModel(
            family=family,
            as_of=self._date(content),
            scale=self._count(content, "scale", most=MAX_SCALE),
            currency=currency,
            fitted=self._fitted(content, family),
            options=self._options(content),
            by=by,
            groups=None if groups is None else self._groups(groups, family),
            shrinkage_sd=sd,
        )

    def _groups(self, groups: Any, family: str) -> dict[Group, Fitted | None]:
        if not isinstance(groups, list) or not all(isinstance(each, dict) for each in groups):
            self._refuse("groups", "a list of objects", groups)
        found: dict[Group, Fitted | None] = {}
        for each in groups:
            written = self._of(each, "group")
            group = group_of(written)
            if group is NO_GROUP or group in found:
                self._refuse("group", "an id that no other group has", written)
            found[group] = None if each.keys() == {"group"} else self._fitted(each, family)
        return found

    def _fitted(self, content: Mapping[str, Any], family: str) -> Fitted:
        chosen = FAMILIES[family]
        value, of_value = self._of(content, "value"), self._of(content, "value_parameters")
        if value is None and of_value is not None:
            self._refuse("value_parameters", "null without a value", of_value)
        correlation = self._of(content, "correlation_x_zbar")
        customers, repeaters, without_value = (self._count(content, key) for key in _COUNTS)
        return Fitted(
            customers,
            repeaters,
            without_value,
            self._estimate(content, ("parameters", chosen.parameters, chosen.box), content),
            None if value is None else self._estimate(value, _OF_VALUE, content),
            self._one_of(content, "value_mean", _MEANS),
            self._amount(content, "mean_zbar"),
            self._amount(content, "mean_day"),
            None if correlation is None else self._number(content, "correlation_x_zbar"),
        )

    def _estimate(
        self, content: Any, what: tuple[str, tuple[str, ...], Box], whole: Mapping[str, Any]
    ) -> Estimate:
        """Return an estimate; `what` is the key of its parameters, their names and limits."""
        key, names, box = what
        if not isinstance(content, dict):
            self._refuse("value", "an object or null", content)
        numbers = self._numbers(key, self._of(whole, key), names)
        for number, lower, upper in zip(numbers.values(), *box, strict=True):
            if not lower <= number <= upper:
                self._refuse(key, f"{lower:g} to {upper:g}", number)
        standard, of_logs = (
            self._numbers(key, self._of(content, key), names, may_be_null=True)
            for key in ("standard_errors", "log_errors")
        )
        limits = self._of(content, "at_limit")
        if not isinstance(limits, dict) or not all(
            name in names and limit in _LIMITS for name, limit in limits.items()
        ):
            self._refuse("at_limit", "parameters with lower or upper", limits)
        return Estimate(
            numbers,
            self._number(content, "log_likelihood"),
            standard,
            of_logs,
            self._correlations(self._of(content, "correlations"), len(names)),
            limits,
            self._count(content, "steps"),
            str(self._of(content, "ended")),
        )

    def _correlations(self, given: Any, n: int) -> tuple[tuple[float | None, ...], ...]:
        is_square = (
            isinstance(given, list)
            and len(given) == n
            and all(isinstance(row, list) and len(row) == n for row in given)
        )
        if not is_square or not all(
            each is None or _is_number(each) for row in given for each in row
        ):
            self._refuse("correlations", f"{n} rows of {n} numbers or nulls", given)
        return tuple(tuple(None if each is None else float(each) for each in row) for row in given)

    def _options(self, content: Mapping[str, Any]) -> dict[str, str]:
        options, names = self._of(content, "options"), declared(TermOptions)
        if not isinstance(options, dict) or options.keys() != names.keys():
            self._refuse("options", f"an object with the keys {', '.join(names)}", options)
        texts = {name: str(each) for name, each in options.items()}
        try:
            Terms.of(**texts)
        except UsageError:
            self._refuse("options", "those of a fit", options)
        return texts

    def _date(self, content: Mapping[str, Any]) -> Any:
        given = self._of(content, "as_of")
        try:
            return as_date(given)
        except UsageError:
            raise UsageError(
                message(
                    "the date of {} must be like 2026-10-31; got {}. Fit the model again.",
                    self._what, shown(given),
                )
            ) from None  # fmt: skip

    def _one_of(self, content: Mapping[str, Any], key: str, known: tuple[str, ...]) -> Any:
        found = self._of(content, key)
        if found not in known:
            self._refuse(key, "one of " + ", ".join(known), found)
        return found

    def _count(self, content: Mapping[str, Any], key: str, *, most: int | None = None) -> int:
        found = self._of(content, key)
        if type(found) is not int or found < 0 or (most is not None and found > most):
            self._refuse(key, "a whole number" + ("" if most is None else f" up to {most}"), found)
        return found

    def _number(self, content: Mapping[str, Any], key: str) -> float:
        found = self._of(content, key)
        if not _is_number(found):
            self._refuse(key, "a number", found)
        return float(found)

    def _amount(self, content: Mapping[str, Any], key: str) -> float:
        found = self._number(content, key)
        if found < 0:
            self._refuse(key, "0 or more", found)
        return found

    def _numbers(
        self, key: str, given: Any, names: tuple[str, ...], *, may_be_null: bool = False
    ) -> dict[str, Any]:
        fits = isinstance(given, dict) and tuple(given) == names
        if not fits or not all(
            (each is None and may_be_null) or _is_number(each) for each in given.values()
        ):
            self._refuse(key, f"numbers for {', '.join(names)}", given)
        return {name: None if each is None else float(each) for name, each in given.items()}

    def _of(self, content: Mapping[str, Any], key: str) -> Any:
        if key not in content:
            raise UsageError(message("{} must be complete; got no {!r}.", self._what, key))
        return content[key]

    def _refuse(self, key: str, wanted: str, got: object) -> NoReturn:
        raise UsageError(
            message(
                "{!r} of {} must be {}; got {}. Fit the model again.",
                key, self._what, wanted, shown(got),
            )
        )  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and abs(value) <= _LARGEST
