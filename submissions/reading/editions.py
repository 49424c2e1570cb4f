"""Reading runs of other editions, which have one line per occurrence; only `convert` takes them.

``Id,Predicted`` (GeoLifeCLEF 2021 to 2023 on Kaggle) lists species from best to worst, separated by
blanks; scores become 1 / rank. ``observation_id;...;predictions;probas`` lists species and scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from submissions.faults import Example, FaultLog
from submissions.reading.blocks import blocks_of, first_line_of
from submissions.reading.growing import GrowingColumns
from submissions.reading.header import SEPARATORS, unquoted
from submissions.reading.lines import shown
from submissions.reading.mending import MADE_UP, Mending
from submissions.reading.schema import OCCURRENCE_ID, PROBABILITY, SPECIES_ID
from submissions.reading.sources import Source
from submissions.reading.text import TextTable

_IDS = ("id", *OCCURRENCE_ID.names, "surveyid")

_List = tuple[int, list[int], list[float]]


def is_other_edition(head: bytes) -> bool:
    """Say whether a file begins with the header of a run of another edition."""
    return _columns(_first_line(head)) is not None


def read_other_edition(source: Source, log: FaultLog, mending: Mending) -> TextTable:
    """Read a run for which `is_other_edition` holds; faults name the lines that could not be read."""
    line, behind = first_line_of(source)
    columns = _columns(_first_line(line))
    if columns is None:
        return TextTable(readable=False)
    grown = GrowingColumns(log)
    for occurrence, species, scores in _lists(_rows(source, behind, log), columns, log):
        ids = np.full(len(species), occurrence, np.int64)
        values = np.array(species, np.int64), np.array(scores, np.float64)
        grown.append({"occurrence_id": ids, "species_id": values[0], "probability": values[1]})
        if grown.full:
            break
    if columns.scores is None:
        mending.counts[MADE_UP] += grown.n_rows
    return TextTable(grown.arrays())


def _first_line(head: bytes) -> str:
    return head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")


def _rows(source: Source, behind: bytes, log: FaultLog) -> Iterator[tuple[int, str]]:
    """Yield the lines below the header that are not blank, with their numbers."""
    number = 2
    for block in blocks_of(source, behind):
        number += block.blank_before
        if block.overlong:
            log.add("ragged", Example(number), message="a line of more than 1 MiB")
            number += 1
            continue
        for raw in block.data.removesuffix(b"\n").split(b"\n"):
            text = raw.decode(errors="replace")
            if text.strip():
                yield number, text
            number += 1


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
    names = [name.strip().strip('"').lower() for name in line.split(separator)]
    ids = [i for i, name in enumerate(names) if name in _IDS]
    species = [i for i, name in enumerate(names) if name in ("predicted", "predictions")]
    scores = [i for i, name in enumerate(names) if name == "probas"]
    if len(ids) != 1 or len(species) != 1 or len(scores) > 1:
        return None
    return _Columns(separator, ids[0], species[0], scores[0] if scores else None)


def _lists(rows: Iterator[tuple[int, str]], columns: _Columns, log: FaultLog) -> Iterator[_List]:
    seen: set[int] = set()
    for line, row in rows:
        parsed = _parsed([unquoted(field) for field in row.split(columns.separator)], columns)
        if parsed is None:
            log.add("ragged", Example(line, found=shown(row)), message="lines that cannot be read")
        elif parsed[0] in seen:
            log.add("duplicate", Example(line, parsed[0]), message="occurrences that stood before")
        elif parsed[1]:
            seen.add(parsed[0])
            yield parsed


def _parsed(row: list[str], columns: _Columns) -> _List | None:
    if len(row) <= max(columns.ids, columns.species, columns.scores or 0):
        return None
    occurrence: Any = OCCURRENCE_ID.value_of(row[columns.ids])
    species: list[Any] = [SPECIES_ID.value_of(each) for each in row[columns.species].split()]
    scores: list[Any] = [1 / rank for rank in range(1, len(species) + 1)]
    if columns.scores is not None:
        scores = [PROBABILITY.value_of(each) for each in row[columns.scores].split()]
    if None in (occurrence, *species, *scores) or len(species) != len(scores):
        return None
    return occurrence, species, scores
