"""The organizers' tables: occurrences, species, truth."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from scoring.byvalue import ByValue
from scoring.metrics.table import METRICS
from scoring.sets import TrueSets
from submissions.errors import CannotCheckError
from submissions.faults import MAX_EXAMPLES, Example, Fault, FaultLog, in_words
from submissions.ordering import distinct, repeats, stable_order
from submissions.reading.fast import Columns
from submissions.reading.header import fitting
from submissions.reading.schema import OCCURRENCE_IDS, OCCURRENCES, SPECIES, TRUTH, Schema, later
from submissions.reading.sniff import why_not_a_table
from submissions.reading.sources import Source, opened
from submissions.reading.text import TextTable, read_text
from submissions.reading.truths import read_sets
from submissions.run import group_by_occurrence

if TYPE_CHECKING:
    import pandas as pd

Path = str | os.PathLike[str]

_OF_SETS = "Several species per occurrence are scored by --metric {}.".format(
    " or ".join(name for name, metric in METRICS.items() if metric.needs == "sets")
)


@dataclass(frozen=True, repr=False, eq=False)
class OccurrenceTable(ByValue):
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


@dataclass(frozen=True, repr=False, eq=False)
class Truth(ByValue):
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
        return _digest(self.ids, self.species)


@dataclass(frozen=True, repr=False, eq=False)
class TruthSets(ByValue):
    """The true species of each occurrence, one or more, by ascending id.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n_occurrences,)
        Occurrences, ascending.
    sets : TrueSets
        Their species, ascending within each.
    n_doubled : int
        Pairs that the file says again; each counts once.
    """

    ids: NDArray[np.int64]
    sets: TrueSets
    n_doubled: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        n_pairs = len(self.sets.species)
        return f"TruthSets(n_occurrences={len(self)}, n_pairs={n_pairs}, digest={self.digest!r})"

    def single(self) -> Truth:
        """Return the truth if each occurrence has one species.

        Raises
        ------
        CannotCheckError
            If one has several.
        """
        n_several = int(np.count_nonzero(np.diff(self.sets.offsets) > 1))
        if n_several:
            raise CannotCheckError(
                f"{n_several:,} of {len(self):,} occurrences of the truth have several species.", _OF_SETS
            )
        return Truth(self.ids, self.sets.species.astype(np.int64))

    @property
    def digest(self) -> str:
        """As that of a `Truth`, and equal to it where each occurrence has one species."""
        return _digest(np.repeat(self.ids, np.diff(self.sets.offsets)), self.sets.species)


def read_truth(path: Path) -> Truth:
    """Read the true species of the test occurrences from a table with ``id`` and ``species_id``.

    Raises
    ------
    CannotCheckError
        If the file is absent or unusable: no rows, a doubled id, a species that is empty or no integer.
        The message names the lines.
    """
    columns = _columns(path, TRUTH, "truth", once=True, hint=_hint_of_sets)
    ids, species = (columns[name].astype(np.int64) for name in ("occurrence_id", "species_id"))
    order = np.argsort(ids)
    return Truth(ids[order], species[order])


def read_truth_sets(path: Path) -> TruthSets:
    """Read the true species of the test occurrences, one or more for each.

    That is several rows per occurrence, one row with blanks between the species (``surveyId,predictions``),
    or both.

    Raises
    ------
    CannotCheckError
        If the file is absent or unusable: no rows, a row without a species, ids that are no integers. The
        message names the lines.
    """
    columns = _columns(path, TRUTH, "truth", read=read_sets)
    ids, species = (columns[name].astype(np.int64) for name in ("occurrence_id", "species_id"))
    order = stable_order(ids, species)
    ids, species = ids[order], species[order]
    is_new = np.concatenate([[True], (ids[1:] != ids[:-1]) | (species[1:] != species[:-1])])
    grouping = group_by_occurrence(ids[is_new])
    n_doubled = int(np.count_nonzero(~is_new))
    return TruthSets(grouping.ids.astype(np.int64), TrueSets(grouping.offsets, species[is_new]), n_doubled)


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


def read_occurrence_ids(paths: Path | Sequence[Path], *, once: bool = True) -> NDArray[np.int64]:
    """Read the ids of occurrences, ascending, from one or several files; see `read_occurrences`.

    Unless `once`, an occurrence may have several rows, one for each of its species.
    """
    listed = _as_list(paths)
    ids = np.concatenate([_single_column(path, OCCURRENCE_IDS, "occurrence table") for path in listed])
    if once:
        _refuse_shared_ids(ids, listed)
    return distinct(ids)


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


def _digest(ids: NDArray[np.int64], species: NDArray[np.integer]) -> str:
    pairs = np.stack([ids, species], axis=1).astype("<i8")
    return hashlib.sha256(pairs.tobytes()).hexdigest()[:12]


def _hint_of_sets(faults: Sequence[Fault]) -> str:
    """Name the metrics of sets where an occurrence seems to have several species."""
    several = any(
        fault.code == "duplicate" or any(len((example.found or "").split()) > 1 for example in fault.examples)
        for fault in faults
    )
    return _OF_SETS if several else ""


def _columns(
    path: Path,
    schema: Schema,
    what: str,
    *,
    read: Callable[[Source, Schema, FaultLog], TextTable] = read_text,
    once: bool = False,
    hint: Callable[[Sequence[Fault]], str] = lambda faults: "",
) -> Columns:
    """Read a table without any fault and with at least one row; `once` allows no id twice."""
    log, table = FaultLog(), TextTable()
    with opened(path, log) as source:
        kind = why_not_a_table(source.head())
        if kind is not None:
            log.add("not-a-table", message=kind)
        if not log.faults():
            table = read(source, fitting(source.head(), schema, later(schema)), log)
    if not log.faults() and not table.n_rows:
        log.add("no-rows", message="there is a header and nothing below it")
    if once and table.n_rows:
        _note_doubled(table, log)
    faults = log.faults()
    if faults:
        details = "; ".join(map(in_words, faults))
        raise CannotCheckError(f"The {what} {os.fspath(path)} cannot be used: {details}.", hint(faults))
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
