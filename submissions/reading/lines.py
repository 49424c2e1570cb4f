"""The second look: one line at a time, naming everything that is wrong, or mending what can be.

This is what decides what a good line is; `fast` is the same decision for blocks without a fault.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.reading.fast import Columns, narrowed
from submissions.reading.header import Header, is_number
from submissions.reading.mending import BLANK_LINES, EMPTY_ENDS, NAMES, Mending, cure_of, idle_line, is_name
from submissions.reading.schema import HIGHEST, INTEGER, RANK, Column

_SHOWN = 80
_MISPLACED = (
    "Write ranks as plain integers. If the columns stand in another order, name them: "
    "--columns occurrence,species,rank,probability, or --columns occurrence,species,probability,rank."
)

# Quotes, blanks of all kinds, and the = of a spreadsheet's ="7".
_AROUND_IDS = "\"'`= \t\u00a0\ufeff\u2018\u2019\u201c\u201d"


class LineReader:
    """Read blocks of lines, keeping the good ones and noting in the log what is wrong with the others.

    Given a mending, it keeps what can be mended, too.

    Attributes
    ----------
    mentioned : set of int
        Occurrences named by lines that are bad for another reason: they are not missing.
    n_unplaced : int
        Bad lines that name no occurrence.
    line : int
        Line of the file that is read next.
    """

    def __init__(self, header: Header, log: FaultLog, mending: Mending | None = None) -> None:
        self.header = header
        self.mentioned: set[int] = set()
        self.n_unplaced = 0
        self.line = 0
        self._log = log
        self._mending = mending
        self._wanted = [(i, column) for i, column in enumerate(header.columns) if column is not None]

    def read(self, data: bytes, first_line: int) -> tuple[Columns, list[int]]:
        """Return the columns of the good lines of a block, and the number of each of these lines."""
        rows: dict[int, list[Any]] = {}
        self.line = first_line
        for raw in data.removesuffix(b"\n").split(b"\n"):
            row = self._row(raw.removesuffix(b"\r"))
            if row is not None:
                rows[self.line] = row
            self.line += 1
        return self._columns_of(list(rows.values())), list(rows)

    def _columns_of(self, rows: list[list[Any]]) -> Columns:
        return {
            column.name: array_of(column, [row[i] for row in rows])
            for i, (_, column) in enumerate(self._wanted)
        }

    def skip_blank(self, first_line: int, n_lines: int) -> None:
        """Note, or mend, blank lines that stand between others."""
        self.line = first_line
        self._note_idle(BLANK_LINES, "", n_lines)
        self.line += n_lines

    def _row(self, raw: bytes) -> list[Any] | None:
        text = raw.decode(errors="replace")
        if b"\0" in raw:
            self._note("not-a-table", text, "NUL bytes")
            self.n_unplaced += 1
            return None
        idle = idle_line(text)
        if idle is not None:
            self._note_idle(idle, text)
            return None
        fields = self._divided(text)
        if fields is None:
            return None
        values = [self._value(column, fields[i]) for i, column in self._wanted]
        if None in values:
            self._note_bad_fields(fields, values)
            return None
        return values

    def _divided(self, text: str) -> list[str] | None:
        """Return as many fields as there are columns, or note why a line has others."""
        fields, n = self._fields(text), len(self.header.columns)
        if fields is not None and len(fields) > n and not any(field.strip() for field in fields[n:]):
            if self._mends(EMPTY_ENDS):
                return fields[:n]
            self._note("ragged", text, EMPTY_ENDS, mends=(EMPTY_ENDS,))
        elif fields is None or len(fields) != n:
            self._note("ragged", text, self._why_ragged(text, fields))
        else:
            return fields
        self._note_mentioned(fields or text.split(self.header.separator))
        return None

    def _fields(self, text: str) -> list[str] | None:
        """Return the fields without their quotes, or None where the line cannot be divided."""
        if "\r" in text:
            return None
        if '"' not in text:
            return text.split(self.header.separator)
        if None in self.header.columns:
            return _csv_fields(text, self.header.separator)
        return _quoted_fields(text, self.header.separator)

    def _value(self, column: Column, text: str) -> Any:
        value = column.value_of(text)
        if value is None and self._mending is not None:
            return self._mending.value_of(column, text)
        return value

    def _mends(self, what: str, n: int = 1) -> bool:
        """Say whether something is mended, and count it."""
        if self._mending is not None:
            self._mending.counts[what] += n
        return self._mending is not None

    def _why_ragged(self, text: str, fields: list[str] | None) -> str:
        if "\r" in text:
            return "line ends of old Macs (CR alone)"
        if fields is None:
            return "unbalanced quotes"
        separator = "tabs" if self.header.separator == "\t" else self.header.separator
        return f"lines that do not have {len(self.header.columns)} fields separated by {separator}"

    def _note_mentioned(self, fields: list[str]) -> None:
        """Keep the occurrence of a line that is bad for another reason, or count a line that names none."""
        places = [i for i, column in self._wanted if column.name == "occurrence_id" and i < len(fields)]
        named = {each for i in places for each in named_id(fields[i])}
        self.mentioned |= named
        self.n_unplaced += not named

    def _note_bad_fields(self, fields: list[str], values: list[Any]) -> None:
        known: dict[str, Any] = {
            column.name: value for (_, column), value in zip(self._wanted, values, strict=True)
        }
        occurrence, species = known.get("occurrence_id"), known.get("species_id")
        self._note_mentioned(fields)
        for i, column in self._wanted:
            if known[column.name] is None:
                self._note_bad(column, fields[i], Example(self.line, occurrence, species))

    def _note_bad(self, column: Column, text: str, where: Example) -> None:
        cure = cure_of(column, text)
        mends = cure.mends if cure else (NAMES,) if is_name(column, text) else ()
        example = replace(where, found=shown(text))
        fix = None if mends else self._fix(column)
        self._log.add(column.fault, example, message=_why_bad(column, text), mends=mends, fix=fix)

    def _fix(self, column: Column) -> str | None:
        """Return what to do about a bad field, None for what the catalogue of faults says."""
        # In ours a file may do without ranks.
        is_needed = column.name == RANK.name and column.required
        return _MISPLACED if is_needed and self.header.is_data else None

    def _note_idle(self, what: str, text: str, n_lines: int = 1) -> None:
        if not self._mends(what, n_lines):
            message = f"{what} between others" if what == BLANK_LINES else what
            example = Example(self.line, found=shown(text))
            self._log.add("ragged", example, message=message, count=n_lines, mends=(what,))

    def _note(self, code: str, text: str, message: str, mends: tuple[str, ...] = ()) -> None:
        self._log.add(code, Example(line=self.line, found=shown(text)), message=message, mends=mends)


def array_of(column: Column, values: list[int] | list[float]) -> NDArray[np.generic]:
    """Return the values of a column as an array, of int32 where that suffices."""
    if column.kind == "integer":
        return narrowed(np.array(values, np.int64))
    return np.array(values, np.float64)


def shown(text: str) -> str:
    """Return a text short enough for a report."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _quoted_fields(text: str, separator: str) -> list[str] | None:
    """Divide a line in which quotes may stand around whole fields, blanks outside them allowed."""
    blanks = rf"[^\S{separator}]*"
    patterns = [
        re.compile(blanks + inside) for inside in (rf'"((?:[^"]|"")*)"{blanks}', rf'([^"{separator}]*)')
    ]
    fields: list[str] = []
    start = 0
    while True:
        # Field by field, for one pattern of all tries every way to share blanks: minutes for 2,000 of them.
        found = next(filter(None, (pattern.match(text, start) for pattern in patterns)))
        end = found.end()
        if text[end : end + 1] not in ("", separator):
            return None
        fields.append(found[1].replace('""', '"'))
        if end == len(text):
            return fields
        start = end + 1


def _csv_fields(text: str, separator: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return None


def named_id(text: str) -> list[int]:
    """Return the id that a field names, if also in a form that is refused, such as ``"7.0``; or nothing.

    Examples
    --------
    >>> [named_id(text) for text in ("7.0", "'7", "7e0", "7,00", "x7")]
    [[7], [7], [7], [7], []]
    """
    words = text.replace(",", ".").strip(_AROUND_IDS).split(maxsplit=1)
    try:
        number = Decimal(words[0]) if words else Decimal("NaN")
    except InvalidOperation:
        return []
    whole = number.is_finite() and 0 <= number <= HIGHEST and number == number.to_integral_value()
    return [int(number)] if whole else []


def _why_bad(column: Column, text: str) -> str:
    text = text.strip()
    cure = cure_of(column, text)
    if cure is not None:
        singular = (what.removesuffix("s") for what in cure.mends)
        return f"{column.name} with {' and '.join(singular)}"
    if column.kind == "integer":
        if is_name(column, text):
            return f"{column.name} that is a name, not an integer"
        return f"{column.name} {'beyond 64 bits' if INTEGER.fullmatch(text) else 'that is not an integer'}"
    return f"{column.name} that is not {'finite' if is_number(text) else 'a number'}"
