"""The chain of membership tiers of a history: stored by date, and continued."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Unpack

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import StateError, UsageError
from rfm_engine.history.dates import Dates
from rfm_engine.history.store import unit_of
from rfm_engine.history.tier_changes import changed_snapshots
from rfm_engine.history.tier_pairs import names_of_programs
from rfm_engine.movement.tier_dates import Step, chain_of
from rfm_engine.movement.tier_files import TierProgram, load_tiers
from rfm_engine.movement.tiers import tiers_at
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import TierOptions
from rfm_engine.options.resolution import given, resolve
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, write
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.session import Machine

FILE = "tiers.parquet"
_DIGEST = "content_digest"


class Chain(NamedTuple):
    """The tiers of a history.

    Attributes
    ----------
    table
        The tiers at the newest date.
    steps
        The dates of the chain.
    computed
        The dates that were computed now; the other ones had been stored.
    is_changed
        Whether all were computed again because the file of tiers has changed.
    changed
        The dates whose snapshots were replaced or added since the tiers were stored.
    """

    table: pa.Table
    steps: Sequence[Step]
    computed: Sequence[date]
    is_changed: bool
    changed: Sequence[date]

    def counts(self, program: TierProgram) -> list[dict[str, Any]]:
        """Return how many members each tier has, the lowest first."""
        held, qualified = (
            Counter(self.table[name].to_pylist()) for name in ("tier", "qualified_tier")
        )
        graced = Counter(self.table.filter(self.table["in_grace"])["tier"].to_pylist())
        return [
            {
                "tier": tier.name, "threshold": f"{tier.threshold:,f}", "members": held[tier.name],
                "qualified": qualified[tier.name], "in_grace": graced[tier.name],
            }
            for tier in program.tiers
        ]  # fmt: skip


class Tiers(Dates):
    """The part of a history that computes membership tiers."""

    @documented(TierOptions)
    def tiers(self, file: str | os.PathLike[str], **options: Unpack[TierOptions]) -> pa.Table:
        """Return the membership tiers at the newest date, and store those of all dates.

        Parameters
        ----------
        file
            The TOML file of the tiers.
        {options}

        Returns
        -------
        pyarrow.Table
            One row per member: the customer, the group if there are groups, `tier` and
            `qualified_tier` (dictionaries of string), `valid_until` (date32), `in_grace` (bool),
            `rolling`, `spend_to_next` (null in the highest tier) and `spend_to_keep`
            (decimal128(38, scale)).

        Raises
        ------
        UsageError, StateError
            As `continued`, or the file is wrong.
        """
        settled = resolve(TierOptions, given("History.tiers", TierOptions, options))
        return continued(self, load_tiers(file), Machine.of(settled)).table


def write_tiers(
    history: Dates,
    program: TierProgram,
    file: str | os.PathLike[str],
    output: str,
    options: Mapping[str, Any],
) -> Chain:
    """Compute the tiers of a history, and write those of the newest date.

    Parameters
    ----------
    file
        The file that `program` was read from, which is not overwritten.
    options
        See `TierOptions`.

    Raises
    ------
    UsageError, StateError
        As `continued`, or the output cannot be written.
    """
    check_output(output)
    refuse_inside(output, "the history", history.path)
    refuse_overwriting(output, "the file of tiers", file)
    machine = Machine.of(resolve(TierOptions, options))
    found = continued(history, program, machine)
    write(found.table.to_reader(), found.table.schema, output, threads=machine.threads)
    return found


def continued(history: Dates, program: TierProgram, machine: Machine) -> Chain:
    """Return the tiers of a history, and store those of dates that are not stored yet.

    A date is computed again if its snapshot, its date before, or the file of tiers has changed, and
    so are all later dates.

    Raises
    ------
    UsageError
        DuckDB is not installed, the history has no dates, or a date is missing; or the history has
        tiers of another program with the same name.
    StateError
        Another process is writing to the history.
    """
    require_duckdb("rfm tiers")
    _refuse_same_names(history, program)
    window = history.options.get("window")
    steps = chain_of(program, history.dates, window, history.first_row)
    if not steps:
        raise UsageError(
            f"history {str(history.path)!r} must have a date for tiers; got none. Add one with rfm "
            "history add."
        )
    abouts = list(_abouts(history, program, steps))
    units = {_unit(program.name, step.as_of) for step in steps}
    units &= {*history.store.units(f"tiers/{program.name}")}
    changed = changed_snapshots(map(history.store.summary, units), abouts)
    stored = _n_stored(history, program, steps, abouts)
    is_changed = not stored and _digest_of_first(history, program, steps) not in (
        None, program.digest
    )  # fmt: skip
    if stored == len(steps):
        return Chain(_read(history, program, steps[-1]), steps, [], is_changed, [])
    members = None if not stored else _read(history, program, steps[stored - 1])
    with history.store.writing() as transaction:
        for step, about in zip(steps[stored:], abouts[stored:], strict=True):
            members = tiers_at(program, step, history.snapshot, members, machine)
            unit = _unit(program.name, step.as_of)
            place = transaction.folder_of(unit) / FILE
            write(members.to_reader(), members.schema, str(place))
            transaction.seal(unit, about)
    assert members is not None
    return Chain(members, steps, [step.as_of for step in steps[stored:]], is_changed, changed)


def _refuse_same_names(history: Dates, program: TierProgram) -> None:
    """Refuse a tier that another program in the history also has.

    Ids of events name the tier and not the program, so both would have the same ids.
    """
    for other, names in names_of_programs(history.store).items():
        both = [name for name in program.names if name in names]
        if both and other != program.name:
            raise UsageError(
                f"tiers of {program.name!r} must have other names than those of {other!r}, which "
                f"are in history {str(history.path)!r} too, because ids of events name only the "
                f"tier; got {both[0]!r} in both. Rename the tier in the file, or delete the folder "
                f"tiers/{other} of the history."
            )


def _unit(name: str, day: date) -> str:
    """Return the unit of the tiers of a date."""
    return unit_of(day, f"tiers/{name}")


def _abouts(
    history: Dates, program: TierProgram, steps: Sequence[Step]
) -> Iterator[dict[str, Any]]:
    """Yield what the tiers of each date depend on besides those of the date before."""
    previous = None
    for step in steps:
        before = None if step.before is None else history.summary(step.before)[_DIGEST]
        yield {
            "tiers": program.name,
            "tiers_digest": program.digest,
            "as_of": str(step.as_of),
            "previous": previous,
            "snapshot": history.summary(step.as_of)[_DIGEST],
            "before": None if step.before is None else str(step.before),
            "snapshot_before": before,
        }
        previous = str(step.as_of)


def _n_stored(
    history: Dates, program: TierProgram, steps: Sequence[Step], abouts: Sequence[dict[str, Any]]
) -> int:
    """Return how many dates from the first one on are stored as they would be computed."""
    units = {*history.store.units(f"tiers/{program.name}")}
    for n, (step, about) in enumerate(zip(steps, abouts, strict=True)):
        unit = _unit(program.name, step.as_of)
        if unit not in units:
            return n
        own = history.store.summary(unit)
        if any(own.get(name) != value for name, value in about.items()):
            return n
    return len(steps)


def _digest_of_first(history: Dates, program: TierProgram, steps: Sequence[Step]) -> str | None:
    unit = _unit(program.name, steps[0].as_of)
    if unit not in history.store.units(f"tiers/{program.name}"):
        return None
    found: str = history.store.summary(unit)["tiers_digest"]
    return found


def _read(history: Dates, program: TierProgram, step: Step) -> pa.Table:
    unit = _unit(program.name, step.as_of)
    faults = history.store.faults(unit)
    if faults:
        raise StateError(
            f"history {str(history.path)!r} must have undamaged tiers; got: {faults[0]}. Delete "
            f"the folder tiers/{program.name} in it, and they are computed again."
        )
    return pq.read_table(history.store.place(unit) / FILE)
