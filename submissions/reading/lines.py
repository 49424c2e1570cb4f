"""The second look: one line at a time, naming everything that is wrong.

This is what decides what a good line is; `fast` is the same decision for blocks without a fault.
"""

from __future__ import annotations

import csv
import math
import re

import numpy as np
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.reading.fast import Columns
from submissions.reading.header import Header, unquoted
from submissions.reading.schema import Column

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT64 = np.iinfo(np.int64)
_SHOWN = 80


class LineReader:
    """Read the lines of one block, keeping the good ones.

    Attributes
    ----------
    log : FaultLog
        What was wrong, with lines counted from 0, the first of the block.
    lines : list of int
        Line of each good row, counted likewise.
    mentioned : list of int
        Occurrences named by lines that are bad for another reason: they are not missing.
    n_lines : int
        Lines of the block.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.log = FaultLog()
        self.lines: list[int] = []
        self.mentioned: list[int] = []
        self.n_lines = 0
        self._rows: list[list[int | float]] = []
        self._wanted = [(i, column) for i, column in enumerate(header.columns) if column is not None]

    def read(self, data: bytes) -> Columns:
        """Return the columns of the good lines; faults and line numbers are kept on the reader."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for raw in lines:
            self._read_line(raw.removesuffix(b"\r"))
            self.n_lines += 1
        return {
            column.name: _array(column, [row[i] for row in self._rows])
            for i, (_, column) in enumerate(self._wanted)
        }

    def _read_line(self, raw: bytes) -> None:
        if b"\0" in raw:
            self._note("not-a-table", raw.decode(errors="replace"), "NUL bytes")
            return
        text = raw.decode(errors="replace")
        if self._skips(text):
            return
        fields = self._fields(text)
        if fields is None or len(fields) != len(self.header.columns) or text.lstrip().startswith("#"):
            self._note("ragged", text, self._why_ragged(text, fields))
            self._note_mentioned(fields or text.split(self.header.separator))
            return
        values = [self._value(column, fields[i]) for i, column in self._wanted]
        if None not in values:
            self.lines.append(self.n_lines)
            self._rows.append([value for value in values if value is not None])
            return
        self._note_bad_fields(fields, values)

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
                value = value_of(column, unquoted(fields[i]))
                self.mentioned += [] if value is None else [int(value)]

    def _note_bad_fields(self, fields: list[str], values: list[int | float | None]) -> None:
        known = {
            column.name: value
            for (_, column), value in zip(self._wanted, values, strict=True)
            if column.kind == "integer"
        }
        occurrence, species = known.get("occurrence_id"), known.get("species_id")
        self._note_mentioned(fields)
        for (i, column), value in zip(self._wanted, values, strict=True):
            if value is None:
                example = Example(
                    self.n_lines,
                    None if occurrence is None else int(occurrence),
                    None if species is None else int(species),
                    shown(fields[i]),
                )
                self.log.add(column.fault, example, message=_why_bad(column, fields[i]))

    def _note(self, code: str, text: str, message: str) -> None:
        self.log.add(code, Example(line=self.n_lines, found=shown(text)), message=message)


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


def _why_bad(column: Column, text: str) -> str:
    text = text.strip()
    if column.kind == "integer":
        beyond = _INTEGER.fullmatch(text)
        return f"{column.name} beyond 64 bits" if beyond else f"{column.name} that is not an integer"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"{column.name} with a decimal comma"
    try:
        float(text)
    except ValueError:
        return f"{column.name} that is not a number"
    return f"{column.name} that is not finite"


def _array(column: Column, values: list[int | float]) -> NDArray[np.generic]:
    if column.kind == "number":
        return np.array(values, dtype=np.float64)
    wide = np.array(values, dtype=np.int64)
    narrow = wide.astype(np.int32)
    return narrow if np.array_equal(wide, narrow) else wide
