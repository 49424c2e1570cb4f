"""Extracted vectors as Parquet, found again as long as places and rasters are the same."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import DTypeLike, NDArray

from baselines.covariates.occurrences import Occurrences
from baselines.covariates.rasters.extraction import EnvironmentalVectors, extract_vectors, survey
from baselines.covariates.rasters.layout import RasterLayout
from scoring.places import REGIONS, region_of_id
from submissions.errors import BadInputError, CannotCheckError
from submissions.files import written_atomically
from submissions.progress import SILENT, Progress
from submissions.tables import OccurrenceTable

# Raise when extraction gives other values for the same places and rasters.
_RULE = 1

_METADATA_KEY = b"glckit"


def environmental_vectors(
    table: OccurrenceTable | Occurrences,
    layout: RasterLayout,
    *,
    cache: str | os.PathLike[str] | None = None,
    dtype: DTypeLike = np.float32,
    progress: Progress = SILENT,
) -> EnvironmentalVectors:
    """Read the environmental vectors of occurrences, each from the rasters of its region, in their order.

    Parameters
    ----------
    cache : path-like, optional
        A folder in which vectors are kept, and looked for first. Where it is damaged, or cannot be written
        to, they are read from the rasters all the same.
    dtype : {float32, float64}
        Type of the values.
    progress : Progress
        Told of each raster after it was read; not at all if the vectors are kept.

    Raises
    ------
    BadInputError, CannotCheckError
        As `extract_vectors`; also if an id is of no known edition.
    """
    regions = region_of_id(table.ids)
    if (regions == "other").any():
        stray = table.ids[regions == "other"]
        raise BadInputError(f"{len(stray)} ids are of no known edition, such as {stray[0]}.")
    path = None
    if cache is not None:
        survey(layout, _regions_of(table))  # names all unusable rasters, before any is hashed
        path = Path(cache) / f"vectors-{extraction_key(table, layout, dtype=dtype)}.parquet"
        if path.exists() and (kept := _kept(path, progress)) is not None:
            return kept
    vectors = extract_vectors(
        table.latitudes, table.longitudes, regions=regions, layout=layout, dtype=dtype, progress=progress
    )
    if path is not None:
        try:
            write_vectors(path, vectors, ids=table.ids)
        except CannotCheckError as error:
            progress.say(f"The vectors are not kept. {error.message}")
    return vectors


def _kept(path: Path, progress: Progress) -> EnvironmentalVectors | None:
    try:
        return read_vectors(path)
    except CannotCheckError as error:
        progress.say(f"{error.message} They are read from the rasters again.")
        return None


def extraction_key(
    table: OccurrenceTable | Occurrences, layout: RasterLayout, *, dtype: DTypeLike = np.float32
) -> str:
    """Return what the vectors of a table depend on, in 16 hexadecimal digits.

    Of the table, ids, places and their order count, species do not; of the rasters, names, order, nodata
    settings and the bytes of the files count, paths do not.

    Raises
    ------
    CannotCheckError
        If a raster cannot be read.
    """
    columns = table.ids.astype("<i8"), table.latitudes.astype("<f8"), table.longitudes.astype("<f8")
    parts = {
        "rule": _RULE,
        "names": list(layout.names),
        "nodata": {name: str(layout.nodata[name]) for name in sorted(layout.nodata)},
        "dtype": np.dtype(dtype).name,
        "table": hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest(),
        "rasters": {
            region: [_file_digest(layout.path(name, region)) for name in layout.names]
            for region in _regions_of(table)
        },
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def write_vectors(
    path: str | os.PathLike[str], vectors: EnvironmentalVectors, *, ids: NDArray[np.int64]
) -> None:
    """Write vectors as Parquet: the ids, and one column per raster, null where outside, NaN on nodata."""
    columns = [pa.array(ids)] + [
        pa.array(np.ascontiguousarray(values), mask=np.ascontiguousarray(outside))
        for values, outside in zip(vectors.values.T, vectors.outside.T, strict=True)
    ]
    names = ["occurrence_id", *vectors.names]
    table = pa.table(columns, names=names).replace_schema_metadata({_METADATA_KEY: f"rule {_RULE}"})
    with written_atomically(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def read_vectors(path: str | os.PathLike[str]) -> EnvironmentalVectors:
    """Read vectors that `write_vectors` has written.

    Raises
    ------
    CannotCheckError
        If the file is absent, damaged, or of another program.
    """
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise CannotCheckError(
            f"Cannot read the vectors {os.fspath(path)}: {error}",
            "Delete the file; it is made again from the rasters.",
        ) from error
    if _METADATA_KEY not in (table.schema.metadata or {}):
        raise CannotCheckError(f"{os.fspath(path)} does not hold environmental vectors that glckit wrote.")
    values = np.stack([column.to_numpy() for column in table.columns[1:]], axis=1)
    outside = np.stack([column.is_null().to_numpy() for column in table.columns[1:]], axis=1)
    return EnvironmentalVectors(tuple(table.column_names[1:]), values, outside, np.isnan(values) & ~outside)


def _regions_of(table: OccurrenceTable | Occurrences) -> list[str]:
    present = set(np.unique(region_of_id(table.ids)).tolist())
    return [region for region in REGIONS if region in present]


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CannotCheckError(
            f"Cannot read the raster {path}: {error.strerror or error}.",
            "Rasters lie as NAME/NAME_FR.tif and NAME/NAME_USA.tif in one folder.",
        ) from error
