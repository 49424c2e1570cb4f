"""Files of environmental vectors that were extracted before."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from baselines.covariates.rasters.extraction import EnvironmentalVectors
from submissions.errors import CannotCheckError, UsageError
from submissions.printable import printable
from submissions.reading.schema import OCCURRENCE_ID

# By what `baselines.covariates.rasters.cache.write_vectors` marks its files: in these, null means
# outside the raster, and NaN means nodata.
_OURS = b"glckit"


@dataclass(frozen=True)
class GivenVectors:
    """Occurrences, each once, with the covariates that somebody gave, a row for each."""

    ids: NDArray[np.int64]
    vectors: EnvironmentalVectors


def read_covariates(path: str | os.PathLike[str], names: tuple[str, ...]) -> GivenVectors:
    """Read environmental vectors from a table with a column of occurrence ids and one per covariate.

    Parquet (``.parquet``), or text separated by ``;`` or ``,``. Columns stand in any order, and further ones
    are skipped. Only files that glckit's own extraction wrote may say what is outside the rasters (null) or
    on nodata (NaN).

    Raises
    ------
    UsageError
        If a covariate is missing.
    CannotCheckError
        If the file is absent or no table, has no occurrence ids, one twice, or a value that is no
        finite number.
    """
    table = _read_parquet(path) if Path(path).suffix == ".parquet" else _read_text(path)
    ids = _ids_of(table, path)
    _refuse_missing(table, names, path)
    columns = [table[name] for name in names]
    values = np.stack([_floats(column, path) for column in columns], axis=1)
    outside = np.stack([column.is_null().to_numpy() for column in columns], axis=1)
    vectors = EnvironmentalVectors(names, values, outside, np.isnan(values) & ~outside)
    if _OURS not in (table.schema.metadata or {}):
        _refuse_gaps(ids, vectors, path)
    return GivenVectors(ids, vectors)


def _read_parquet(path: str | os.PathLike[str]) -> pa.Table:
    try:
        return pq.read_table(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise CannotCheckError(f"Cannot read the vectors {printable(path)}: {error}") from error


def _read_text(path: str | os.PathLike[str]) -> pa.Table:
    try:
        with Path(path).open("rb") as file:
            head = file.readline()
        delimiter = ";" if head.count(b";") >= head.count(b",") else ","
        return pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(delimiter=delimiter))
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotCheckError(f"Cannot read the vectors {printable(path)}: {reason}.") from error
    except pa.ArrowException as error:
        raise CannotCheckError(f"The vectors {printable(path)} are no table: {error}") from error


def _ids_of(table: pa.Table, path: str | os.PathLike[str]) -> NDArray[np.int64]:
    found = [name for name in table.column_names if name.strip().lower() in OCCURRENCE_ID.names]
    if len(found) != 1 or not len(table):
        raise CannotCheckError(
            f"{printable(path)} must have rows and one column of occurrence ids, and has {len(table)} rows "
            f"and {len(found)} such columns.",
            f"Name the column {OCCURRENCE_ID.name}.",
        )
    column = table[found[0]]
    if not pa.types.is_integer(column.type) or column.null_count:
        raise CannotCheckError(
            f"The column {printable(found[0])} of {printable(path)} must hold whole numbers only."
        )
    ids = np.asarray(column.to_numpy(), dtype=np.int64)
    unique, counts = np.unique_counts(ids)
    if len(unique) < len(ids):
        raise CannotCheckError(
            f"{len(ids) - len(unique)} rows of {printable(path)} repeat an occurrence, "
            f"such as {unique[counts > 1][0]}."
        )
    return ids


def _refuse_missing(table: pa.Table, names: tuple[str, ...], path: str | os.PathLike[str]) -> None:
    missing = [name for name in names if name not in table.column_names]
    doubled = [name for name in names if table.column_names.count(name) > 1]
    if missing or doubled:
        what = f"lacks {', '.join(missing)}" if missing else f"has {printable(', '.join(doubled))} twice"
        raise UsageError(
            f"{printable(path)} {what}; the forest needs {len(names)} covariates: {', '.join(names)}."
        )


def _floats(column: pa.ChunkedArray, path: str | os.PathLike[str]) -> NDArray[np.float32]:
    try:
        values = column.cast(pa.float64()).to_numpy()
    except pa.ArrowException as error:
        raise CannotCheckError(f"A covariate of {printable(path)} is no number: {error}") from error
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        return np.asarray(values.astype(np.float32))


def _refuse_gaps(ids: NDArray[np.int64], vectors: EnvironmentalVectors, path: str | os.PathLike[str]) -> None:
    bad = ~np.isfinite(vectors.values)
    if bad.any():
        rows = np.flatnonzero(bad.any(axis=1))
        column = vectors.names[int(np.argmax(bad[rows[0]]))]
        raise CannotCheckError(
            f"{len(rows)} of {len(ids)} vectors of {printable(path)} have a value that is no finite number, "
            f"such as {column} of occurrence {ids[rows[0]]}.",
            "Leave these rows out, or let glckit read the rasters.",
        )
