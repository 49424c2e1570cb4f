"""Reading truths that have several species per occurrence."""

from __future__ import annotations

from dataclasses import replace

from submissions.faults import Example, FaultLog
from submissions.reading.lists import read_lists
from submissions.reading.schema import SPECIES_ID, Schema
from submissions.reading.sources import Source
from submissions.reading.text import TextTable


def read_sets(source: Source, schema: Schema, log: FaultLog) -> TextTable:
    """Read a truth whose rows have one species or more, with blanks between them, as rows of one each."""
    columns = (replace(column, many=column.name == SPECIES_ID.name) for column in schema.columns)
    table = read_lists(source, replace(schema, columns=tuple(columns)), log, once=False)
    if len(table.empty):
        shown = zip(table.empty_lines[: log.max_examples], table.empty[: log.max_examples], strict=True)
        examples = [Example(int(line), int(occurrence)) for line, occurrence in shown]
        log.add("bad-id", *examples, message="rows without a species", count=len(table.empty))
    return table
