"""Reading runs of other editions, which have one line per occurrence; only `convert` takes them.

``Id,Predicted`` (GeoLifeCLEF 2021 to 2023 on Kaggle) lists species from best to worst, separated by
blanks; scores become 1 / rank. ``observation_id;...;predictions;probas`` lists species and scores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scoring.sparse import Pairs
from submissions.errors import CannotCheckError
from submissions.faults import Example, FaultLog
from submissions.progress import SILENT, Progress
from submissions.reading.header import SEPARATORS, unquoted
from submissions.reading.lines import shown, value_of
from submissions.reading.schema import OCCURRENCE_ID, PROBABILITY, SPECIES_ID
from submissions.reading.sources import MAX_BYTES, opened
from submissions.run import Run

_IDS = ("id", *OCCURRENCE_ID.names, "surveyid")


def is_other_edition(path: str | os.PathLike[str]) -> bool:
    """Say whether a file has the header of a run of another edition."""
    if not Path(path).is_file():
        return False
    with opened(path, FaultLog()) as source:
        return _columns(source.head().split(b"\n", 1)[0].decode(errors="replace")) is not None


def read_other_edition(
    path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, progress: Progress = SILENT
) -> Run:
    """Read a run for which `is_other_edition` holds; faults name the lines that could not be read."""
    log = FaultLog()
    with opened(path, log, max_bytes=max_bytes, progress=progress) as source:
        text = source.read_all().decode("utf-8-sig", errors="replace")
    columns = _columns(text.split("\n", 1)[0])
    if columns is None:
        raise CannotCheckError(f"{os.fspath(path)} is not a run of another edition.")
    lists = list(_lists(text, columns, log))
    pairs = Pairs(
        np.cumsum([0, *(len(species) for _, species, _ in lists)]),
        np.array([each for _, species, _ in lists for each in species], np.int64),
        np.array([each for _, _, scores in lists for each in scores], np.float64),
    )
    if not lists and not log.faults():
        log.add("no-rows", message="there is a header and nothing below it")
    return Run(os.fspath(path), np.array([i for i, _, _ in lists], np.int64), pairs, faults=log.faults())


@dataclass(frozen=True)
class _Columns:
    """Where the columns of a line are; `scores` is None where the order is all there is."""

    separator: str
    ids: int
    species: int
    scores: int | None


def _columns(line: str) -> _Columns | None:
    """Find the columns in a header, or return None if it is another header."""
    separator = max(SEPARATORS, key=line.count)
    names = [name.strip().strip('"').lower() for name in line.removeprefix("\ufeff").split(separator)]
    ids = [i for i, name in enumerate(names) if name in _IDS]
    species = [i for i, name in enumerate(names) if name in ("predicted", "predictions")]
    scores = [i for i, name in enumerate(names) if name == "probas"]
    if len(ids) != 1 or len(species) != 1 or len(scores) > 1:
        return None
    return _Columns(separator, ids[0], species[0], scores[0] if scores else None)


def _lists(text: str, columns: _Columns, log: FaultLog) -> Iterator[tuple[int, list[int], list[float]]]:
    seen: set[int] = set()
    for line, row in enumerate(text.splitlines(), start=1):
        if line == 1 or not row.strip():
            continue
        parsed = _parsed([unquoted(field) for field in row.split(columns.separator)], columns)
        if parsed is None:
            log.add("ragged", Example(line, found=shown(row)), message="lines that cannot be read")
        elif parsed[0] in seen:
            log.add("duplicate", Example(line, parsed[0]), message="occurrences that stood before")
        elif parsed[1]:
            seen.add(parsed[0])
            yield parsed


def _parsed(row: list[str], columns: _Columns) -> tuple[int, list[int], list[float]] | None:
    if len(row) <= max(columns.ids, columns.species, columns.scores or 0):
        return None
    occurrence: Any = value_of(OCCURRENCE_ID, row[columns.ids])
    species: list[Any] = [value_of(SPECIES_ID, each) for each in row[columns.species].split()]
    scores: list[Any] = [1 / rank for rank in range(1, len(species) + 1)]
    if columns.scores is not None:
        scores = [value_of(PROBABILITY, each) for each in row[columns.scores].split()]
    if None in (occurrence, *species, *scores) or len(species) != len(scores):
        return None
    return occurrence, species, scores
