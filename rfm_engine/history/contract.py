"""What all snapshots of a history must have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from rfm_engine.errors import StateError, UsageError, shown
from rfm_engine.history.sealed import file_digest
from rfm_engine.options.clv import with_days
from rfm_engine.options.declaration import declared, defaults
from rfm_engine.options.groups import KeptOptions, ScoreOptions, TotalsOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.reading import NEWEST, Reading
from rfm_engine.result.model import scheme_and_plan
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.fact_plan import plan_facts
from rfm_engine.segments.frozen_scheme import deciding, own_scheme
from rfm_engine.segments.scheme import Scheme

_OF_READING = (
    "customer", "window", "timezone", "amount_scale", "refunds", "zero", "frequency", "order",
    "quantity", "currency", "where", "by", "distinct", "clv", "clv_unit",
)  # fmt: skip
_OF_SCORING = ("method", "bins", "r_cuts", "f_cuts", "m_cuts", "monetary", "weights", "overall")
_OF_FACTS = ("whales", "whale_by")
SCHEME, RATES, ID_TYPE, SCALE = "scheme", "rates", "id_type", "scale"
Agreed = dict[str, Any]
"""The value of each option that must be the same for all snapshots, as data for JSON."""


def agreed_of(options: Mapping[str, Any]) -> Agreed:
    """Return what snapshots that are scored with some options of `score` have in common.

    The scheme and the file of rates are replaced by digests of their contents.

    Raises
    ------
    UsageError
        An option is wrong, or cannot be used in a history.
    """
    if options.get("customer_level"):
        raise UsageError(
            message(
                "{customer_level} must not be used with a history, because totals of customers "
                "have no first order; got it. Give the orders."
            )
        )
    scheme, plan = scheme_and_plan(options)
    given = {**with_days(options), "as_of": NEWEST, "facts": True}
    settled = resolve(ScoreOptions, given, scheme.options)
    reading = Reading(**{name: settled[name] for name in declared(TotalsOptions)})
    facts = plan_facts(settled, scheme)
    assert facts is not None
    held: Mapping[str, Any] = reading.options
    found = {name: held[name] for name in _OF_READING} | plan.options()
    found |= {"overall": settled["overall"], "whales": facts.share_text, "whale_by": facts.by}
    rates = settled["rates"]
    found[RATES] = None if rates is None else file_digest(Path(rates))
    return _plain(found | {SCHEME: named_digest(scheme)})


def agreed_of_snapshot(snapshot: Snapshot) -> Agreed:
    """Return what a snapshot has in common with others, except whales and rates.

    Facts are computed again, and a snapshot does not say which rates were used.
    """
    names = (*_OF_READING, *_OF_SCORING)
    found = {name: snapshot.options[name] for name in names}
    return _plain(found | {SCHEME: named_digest(snapshot.scheme)})


def named_digest(scheme: Scheme) -> list[str]:
    """Return the name of a scheme, and the SHA-256 of what decides segments in it.

    A file without a name has its path as the name, of which only the last part is used.
    """
    name = Path(scheme.name).name
    content = deciding(own_scheme(scheme)) | {"name": name}
    text = json.dumps(content, sort_keys=True, default=str)
    return [name, sha256(text.encode()).hexdigest()]


def refuse_disagreement(
    place: Path, ours: Mapping[str, Any], theirs: Mapping[str, Any], newest: date | None, day: date
) -> None:
    """Refuse a snapshot that does not agree with the history.

    Parameters
    ----------
    place
        The folder of the history.
    ours, theirs
        The values of the history and of the snapshot; only names that both have are compared.
    newest
        The newest date of the history.
    day
        The date of the snapshot.

    Raises
    ------
    StateError
        A value differs.
    """
    for name in ours:
        if name not in theirs or ours[name] == theirs[name]:
            continue
        at = "" if newest is None else f", as at {newest}"
        if name == SCHEME:
            mine, other = ours[name][0], theirs[name][0]
            got = f"other content of {other!r}" if mine == other else repr(other)
            raise StateError(
                f"the scheme must be {mine!r} as it is in history {str(place)!r}{at}; got {got} "
                f"for {day}. Use the same scheme, or create another history."
            )
        if name == RATES:
            raise StateError(
                f"the file of rates must have the content that it has in history {str(place)!r}"
                f"{at}; got other content for {day}. Add the date from a state, or create another "
                "history."
            )
        if name in (ID_TYPE, SCALE):
            what = "type of ids" if name == ID_TYPE else "number of decimals of amounts"
            raise StateError(
                f"the {what} must be {ours[name]} in history {str(place)!r}{at}; got "
                f"{theirs[name]} for {day}. Convert the column, or create another history."
            )
        if _is_missing(ours[name]):
            raise StateError(
                message(
                    "{} must not be given in history {!r}, which was created without it{}; got {} "
                    "for {}. Leave it out, or create another history.",
                    named(name), str(place), at, _shown(theirs[name]), day,
                )
            )  # fmt: skip
        raise StateError(
            message(
                "{} must be {} in history {!r}{}; got {} for {}. Give the same value, or create "
                "another history.",
                named(name), _shown(ours[name]), str(place), at, _shown(theirs[name]), day,
            )
        )  # fmt: skip


def refuse_typed(
    place: Path, options: Mapping[str, Any], agreed: Agreed, typed: Mapping[str, Any]
) -> None:
    """Refuse typed options that differ from those of a history.

    Raises
    ------
    StateError
        An option differs.
    """
    kept = {**defaults(KeptOptions), **options, **agreed}
    kept = {name: each for name, each in kept.items() if name not in (SCHEME, RATES)}
    theirs = _plain(dict(typed))
    for name, value in theirs.items():
        held = _plain({name: kept.get(name, options.get(name))})[name]
        if value != held and _is_missing(held):
            raise StateError(
                message(
                    "{} must not be given with history {!r}, which was created without it; got {}. "
                    "Leave it out.",
                    named(name), str(place), _shown(value),
                )
            )  # fmt: skip
        if value != held:
            raise StateError(
                message(
                    "{} must be {} in history {!r}; got {}. Leave it out.",
                    named(name), _shown(held), str(place), _shown(value),
                )
            )  # fmt: skip


def _plain(found: dict[str, Any]) -> Agreed:
    """Return data as JSON gives it back."""
    plain: Agreed = json.loads(json.dumps(found, default=str))
    return plain


def _is_missing(value: object) -> bool:
    return value in (None, [], False)


def _shown(value: object) -> str:
    return "not given" if _is_missing(value) else shown(value)
