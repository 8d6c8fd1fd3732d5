"""Add labels to the customers of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.insight.label_files import METRICS, Label, load_label
from rfm_engine.insight.levels import Levels, joined, levels_of
from rfm_engine.kernels.arrays import arrow, arrow_texts, values
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import LabelOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.output import check_output, refuse_overwriting, write
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.id_values import plain_ids
from rfm_engine.query.rows import is_bucket_folder, only_input
from rfm_engine.query.session import Choices, Machine, Query, Session
from rfm_engine.query.sql_file import SqlFile, shipped_sql
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.fact_columns import FACT_COLUMNS

_FILES = {
    "discount_rate": "discount", "deal_share": "discount", "psm": "discount",
    "novelty": "novelty", "multi_rate": "novelty", "bundle_rate": "bundle",
    "price_band": "price-band", "favourite": "favourite", "daypart": "part",
    "weekend": "part",
}  # fmt: skip
_OF_PRODUCTS = ("novelty", "multi_rate")
_OF_TIME = ("daypart", "weekend")
# A column of the relation `lines`, the option that names it in the orders, and what it contains.
_NAMED = (("units", "units", "pieces"), ("disc_minor", "discount", "discounts"))
_KEYS = (GROUP, CUSTOMER)


def label_customers(
    snapshot: Snapshot,
    rows: object,
    labels: Sequence[Label],
    machine: Machine,
    options: Mapping[str, Any],
) -> pa.Table:
    """Return the customers of a snapshot with the columns of labels.

    The columns of a label are `NAME_label` and, if its metric is a ratio or a share, `NAME_value`
    (float64) and the integers `NAME_part` and `NAME_whole` that it is the quotient of, and
    `segment/NAME` with texts such as `Champions/sensitive`. If a label has treatments, the last
    column is `treatment`.

    Parameters
    ----------
    rows
        Orders, or a folder of normalised rows.
    options
        Options that name columns of the rows, see `AttributeOptions`.

    Raises
    ------
    UsageError
        A label needs a column that is not named, or the snapshot has a column of the same name.
    DataError
        The rows are not those of the snapshot.
    """
    for label in labels:
        _refuse_unknown_column(label, snapshot)
    queries = [
        None if label.is_of_customers else _query(label, snapshot, options) for label in labels
    ]
    found: list[Sequence[Levels]] = []
    with ExitStack() as opened:
        for population in snapshot.populations:
            session = opened.enter_context(
                Session(population, rows, machine, Choices(attributes=options))
            )
            session.prepare([query for query in queries if query is not None], {})
            rows = session.rows
            found.append(_levels(labels, queries, session))
    whole, places = snapshot.all_rows(), _places(snapshot)
    for label, *levels_of_each in zip(labels, *found, strict=True):
        levels = joined(levels_of_each)
        columns = {
            f"{label.column}_label": levels.level, f"{label.column}_value": levels.value,
            f"{label.column}_part": levels.part, f"{label.column}_whole": levels.whole,
        }  # fmt: skip
        for name, column in columns.items():
            if column is not None:
                whole = _with_column(whole, name, column, places)
        whole = _with_column(whole, f"segment/{label.column}", _combined(whole, label), None)
    treatments: dict[str, str] = {}
    for label in labels:
        for key, each in label.treatments.items():
            treatments.setdefault(key, each)
    if treatments:
        whole = _with_column(whole, "treatment", _treatments(whole, labels, treatments), None)
    return whole.replace_schema_metadata(snapshot.schema.metadata)


def _places(snapshot: Snapshot) -> pa.Array | None:
    """Return for each row its place among the customers of the populations, one after another.

    None means that all rows are customers, in the same order.
    """
    if snapshot.overall is None:
        return None
    within, overall = snapshot.own_places(), snapshot.overall.own_places()
    return pc.coalesce(within, pc.add(overall, snapshot.n_customers))


def _levels(
    labels: Sequence[Label], queries: Sequence[Query | None], session: Session
) -> list[Levels]:
    """Return the levels of each label; a query that several labels share runs once."""
    base = session.customers.table([])
    found: dict[int, Levels] = {}
    for place, (label, query) in enumerate(zip(labels, queries, strict=True)):
        if place in found:
            continue
        if query is None:
            found[place] = levels_of(label, _columns_of(session.customers, label))
            continue
        parameters = _parameters(label, session.snapshot)
        measured = _aligned(base, session.run_per_bucket(query, parameters))
        for other in range(place, len(labels)):
            if queries[other] == query and (
                _parameters(labels[other], session.snapshot) == parameters
            ):
                found[other] = levels_of(labels[other], measured)
    return [found[place] for place in range(len(labels))]


def sql_of_metric(metric: str) -> SqlFile:
    """Return the SQL of a metric."""
    return shipped_sql("rfm_engine.insight.metrics", _FILES[metric])


def _query(label: Label, snapshot: Snapshot, options: Mapping[str, Any]) -> Query:
    sql = sql_of_metric(label.metric)
    of = "product" if label.metric in _OF_PRODUCTS else label.of
    if of in ("product", "category"):
        column = options.get(of) or snapshot.options.get(of)
        if column is None:
            raise UsageError(
                message(
                    "label {} must have a column of rows to compare; got none. Name it with {}.",
                    label.name,
                    named(of),
                )
            )
        of = column
    return Query(sql, of)


def _parameters(label: Label, snapshot: Snapshot) -> dict[str, Any]:
    unit = Decimal(10) ** snapshot.scale
    edges = [edge * unit for edge in label.edges]
    if any(edge != int(edge) for edge in edges):
        raise UsageError(
            f"edges of label {label.name!r} must have at most {snapshot.scale} decimals, as the "
            "amounts of the snapshot have; got more. Round them."
        )
    part = label.metric if label.metric in _OF_TIME else None
    return {"at_least": label.at_least, "edges": [int(edge) for edge in edges], "part": part}


def _refuse_unknown_column(label: Label, snapshot: Snapshot) -> None:
    known = {*Customers(snapshot).names, "monetary", *FACT_COLUMNS}
    if label.is_of_customers and label.metric not in known:
        raise UsageError(
            f"metric of label {label.name!r} must be one of {', '.join(METRICS)}, or a column of "
            f"numbers of the snapshot; got {shown(label.metric)}. "
            + did_you_mean(
                label.metric, [*METRICS, *known],
                "Correct it, or score again with the option that adds the column.",
            )
        )  # fmt: skip


def _columns_of(customers: Customers, label: Label) -> pa.Table:
    columns = customers.table(["frequency"])
    return pa.table({
        GROUP: columns[GROUP], "number": customers.columns([label.metric])[label.metric],
        "orders": columns["frequency"],
    })  # fmt: skip


def _aligned(base: pa.Table, measured: pa.Table) -> pa.Table:
    """Return the rows of a metric in the order of the customers; null rows have no row."""
    ids = plain_ids(base[CUSTOMER]).combine_chunks().dictionary_encode("encode")
    found = plain_ids(measured[CUSTOMER]).combine_chunks()
    codes = pc.index_in(found.cast(ids.dictionary.type), ids.dictionary)
    keys, of_rows = ids.indices, codes
    groups = base[GROUP].combine_chunks()
    if len(ids.dictionary) < len(base):
        n_groups = 1 + pc.max(groups).as_py()
        keys, of_rows = (
            pc.add(pc.multiply(each.cast(pa.int64()), n_groups), group.cast(pa.int64()))
            for each, group in ((keys, groups), (codes, measured[GROUP].combine_chunks()))
        )
        of_rows = pc.index_in(of_rows, keys)
    row_of = np.full(len(base), -1)
    row_of[values(of_rows, np.int32)] = np.arange(len(measured))
    rows = arrow(row_of, None, row_of >= 0)
    return measured.drop_columns(list(_KEYS)).take(rows).append_column(GROUP, groups)


def _with_column(whole: pa.Table, name: str, column: pa.Array, places: pa.Array | None) -> pa.Table:
    """Append a column; row i of the table has the value at `places[i]`."""
    if name in whole.column_names:
        raise UsageError(
            f"snapshot must not have the column {name!r} yet; got it. Label a snapshot without it, "
            "or give the label another name."
        )
    if places is not None:
        column = column.take(places)
    return whole.append_column(name, column)


def _combined(whole: pa.Table, label: Label) -> pa.Array:
    """Return the segment and the level of each customer as one text."""
    segment, level = (
        whole[name].unify_dictionaries().combine_chunks()
        for name in ("segment", f"{label.column}_label")
    )
    codes = pc.add(
        pc.multiply(segment.indices.cast(pa.int64()), len(level.dictionary)),
        level.indices.cast(pa.int64()),
    ).dictionary_encode()
    segments, levels = segment.dictionary.to_pylist(), level.dictionary.to_pylist()
    pairs = (divmod(code, len(levels)) for code in codes.dictionary.to_pylist())
    names = arrow_texts([f"{segments[one]}/{levels[other]}" for one, other in pairs])
    return pa.DictionaryArray.from_arrays(codes.indices, names)


def _treatments(
    whole: pa.Table, labels: Sequence[Label], treatments: Mapping[str, str]
) -> pa.Array:
    """Return the treatment of each customer: of its segment and a level, or of its segment."""
    names = ["segment", *(f"{label.column}_label" for label in labels)]
    columns = [whole[name].cast(pa.string()).combine_chunks() for name in names]
    encoded = [column.dictionary_encode("encode") for column in columns]
    codes = np.stack([values(column.indices, np.int32) for column in encoded])
    kinds, kind_of = np.unique(codes, axis=1, return_inverse=True)
    words = [column.dictionary.to_pylist() for column in encoded]
    place_of = {key: place for place, key in enumerate(treatments)}
    found = []
    for kind in kinds.T.tolist():
        segment, *levels = [own[code] for own, code in zip(words, kind, strict=True)]
        keys = [
            f"{segment}/{label.name}={level}" for label, level in zip(labels, levels, strict=True)
        ]
        # Of several levels, the one that is named first.
        key = min(
            (key for key in keys if key in treatments), key=place_of.__getitem__, default=segment
        )
        found.append(treatments.get(key))
    return pa.array(found, pa.string()).take(arrow(kind_of.reshape(-1))).dictionary_encode()


@documented(LabelOptions)
def label(
    snapshot: Snapshot, *, rows: object, labels: Sequence[str], **options: Unpack[LabelOptions]
) -> pa.Table:
    """Add labels of behaviour to the customers of a snapshot.

    Parameters
    ----------
    snapshot
        Scored customers, from `rfm_engine.read_snapshot`.
    rows
        The orders that were scored, in any form that `rfm_engine.score` takes, or the folder that
        `rfm normalize --buckets` wrote.
    labels
        Names of labels, as `rfm labels list` lists them, or paths of TOML files.
    {options}

    Returns
    -------
    pyarrow.Table
        The customers with the columns `NAME_label` (dictionary of text) and, for ratios and shares,
        `NAME_value` (float64), `NAME_part` and `NAME_whole` (int64); then `segment/NAME`
        (dictionary of text), such as `Champions/sensitive`. The metadata are those of the snapshot,
        so that a file of the table is a snapshot too.

    Raises
    ------
    UsageError
        DuckDB is not installed, or a label, an option or a column is wrong.
    DataError
        The rows are not those of the snapshot.
    """
    _, table = _labelled(snapshot, rows, labels, given("label", LabelOptions, options))
    return table


def write_labelled(
    snapshot: Snapshot,
    rows: object,
    labels: Sequence[str],
    output: str,
    options: Mapping[str, Any],
) -> dict[str, dict[str, int]]:
    """Write the customers with labels; return how many customers have each level, by label.

    The levels of a label are in descending order of customers.

    Raises
    ------
    UsageError, DataError
        As `label`; nothing was written.
    """
    check_output(output)
    refuse_overwriting(output, "the snapshot", str(snapshot.path))
    loaded, table = _labelled(snapshot, rows, labels, options)
    write(table.to_reader(), table.schema, output)
    return {label.name: _counts(table[f"{label.column}_label"]) for label in loaded}


def _counts(levels: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(levels.cast(pa.string()).drop_null())
    pairs = [(each["values"], each["counts"]) for each in counts.to_pylist()]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _refuse_unnamed(
    labels: Sequence[Label], snapshot: Snapshot, options: Mapping[str, Any]
) -> None:
    """Refuse labels of orders whose column of pieces or discounts no option names."""
    for label in labels:
        read = sql_of_metric(label.metric).inputs.get("lines") if label.metric in _FILES else ()
        for column, option, what in _NAMED:
            is_named = options.get(option) or snapshot.options.get(option)
            if column in (read or ()) and not is_named:
                raise UsageError(
                    message(
                        "label {} must have the column of {}; got none. Name it with {}.",
                        label.name, what, named(option),
                    )
                )  # fmt: skip


def _labelled(
    snapshot: Snapshot, rows: object, labels: Sequence[str], options: Mapping[str, Any]
) -> tuple[list[Label], pa.Table]:
    require_duckdb("rfm label")
    settled = resolve(LabelOptions, options)
    loaded = [load_label(name) for name in dict.fromkeys(labels)]
    if not is_bucket_folder(only_input(rows)):
        _refuse_unnamed(loaded, snapshot, settled)
    return loaded, label_customers(snapshot, rows, loaded, Machine.of(settled), settled)
