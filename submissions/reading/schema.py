"""Which columns a text table has, under which names, and what makes a field good."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
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
    """

    name: str
    aliases: tuple[str, ...]
    kind: Kind
    fault: str
    required: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """All names that a header may use."""
        return (self.name, *self.aliases)

    def value_of(self, text: str) -> int | float | None:
        """Return what a field says, None if it is not what the column wants.

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
    """

    columns: tuple[Column, ...]
    further_columns: bool = False
    header_optional: bool = False


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
#: What scoring needs of a truth.
TRUTH = Schema((OCCURRENCE_ID, SPECIES_ID), further_columns=True)
#: Occurrences with their places, labelled (train) or not (test).
OCCURRENCES = Schema((OCCURRENCE_ID, LATITUDE, LONGITUDE, OPTIONAL_SPECIES_ID), further_columns=True)
#: Ids of occurrences, when their places do not matter.
OCCURRENCE_IDS = Schema((OCCURRENCE_ID,), further_columns=True)
#: The species of the challenge.
SPECIES = Schema((SPECIES_ID,), further_columns=True)
