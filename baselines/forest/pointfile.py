"""Tables of places that are no occurrences: a forest can predict anywhere."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from submissions.errors import CannotCheckError
from submissions.faults import Fault, FaultLog
from submissions.reading.schema import LATITUDE, LONGITUDE, OCCURRENCE_ID, Schema
from submissions.reading.sources import opened
from submissions.reading.text import read_text
from submissions.tables import OccurrenceTable

_SCHEMA = Schema((LATITUDE, LONGITUDE, replace(OCCURRENCE_ID, required=False)), further_columns=True)


# As many points are named as faults have examples.
_N_NAMED = 5


@dataclass(frozen=True)
class Points(OccurrenceTable):
    """Places of a table, and the line of each."""

    lines: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def named(self, chosen: NDArray[np.bool_]) -> str:
        """Name the first of some points by line and place, and count the others."""
        rows = np.flatnonzero(chosen)
        named = [
            f"line {self.lines[row]} (lat {self.latitudes[row]:g}, lon {self.longitudes[row]:g})"
            for row in rows[:_N_NAMED]
        ]
        further = [f"and {len(rows) - _N_NAMED:,} more"] if len(rows) > _N_NAMED else []
        return ", ".join([*named, *further])


def read_points(path: str | os.PathLike[str]) -> Points:
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
        table = read_text(source, _SCHEMA, log)
    columns = table.columns
    faults = [_in_words(fault) for fault in log.faults()]
    if faults or not columns:
        raise _unusable(path, "; ".join(faults) or "there are no rows")
    latitudes, longitudes = columns["lat"].astype(np.float64), columns["lon"].astype(np.float64)
    ids = columns.get("occurrence_id", np.arange(1, len(latitudes) + 1))
    rows = np.arange(len(ids))
    lines = rows + 1 if table.lines is None else table.lines.of(rows)
    points = Points(ids.astype(np.int64), latitudes, longitudes, lines=lines.astype(np.int64))
    if fault := _fault_of(points):
        raise _unusable(path, fault)
    return points


def _unusable(path: str | os.PathLike[str], why: str) -> CannotCheckError:
    return CannotCheckError(f"The points {path} cannot be used: {why}.", "Write lat;lon per line.")


def _in_words(fault: Fault) -> str:
    return f"{fault.message} (line {fault.examples[0].line})" if fault.examples else fault.message


def _fault_of(points: Points) -> str:
    if not len(points):
        return "there are no rows"
    again = np.ones(len(points), dtype=bool)
    again[np.unique(points.ids, return_index=True)[1]] = False
    if again.any():
        return f"an id stands twice: {points.named(again)}"
    off = (np.abs(points.latitudes) > 90) | (np.abs(points.longitudes) > 360)
    return f"no place on the globe: {points.named(off)}" if off.any() else ""
