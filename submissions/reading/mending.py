"""What `glckit convert` mends while it reads a run.

The readers ask here when they mend, and also when they only say what is wrong, so that what a fault
promises is what a conversion does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from submissions.reading.schema import SPECIES_ID, Column

# What is mended, as it is counted and announced.
BLANK_LINES = "blank lines"
COMMENTS = "comment lines"
EMPTY_ENDS = "separators behind the last field"
FURTHER_COLUMNS = "further columns"
MADE_UP = "scores made up as 1 / rank, for there were none"
NAMES = "names of species"
POINTS = "integers written with a point"
REPEATS = "repeated lines"
TABS = "tabs between the fields"
WORKBOOK = "an Excel workbook"

_COMMAS = "decimal commas"
_PERCENT = "percent signs"

_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]+)\.0*", re.ASCII)
_NUMBER = re.compile(r"([+-]?[0-9]*)([.,]?)([0-9]*)(?:[eE]([+-]?[0-9]{1,4}))?\s*(%?)", re.ASCII)
_NAME = re.compile(r"[^\W\d_]{2}.*[^\W\d_]{2}")


@dataclass(frozen=True)
class Cure:
    """What a field was meant to say, and what is mended by reading it so."""

    meant: str
    mends: tuple[str, ...]


@dataclass(frozen=True)
class Mending:
    """That what leaves no doubt about what was meant is mended, and how often it was.

    Parameters
    ----------
    species_of : callable
        Tells the species of a name, None where there is not exactly one.
    counts : Counter
        How often what was mended.
    """

    species_of: Callable[[str], int | None] = lambda _: None
    counts: Counter[str] = field(default_factory=Counter)

    def value_of(self, column: Column, text: str) -> int | float | None:
        """Return what a field was meant to say, None if that cannot be told."""
        cure = cure_of(column, text)
        if cure is not None:
            self.counts.update(cure.mends)
            return column.value_of(cure.meant)
        species = self.species_of(text) if is_name(column, text) else None
        if species is not None:
            self.counts[NAMES] += 1
        return species


def cure_of(column: Column, text: str) -> Cure | None:
    """Return what a bad field was plainly meant to say, or None.

    Examples
    --------
    >>> from submissions.reading.schema import PROBABILITY
    >>> cure_of(SPECIES_ID, "7.0")
    Cure(meant='7', mends=('integers written with a point',))
    >>> cure_of(PROBABILITY, "12,5 %")
    Cure(meant='12.5e-2', mends=('decimal commas', 'percent signs'))
    """
    if column.kind == "integer":
        match = _WHOLE_NUMBER.fullmatch(text.strip())
        cure = Cure(match[1], (POINTS,)) if match else None
    else:
        cure = _cure_of_number(text.strip())
    return cure if cure is not None and column.value_of(cure.meant) is not None else None


def is_name(column: Column, text: str) -> bool:
    """Say whether a species may be named where its id belongs, though not in a list, where blanks separate.

    Examples
    --------
    >>> is_name(SPECIES_ID, "Quercus ilex"), is_name(SPECIES_ID, "x7")
    (True, False)
    """
    return column.name == SPECIES_ID.name and not column.many and _NAME.match(text.strip()) is not None


def idle_line(text: str) -> str | None:
    """Return what a line is that holds no row: blank, or a comment."""
    bare = text.lstrip()
    return BLANK_LINES if not bare else COMMENTS if bare.startswith("#") else None


def _cure_of_number(text: str) -> Cure | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    whole, point, fraction, exponent, percent = match.groups()
    mends = ((_COMMAS,) if point == "," else ()) + ((_PERCENT,) if percent else ())
    power = int(exponent or 0) - (2 if percent else 0)
    return Cure(f"{whole}.{fraction}" + (f"e{power}" if power else ""), mends) if mends else None
