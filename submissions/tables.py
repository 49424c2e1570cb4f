"""The organizers' tables: occurrences, species, truth."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from submissions.errors import CannotCheckError
from submissions.faults import MAX_EXAMPLES, Example, FaultLog, in_words
from submissions.ordering import distinct, repeats
from submissions.reading.fast import Columns
from submissions.reading.schema import OCCURRENCE_IDS, OCCURRENCES, SPECIES, TRUTH, Schema
from submissions.reading.sniff import why_not_a_table
from submissions.reading.sources import opened
from submissions.reading.text import TextTable, read_text

if TYPE_CHECKING:
    import pandas as pd

Path = str | os.PathLike[str]


@dataclass(frozen=True, repr=False)
class OccurrenceTable:
    """Occurrences and their places (degrees, WGS84), in the order of the files; each id once.

    Species are None for a table without labels, such as a test file.
    """

    ids: NDArray[np.int64]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    species: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        return f"OccurrenceTable(n_occurrences={len(self)}, labelled={self.species is not None})"

    def __len__(self) -> int:
        return len(self.ids)

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a pandas data frame with the columns of the files."""
        import pandas as pd

        columns = {"id": self.ids, "lat": self.latitudes, "lon": self.longitudes}
        return pd.DataFrame(columns if self.species is None else columns | {"species_id": self.species})


@dataclass(frozen=True, repr=False)
class Truth:
    """The true species of each occurrence, by ascending id."""

    ids: NDArray[np.int64]
    species: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Truth(n_occurrences={len(self)}, digest={self.digest!r})"

    @property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of ids and species, by ascending id."""
        pairs = np.stack([self.ids, self.species], axis=1).astype("<i8")
        return hashlib.sha256(pairs.tobytes()).hexdigest()[:12]


def read_truth(path: Path) -> Truth:
    """Read the true species of the test occurrences from a table with ``id`` and ``species_id``.

    Raises
    ------
    CannotCheckError
        If the file is absent or unusable: no rows, a doubled id, a species that is empty or no integer.
        The message names the lines.
    """
    columns = _columns(path, TRUTH, "truth", once=True)
    ids, species = (columns[name].astype(np.int64) for name in ("occurrence_id", "species_id"))
    order = np.argsort(ids)
    return Truth(ids[order], species[order])


def read_occurrences(paths: Path | Sequence[Path]) -> OccurrenceTable:
    """Read occurrences and their places, ``id;lat;lon`` and perhaps ``species_id``, from files in order.

    Species are None unless every file has them.

    Raises
    ------
    CannotCheckError
        If a file is absent or unusable, or an id appears twice; the message names the lines.
    """
    tables = [_occurrences_of(path) for path in _as_list(paths)]
    ids = np.concatenate([table.ids for table in tables])
    _refuse_shared_ids(ids, _as_list(paths))
    labelled = [table.species for table in tables if table.species is not None]
    return OccurrenceTable(
        ids,
        np.concatenate([table.latitudes for table in tables]),
        np.concatenate([table.longitudes for table in tables]),
        np.concatenate(labelled) if len(labelled) == len(tables) else None,
    )


def read_occurrence_ids(paths: Path | Sequence[Path]) -> NDArray[np.int64]:
    """Read the ids of occurrences, ascending, from one or several files; see `read_occurrences`."""
    listed = _as_list(paths)
    ids = np.concatenate([_single_column(path, OCCURRENCE_IDS, "occurrence table") for path in listed])
    _refuse_shared_ids(ids, listed)
    return np.sort(ids)


def read_species(path: Path) -> NDArray[np.int64]:
    """Read the ids of a species table such as ``species_metadata.csv``, ascending; see `read_occurrences`."""
    return distinct(_single_column(path, SPECIES, "species table")).astype(np.int64)


def _as_list(paths: Path | Sequence[Path]) -> list[Path]:
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not listed:
        raise ValueError("no files given")
    return listed


def _single_column(path: Path, schema: Schema, what: str) -> NDArray[np.int64]:
    return _columns(path, schema, what)[schema.columns[0].name].astype(np.int64)


def _occurrences_of(path: Path) -> OccurrenceTable:
    columns = _columns(path, OCCURRENCES, "occurrence table", once=True)
    latitudes, longitudes = (columns[name].astype(np.float64) for name in ("lat", "lon"))
    species = columns["species_id"].astype(np.int64) if "species_id" in columns else None
    return OccurrenceTable(columns["occurrence_id"].astype(np.int64), latitudes, longitudes, species)


def _columns(path: Path, schema: Schema, what: str, *, once: bool = False) -> Columns:
    """Read a table without any fault and with at least one row; `once` allows no id twice."""
    log, table = FaultLog(), TextTable()
    with opened(path, log) as source:
        kind = why_not_a_table(source.head())
        if kind is not None:
            log.add("not-a-table", message=kind)
        if not log.faults():
            table = read_text(source, schema, log)
    if not log.faults() and not table.n_rows:
        log.add("no-rows", message="there is a header and nothing below it")
    if once and table.n_rows:
        _note_doubled(table, log)
    faults = log.faults()
    if faults:
        details = "; ".join(map(in_words, faults))
        raise CannotCheckError(f"The {what} {os.fspath(path)} cannot be used: {details}.")
    return table.columns


def _note_doubled(table: TextTable, log: FaultLog) -> None:
    ids = cast("NDArray[np.integer]", table.columns["occurrence_id"])
    later = repeats(ids)
    if len(later) and table.lines is not None:
        shown = later[:MAX_EXAMPLES]
        examples = [
            Example(int(line), int(i)) for line, i in zip(table.lines.of(shown), ids[shown], strict=True)
        ]
        log.add("duplicate", *examples, message="ids that appear twice", count=len(later))


def _refuse_shared_ids(ids: NDArray[np.int64], paths: Sequence[Path]) -> None:
    shared = distinct(ids[repeats(ids)])
    if len(shared):
        names = ", ".join(os.fspath(path) for path in paths)
        raise CannotCheckError(
            f"{len(shared)} occurrence ids appear twice in {names}, such as {shared[0]}.",
            "Give each file once, and only files of one edition.",
        )
