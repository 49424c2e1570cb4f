"""The second look: one line at a time, naming everything that is wrong.

This is what decides what a good line is; `fast` is the same decision for blocks without a fault.
"""

from __future__ import annotations

import csv
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import numpy as np

from submissions.faults import Example, FaultLog
from submissions.reading.fast import Columns, narrowed
from submissions.reading.header import Header, is_number
from submissions.reading.schema import Column

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT64 = np.iinfo(np.int64)
_SHOWN = 80

# Quotes, blanks of all kinds, and the = of a spreadsheet's ="7".
_AROUND_IDS = "\"'`= \t\u00a0\ufeff\u2018\u2019\u201c\u201d"


class LineReader:
    """Read blocks of lines, keeping the good ones and noting in the log what is wrong with the others.

    Attributes
    ----------
    mentioned : list of int
        Occurrences named by lines that are bad for another reason: they are not missing.
    line : int
        Line of the file that is read next.
    """

    def __init__(self, header: Header, log: FaultLog) -> None:
        self.header = header
        self.mentioned: list[int] = []
        self.line = 0
        self._log = log
        self._wanted = [(i, column) for i, column in enumerate(header.columns) if column is not None]

    def read(self, data: bytes, first_line: int) -> tuple[Columns, list[int]]:
        """Return the columns of the good lines of a block, and the number of each of these lines."""
        rows: dict[int, list[int | float]] = {}
        self.line = first_line
        for raw in data.removesuffix(b"\n").split(b"\n"):
            row = self._row(raw.removesuffix(b"\r"))
            if row is not None:
                rows[self.line] = row
            self.line += 1
        columns: Columns = {}
        for i, (_, column) in enumerate(self._wanted):
            values = [row[i] for row in rows.values()]
            if column.kind == "integer":
                columns[column.name] = narrowed(np.array(values, np.int64))
            else:
                columns[column.name] = np.array(values, np.float64)
        return columns, list(rows)

    def _row(self, raw: bytes) -> list[int | float] | None:
        text = raw.decode(errors="replace")
        if b"\0" in raw:
            self._note("not-a-table", text, "NUL bytes")
            return None
        if self._skips(text):
            return None
        fields = self._fields(text)
        if fields is None or len(fields) != len(self.header.columns) or text.lstrip().startswith("#"):
            self._note("ragged", text, self._why_ragged(text, fields))
            self._note_mentioned(fields or text.split(self.header.separator))
            return None
        values = [self._value(column, fields[i]) for i, column in self._wanted]
        if None in values:
            self._note_bad_fields(fields, values)
            return None
        return cast("list[int | float]", values)

    def _fields(self, text: str) -> list[str] | None:
        """Return the fields without their quotes, or None where the line cannot be divided."""
        if "\r" in text:
            return None
        if '"' not in text:
            return text.split(self.header.separator)
        if None in self.header.columns:
            return _csv_fields(text, self.header.separator)
        return _quoted_fields(text, self.header.separator)

    def _skips(self, text: str) -> bool:
        """Say whether a line is to be passed over in silence."""
        return False

    def _value(self, column: Column, text: str) -> int | float | None:
        return value_of(column, text)

    def _why_ragged(self, text: str, fields: list[str] | None) -> str:
        if not text.strip():
            return "blank lines between others"
        if "\r" in text:
            return "line ends of old Macs (CR alone)"
        if text.lstrip().startswith("#"):
            return "comment lines"
        if fields is None:
            return "unbalanced quotes"
        return (
            f"lines that do not have {len(self.header.columns)} fields separated by {self.header.separator}"
        )

    def _note_mentioned(self, fields: list[str]) -> None:
        """Keep the occurrence of a line that is bad for another reason."""
        for i, column in self._wanted:
            if column.name == "occurrence_id" and i < len(fields):
                self.mentioned += named_id(fields[i])

    def _note_bad_fields(self, fields: list[str], values: list[int | float | None]) -> None:
        known: dict[str, Any] = {
            column.name: value for (_, column), value in zip(self._wanted, values, strict=True)
        }
        occurrence, species = known.get("occurrence_id"), known.get("species_id")
        self._note_mentioned(fields)
        for i, column in self._wanted:
            if known[column.name] is None:
                example = Example(self.line, occurrence, species, shown(fields[i]))
                self._log.add(column.fault, example, message=_why_bad(column, fields[i]))

    def _note(self, code: str, text: str, message: str) -> None:
        self._log.add(code, Example(line=self.line, found=shown(text)), message=message)


def shown(text: str) -> str:
    """Return a text short enough for a report."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _quoted_fields(text: str, separator: str) -> list[str] | None:
    """Divide a line in which quotes may stand around whole fields, blanks outside them allowed."""
    field = re.compile(rf'\s*(?:"((?:[^"]|"")*)"|([^"{separator}]*))\s*({separator}|$)')
    fields, start, end = [], 0, separator
    while end:
        match = field.match(text, start)
        if match is None:
            return None
        quoted, bare, end = match.groups()
        fields.append(bare if quoted is None else quoted.replace('""', '"'))
        start = match.end()
    return fields


def _csv_fields(text: str, separator: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return None


def value_of(column: Column, text: str) -> int | float | None:
    """Return what a field says, None if it is not what its column wants."""
    text = text.strip()
    if column.kind == "integer":
        if not _INTEGER.fullmatch(text) or len(text) > 4000:
            return None
        integer = int(text)
        return integer if _INT64.min <= integer <= _INT64.max else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


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
    whole = number.is_finite() and 0 <= number <= _INT64.max and number == number.to_integral_value()
    return [int(number)] if whole else []


def _why_bad(column: Column, text: str) -> str:
    text = text.strip()
    if column.kind == "integer":
        beyond = _INTEGER.fullmatch(text)
        return f"{column.name} beyond 64 bits" if beyond else f"{column.name} that is not an integer"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"{column.name} with a decimal comma"
    return f"{column.name} that is not {'finite' if is_number(text) else 'a number'}"
