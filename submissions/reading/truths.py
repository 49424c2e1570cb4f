"""Reading truths, of one species per row or of several with blanks between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from submissions.faults import Example, FaultLog
from submissions.reading.blocks import Readable, blocks_of, first_line_of
from submissions.reading.header import Header, read_header
from submissions.reading.lines import LineReader, shown
from submissions.reading.schema import LATER_TRUTH, SPECIES_ID, TRUTH, Schema
from submissions.reading.sniff import is_blank
from submissions.reading.text import TextTable

_BOM = b"\xef\xbb\xbf"


def truth_schema(head: bytes) -> Schema:
    r"""Return which names the columns of a truth have, by the first bytes of the file.

    Examples
    --------
    >>> truth_schema(b"surveyId,predictions\n") is LATER_TRUTH
    True
    >>> truth_schema(b"occurrence_id,species_id,predicted\n") is TRUTH
    True
    """
    line = head.split(b"\n", 1)[0]
    fits = (schema for schema in (TRUTH, LATER_TRUTH) if _header(line, schema, FaultLog()))
    return next(fits, TRUTH)


def read_set_rows(stream: Readable, schema: Schema, log: FaultLog) -> TextTable:
    """Read rows of an occurrence and its species, one or more, as one row for each pair."""
    line, behind = first_line_of(stream)
    if is_blank(line) and is_blank(behind):
        log.add("empty", message="the file is empty")
        return TextTable(readable=False)
    header = _header(line, schema, log)
    if header is None:
        return TextTable(readable=False)
    ids, lengths, species = [], [], []
    for occurrence, true_species in _rows(stream, behind, header, log):
        ids.append(occurrence)
        lengths.append(len(true_species))
        species += true_species
    columns = np.repeat(np.array(ids, np.int64), lengths), np.array(species, np.int64)
    return TextTable(dict(zip(("occurrence_id", "species_id"), columns, strict=True)))


def _header(line: bytes, schema: Schema, log: FaultLog) -> Header | None:
    text = line.removeprefix(_BOM).decode(errors="replace").removesuffix("\r")
    return read_header(text, schema, log)


def _rows(stream: Readable, behind: bytes, header: Header, log: FaultLog) -> Iterator[tuple[int, list[int]]]:
    """Yield what the good lines say, noting what is wrong with the others."""
    places = {column.name: i for i, column in enumerate(header.columns) if column is not None}
    for line, fields in _lines(stream, behind, LineReader(header, log), log):
        texts = fields[places["occurrence_id"]], fields[places["species_id"]]
        occurrence, species = _integer(texts[0]), [_integer(word) for word in texts[1].split()]
        if occurrence is None:
            log.add("bad-id", Example(line, found=shown(texts[0])), message="ids that are no integers")
        elif not species:
            log.add("bad-id", Example(line, occurrence), message="rows without a species")
        elif None in species:
            example = Example(line, occurrence, found=shown(texts[1]))
            log.add("bad-id", example, message="species that are no integers")
        else:
            yield occurrence, [each for each in species if each is not None]


def _lines(
    stream: Readable, behind: bytes, reader: LineReader, log: FaultLog
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of each line that can be divided."""
    reader.line = 2
    for block in blocks_of(stream, behind):
        if block.blank_before:
            reader.skip_blank(reader.line, block.blank_before)
        if block.overlong:
            log.add("ragged", Example(reader.line), message="a line of more than 1 MiB")
        for raw in () if block.overlong else block.data.removesuffix(b"\n").split(b"\n"):
            fields = reader.fields_of(raw.removesuffix(b"\r"))
            if fields is not None:
                yield reader.line, fields
            reader.line += 1
        reader.line += block.overlong


def _integer(text: str) -> int | None:
    if text.isdecimal() and text.isascii() and len(text) < 19:  # nearly always, and many times as fast
        return int(text)
    value = SPECIES_ID.value_of(text)
    return None if value is None else int(value)
