"""Reading lines that are wrong in ways that leave no doubt about what was meant."""

from __future__ import annotations

import re
from collections import Counter

from submissions.faults import FaultLog
from submissions.reading.header import Header
from submissions.reading.lines import LineReader
from submissions.reading.schema import Column

_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]+)\.0*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]*),([0-9]+(?:[eE][+-]?[0-9]+)?)", re.ASCII)


class MendingReader(LineReader):
    """Read lines as `LineReader` does, but mend what can be mended and count it, by description.

    Mended are ids and ranks such as ``7.0``, decimal commas where ``;`` separates, separators behind
    the last field, comment lines, and blank lines between others.
    """

    def __init__(self, header: Header, log: FaultLog, mended: Counter[str]) -> None:
        super().__init__(header, log)
        self._mended = mended

    def _skips(self, text: str) -> bool:
        what = "blank lines" if not text.strip() else "comment lines" if text.lstrip().startswith("#") else ""
        if what:
            self._mended[f"{what} left out"] += 1
        return bool(what)

    def _fields(self, text: str) -> list[str] | None:
        fields = super()._fields(text)
        n = len(self.header.columns)
        if fields is None or len(fields) <= n or any(field.strip() for field in fields[n:]):
            return fields
        self._mended["separators behind the last field dropped"] += 1
        return fields[:n]

    def _value(self, column: Column, text: str) -> int | float | None:
        value = super()._value(column, text)
        if value is not None:
            return value
        if column.kind == "integer" and (match := _WHOLE_NUMBER.fullmatch(text.strip())):
            self._mended["integers written with a point"] += 1
            return super()._value(column, match[1])
        if column.kind == "number" and (match := _DECIMAL_COMMA.fullmatch(text.strip())):
            self._mended["decimal commas"] += 1
            return super()._value(column, f"{match[1]}.{match[2]}")
        return None
