"""Which columns a text table has, under which names, and what makes a field good."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["integer", "number"]

#: An integer in digits.
INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)

#: The integers that an id or a rank may be.
LOWEST, HIGHEST = -(2**63), 2**63 - 1
_MAX_DIGITS = 4000  # Python refuses to read longer integers


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    aliases : tuple of str
        Other names that a header may use, in lower case; `name` is what we write.
    kind : {"integer", "number"}
        What a field must be: an integer in digits, or a finite decimal number.
    fault : str
        Code of the fault of a bad field.
    required : bool
        Whether a header must have it.
    many : bool
        Whether a field holds any number of values, with blanks between them.
    """

    name: str
    aliases: tuple[str, ...]
    kind: Kind
    fault: str
    required: bool = True
    many: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names that a header may use."""
        return (self.name, *self.aliases)

    def value_of(self, text: str) -> int | float | None:
        """Return what a field, or one of its many values, says; None if it is not what the column wants.

        Examples
        --------
        >>> SPECIES_ID.value_of(" 7 "), SPECIES_ID.value_of("7.0"), PROBABILITY.value_of(".5")
        (7, None, 0.5)
        """
        text = text.strip()
        if self.kind == "integer":
            if not INTEGER.fullmatch(text) or len(text) > _MAX_DIGITS:
                return None
            integer = int(text)
            return integer if LOWEST <= integer <= HIGHEST else None
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Schema:
    """The columns of a kind of table, in the order that a table without a header has them.

    Parameters
    ----------
    further_columns : bool
        Whether others may stand beside them; they are skipped.
    header_optional : bool
        Whether a first line of numbers is data.
    rank_decides : bool
        Whether ranks alone order the species of an occurrence.
    """

    columns: tuple[Column, ...]
    further_columns: bool = False
    header_optional: bool = False
    rank_decides: bool = False

    @property
    def of_lists(self) -> bool:
        """Whether a line holds all species of an occurrence."""
        return any(column.many for column in self.columns)


OCCURRENCE_ID = Column(
    "occurrence_id", ("id", "glc_id", "observation_id", "observationid"), "integer", "bad-id"
)
SPECIES_ID = Column("species_id", ("species", "class_id", "classid", "glc_species_id"), "integer", "bad-id")
PROBABILITY = Column("probability", ("score", "prob", "proba"), "number", "bad-score")
RANK = Column("rank", (), "integer", "bad-rank", required=False)

LATITUDE = Column("lat", ("latitude",), "number", "bad-place")
LONGITUDE = Column("lon", ("longitude",), "number", "bad-place")
OPTIONAL_SPECIES_ID = Column("species_id", SPECIES_ID.aliases, "integer", "bad-id", required=False)

#: A run.
RUN = Schema((OCCURRENCE_ID, SPECIES_ID, PROBABILITY, RANK), header_optional=True)
#: Runs of 2018 and 2019, in the order of files without a header.
RANKED_2018 = Schema(
    (
        replace(OCCURRENCE_ID, aliases=("query",)),
        replace(SPECIES_ID, aliases=("class",)),
        PROBABILITY,
        replace(RANK, required=True),
    ),
    header_optional=True,
    rank_decides=True,
)
RANKED_2019 = Schema(
    (
        replace(OCCURRENCE_ID, aliases=("glc19testoccid",)),
        replace(SPECIES_ID, aliases=("glc19spid",)),
        replace(RANK, required=True),
        PROBABILITY,
    ),
    header_optional=True,
    rank_decides=True,
)
_LISTS = (
    replace(OCCURRENCE_ID, aliases=(*OCCURRENCE_ID.aliases, "surveyid")),
    replace(SPECIES_ID, aliases=("predicted", "predictions"), many=True),
)
#: Runs of 2021 to 2025: a line per occurrence, its species from best to worst.
LISTS = Schema(_LISTS, header_optional=True)
#: The same with scores.
SCORED_LISTS = Schema((*_LISTS, replace(PROBABILITY, aliases=("probas",), many=True)), further_columns=True)
#: What scoring needs of a truth.
TRUTH = Schema((OCCURRENCE_ID, SPECIES_ID), further_columns=True)
#: Occurrences with their places, labelled (train) or not (test).
OCCURRENCES = Schema((OCCURRENCE_ID, LATITUDE, LONGITUDE, OPTIONAL_SPECIES_ID), further_columns=True)
#: Ids of occurrences, when their places do not matter.
OCCURRENCE_IDS = Schema((OCCURRENCE_ID,), further_columns=True)
#: The species of the challenge.
SPECIES = Schema((SPECIES_ID,), further_columns=True)

_LATER_NAMES = {
    OCCURRENCE_ID.name: ("surveyid",),
    SPECIES_ID.name: ("speciesid", "predictions", "predicted"),
}


def later(schema: Schema) -> Schema:
    """Return a schema with the names of later editions, too, which in older ones are further columns."""
    columns = [
        replace(column, aliases=(*column.aliases, *_LATER_NAMES.get(column.name, ())))
        for column in schema.columns
    ]
    return replace(schema, columns=tuple(columns))
