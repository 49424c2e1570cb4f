"""Which form a run in text has: its header tells, and of a file without one what is said of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from submissions.editions import RunForm
from submissions.errors import UsageError
from submissions.faults import FaultLog
from submissions.reading.fast import Columns
from submissions.reading.header import divided, is_data_of, is_number
from submissions.reading.schema import (
    LISTS,
    OCCURRENCE_ID,
    PROBABILITY,
    RANK,
    RANKED_2018,
    RANKED_2019,
    RUN,
    SCORED_LISTS,
    Column,
    Schema,
)
from submissions.run import group_by_occurrence

_SCHEMAS: dict[RunForm, Schema] = {
    "long": RUN,
    "ranked": RANKED_2018,
    "glc19": RANKED_2019,
    "predicted": LISTS,
    "survey": LISTS,
}
# No header of ours has both names of a pair.
_HEADERS = ((("query", "class"), RANKED_2018), (("glc19testoccid", "glc19spid"), RANKED_2019))
_NAMES_OF_LISTS = {"predicted", "predictions"}
_SHORT = {"occurrence_id": "occurrence", "species_id": "species"}


@dataclass(frozen=True)
class Headerless:
    """What is said of runs without a header.

    Parameters
    ----------
    form : str, optional
        The form of their edition.
    columns : tuple of str, optional
        Their columns, in the order of the file.
    """

    form: RunForm | None = None
    columns: tuple[str, ...] | None = None

    def schema(self) -> Schema:
        """Return how they are to be read, or raise a UsageError for columns that are none."""
        if self.columns is None:
            return _SCHEMAS[self.form or "long"]
        columns = _columns(self.columns)
        if columns == RUN.columns[:2] + RUN.columns[:1:-1]:
            return RANKED_2019  # its order is its form
        decides = self.form is not None and _SCHEMAS[self.form].rank_decides
        return Schema(columns, header_optional=True, rank_decides=decides)

    @property
    def in_doubt(self) -> bool:
        """Whether nobody said which of four columns are scores, and which are ranks."""
        return self.columns is None and self.form not in ("long", "ranked", "glc19")


def schema_of(line: str, said: Headerless) -> Schema:
    """Return what the first line of a run shows it to be."""
    _, fields = divided(line)
    names = {field.strip().lower() for field in fields}
    for distinctive, schema in _HEADERS:
        if names.issuperset(distinctive):
            return schema
    if names & _NAMES_OF_LISTS and not all(names & set(column.names) for column in RUN.columns[:3]):
        return SCORED_LISTS if "probas" in names else LISTS
    schema = said.schema()
    return schema if is_data_of(schema, fields) else RUN


def lacks_header(line: str) -> bool:
    """Say whether the first line of a run of ours is data, with a fourth column."""
    _, fields = divided(line)
    return len(fields) == 4 and is_data_of(RUN, fields)


def note_doubt(log: FaultLog) -> None:
    """Note that scores and ranks of a run without a header seem to have changed places."""
    log.add(
        "header",
        message="no header, and the third column counts 1, 2, 3, ... within each occurrence while the fourth "
        "does not, as ranks do; --columns says which columns these are",
        fix="Name them: --columns occurrence,species,rank,probability, or "
        "--columns occurrence,species,probability,rank.",
    )


def begins_in_doubt(head: bytes) -> bool:
    """Say whether the first lines of a run have ranks in the third column, and no ranks in the fourth."""
    lines = head.decode(errors="replace").splitlines()
    rows = [fields for _, fields in map(divided, lines[:-1] or lines)]
    numbers = [row for row in rows if len(row) == 4 and all(map(is_number, row))]
    seen: dict[str, set[float]] = defaultdict(set)
    for occurrence, _, third, _ in numbers:
        rank = float(third)
        if rank < 1 or not rank.is_integer() or rank in seen[occurrence]:
            return False
        seen[occurrence].add(rank)
    return any(not float(row[3]).is_integer() for row in numbers)


def is_in_doubt(columns: Columns) -> bool:
    """Say whether the scores of a run count 1, 2, 3, ... within each occurrence, and its ranks do not.

    That is asked of the lines in their order, and, where neither counts so, in any order.
    """
    scores, ranks = columns.get(PROBABILITY.name), columns.get(RANK.name)
    if scores is None or ranks is None or not len(scores) or scores.min() != 1:
        return False
    grouping = group_by_occurrence(cast("NDArray[np.integer]", columns[OCCURRENCE_ID.name]))
    order = slice(None) if grouping.order is None else grouping.order
    lists = np.repeat(np.arange(len(grouping.ids)), np.diff(grouping.offsets))
    places = np.arange(1, len(lists) + 1) - grouping.offsets[lists]
    both = scores[order], ranks[order]
    either_way = both, tuple(values[np.lexsort((values, lists))] for values in both)
    return any(
        np.array_equal(third, places) and not np.array_equal(fourth, places) for third, fourth in either_way
    )


def _columns(names: tuple[str, ...]) -> tuple[Column, ...]:
    by_name = {name: column for column in RUN.columns for name in column.names}
    by_name |= {short: by_name[name] for name, short in _SHORT.items()}
    columns = [by_name.get(name.strip().lower()) for name in names]
    found = [column for column in columns if column is not None]
    missing = [column.name for column in RUN.columns if column.required and column not in found]
    if None in columns or len(set(found)) < len(columns) or missing:
        raise UsageError(
            f"The columns of a run cannot be {','.join(names)}.",
            "Name occurrence, species and probability, each once, and rank if there are ranks, in the order "
            "of the file: --columns occurrence,species,rank,probability.",
        )
    return tuple(found)
