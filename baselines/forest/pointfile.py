"""Tables of places that are no occurrences: a forest can predict anywhere."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from submissions.errors import CannotCheckError
from submissions.faults import Fault, FaultLog
from submissions.reading.schema import LATITUDE, LONGITUDE, OCCURRENCE_ID, Schema
from submissions.reading.sources import opened
from submissions.reading.text import read_text
from submissions.tables import OccurrenceTable

_SCHEMA = Schema((LATITUDE, LONGITUDE, replace(OCCURRENCE_ID, required=False)), further_columns=True)


def read_points(path: str | os.PathLike[str]) -> OccurrenceTable:
    r"""Read places from a table with ``lat;lon``, and ``id`` if there are ids; else rows are numbered from 1.

    Text separated by ``;`` or ``,``, plain or compressed. Further columns are skipped. CannotCheckError if
    the file is absent or unusable, has no rows, an id twice, or a place off the globe.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = path.write_text("lat;lon\n43.6;3.9\n48.8;2.3\n")
    >>> read_points(path).ids.tolist()
    [1, 2]
    """
    log = FaultLog()
    with opened(path, log) as source:
        columns = read_text(source, _SCHEMA, log).columns
    faults = [_in_words(fault) for fault in log.faults()]
    if faults or not columns:
        raise _unusable(path, "; ".join(faults) or "there are no rows")
    latitudes, longitudes = columns["lat"].astype(np.float64), columns["lon"].astype(np.float64)
    ids = columns.get("occurrence_id", np.arange(1, len(latitudes) + 1))
    points = OccurrenceTable(ids.astype(np.int64), latitudes, longitudes)
    if fault := _fault_of(points):
        raise _unusable(path, fault)
    return points


def _unusable(path: str | os.PathLike[str], why: str) -> CannotCheckError:
    return CannotCheckError(f"The points {path} cannot be used: {why}.", "Write lat;lon per line.")


def _in_words(fault: Fault) -> str:
    return f"{fault.message} (line {fault.examples[0].line})" if fault.examples else fault.message


def _fault_of(points: OccurrenceTable) -> str:
    if not len(points):
        return "there are no rows"
    if len(np.unique(points.ids)) < len(points):
        return "an id stands twice"
    off = (np.abs(points.latitudes) > 90) | (np.abs(points.longitudes) > 360)
    if off.any():
        row = int(np.argmax(off))
        return (
            f"latitude {points.latitudes[row]:g} and longitude {points.longitudes[row]:g} are no place "
            "on the globe"
        )
    return ""
