"""The features of Delta tables that a reader must know, for whole tables and for versions."""

from __future__ import annotations

from collections.abc import Iterable

from rfm_engine.errors import DataError, cut

# The features that change how data files are read, that only matter to the log, or that only
# concern columns of the type variant, which no column of orders has.
_KNOWN = {
    "columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "typeWidening-preview",
    "v2Checkpoint", "vacuumProtocolCheck", "variantType", "variantType-preview",
    "variantShredding-preview",
}  # fmt: skip
_NEWEST_READER = 3


def refuse_unknown_features(features: Iterable[str], reader: int, name: str) -> None:
    """Refuse a table whose data files or log mean something that is not known here.

    Parameters
    ----------
    features
        The features that readers of the table must know.
    reader
        The version of the protocol that readers must know.
    name
        The table.

    Raises
    ------
    DataError
        The table needs such a feature.
    """
    unknown = sorted({*features} - _KNOWN)
    if reader > _NEWEST_READER:
        unknown.append(f"reader version {reader}")
    if unknown:
        raise DataError(
            f"{name} must require no reader features except {', '.join(sorted(_KNOWN))}; got "
            f"{cut(', '.join(unknown))}. Read it with the program that writes it, and give its "
            "rows as an Arrow stream or as Parquet files."
        )
