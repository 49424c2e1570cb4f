"""What stands in, on a platform, for what needs more than NumPy and the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from submissions.reading.blocks import Block
from submissions.reading.digits import plain_lists
from submissions.reading.fast import Columns, narrowed
from submissions.reading.growing import LENGTHS
from submissions.reading.header import Header
from submissions.reading.schema import OCCURRENCE_ID, SPECIES_ID, Column

# Of so many digits every number fits 64 bits.
_MAX_DIGITS = 18


class PlainParser:
    """Parse blocks of lines of plain numbers; anything else is left to be read line by line."""

    def __init__(self, header: Header) -> None:
        self._header = header

    def parse(self, data: bytes) -> Columns | None:
        """Return the columns of whole lines, or None if any line needs a second look."""
        fields = _divided_plainly(data, self._header)
        if fields is None:
            return None
        columns: Columns = {}
        for column, texts in zip(self._header.columns, fields, strict=True):
            if column is None:
                continue
            values = _values(column, texts)
            if values is None:
                return None
            columns[column.name] = values
        return columns


class PlainListParser:
    """Parse blocks of lines with an occurrence and one or two lists; see `PlainParser`."""

    def __init__(self, header: Header) -> None:
        usual = [(OCCURRENCE_ID.name, False), (SPECIES_ID.name, True)]
        self._is_usual = [column and (column.name, column.many) for column in header.columns] == usual
        self._header = header

    def parse(self, data: bytes) -> Columns | None:
        """Return the columns of whole lines, or None if any line needs a second look."""
        if self._is_usual:
            found = plain_lists(data.replace(b"\r\n", b"\n"), self._header.separator)
            if found is None:
                return None
            return {OCCURRENCE_ID.name: found.ids, LENGTHS: found.lengths, SPECIES_ID.name: found.species}
        fields = _divided_plainly(data, self._header)
        return None if fields is None else self._columns_of(fields)

    def _columns_of(self, fields: list[list[str]]) -> Columns | None:
        columns: Columns = {}
        for column, texts in zip(self._header.columns, fields, strict=True):
            if column is None:
                continue
            words = texts
            if column.many:
                lengths = np.array([len(text.split()) for text in texts], np.int64)
                words = " ".join(texts).split()
                if not np.array_equal(columns.setdefault(LENGTHS, lengths), lengths):
                    return None
            values = _values(column, words)
            if values is None:
                return None
            columns[column.name] = values
        return {OCCURRENCE_ID.name: columns.pop(OCCURRENCE_ID.name), **columns}


class NoNames:
    """That the names of species are not known here."""


def parsed_in_turn(
    blocks: Iterator[Block], parser: PlainParser | PlainListParser
) -> Iterator[tuple[Block, Columns | None]]:
    """Parse blocks one after another."""
    for block in blocks:
        yield block, parser.parse(block.data)


class NotReadHere(Exception):  # noqa: N818 (participants see the name)
    """A run is packed in a way that only glckit itself reads."""


def no_zstd(stream: object) -> Any:
    """Refuse zstd, for which the standard library has no reader."""
    raise NotReadHere("zstd")


def no_sheet(*_: object, **__: object) -> Any:
    """Refuse workbooks."""
    raise NotReadHere("an Excel workbook")


def take_memory(n_bytes: int, work: str) -> None:
    """Take what memory there is: a platform sets its own limits."""


def without_prefix(text: str, prefix: str) -> str:
    """Return a text, or bytes, without what it begins with."""
    return text[len(prefix) :] if text.startswith(prefix) else text


def without_suffix(text: str, suffix: str) -> str:
    """Return a text, or bytes, without what it ends with."""
    return text[: len(text) - len(suffix)] if text.endswith(suffix) else text


def _divided_plainly(data: bytes, header: Header) -> list[list[str]] | None:
    """Return the fields of each column; None unless every line plainly has as many as there are columns."""
    text = _plain_text(data)
    separator, n_columns = header.separator, len(header.columns)
    if text is None or any(line.count(separator) != n_columns - 1 for line in text.split("\n")):
        return None
    fields = text.replace("\n", separator).split(separator)
    return [fields[i::n_columns] for i in range(n_columns)]


def _plain_text(data: bytes) -> str | None:
    """Return lines without carriage returns and the last line feed; None if they are not so plain."""
    if b'"' in data or b"#" in data or b"\0" in data:
        return None
    try:
        text = data.replace(b"\r\n", b"\n").decode("ascii")
    except UnicodeDecodeError:
        return None
    return None if "\r" in text else without_suffix(text, "\n")


def _values(column: Column, fields: list[str]) -> NDArray[np.generic] | None:
    try:
        if column.kind == "integer":
            is_plain = all(map(str.isdigit, fields)) and max(map(len, fields), default=0) <= _MAX_DIGITS
            return narrowed(np.array(list(map(int, fields)), np.int64)) if is_plain else None
        numbers = np.array(list(map(float, fields)), np.float64)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None
