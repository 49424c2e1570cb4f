"""Reading truths, of one species per occurrence or of several."""

from __future__ import annotations

from dataclasses import replace

from submissions.faults import Example, FaultLog
from submissions.reading.header import read_header
from submissions.reading.lists import read_lists
from submissions.reading.schema import LATER_TRUTH, SPECIES_ID, TRUTH, Schema
from submissions.reading.sources import Source
from submissions.reading.text import TextTable, read_text


def read_single(source: Source, log: FaultLog) -> TextTable:
    """Read a truth of one species per row."""
    return read_text(source, truth_schema(source.head()), log)


def read_sets(source: Source, log: FaultLog) -> TextTable:
    """Read a truth whose rows have one species or more, with blanks between them, as rows of one each."""
    schema = truth_schema(source.head())
    columns = (replace(column, many=column.name == SPECIES_ID.name) for column in schema.columns)
    table = read_lists(source, replace(schema, columns=tuple(columns)), log, once=False)
    if len(table.empty):
        shown = zip(table.empty_lines[: log.max_examples], table.empty[: log.max_examples], strict=True)
        examples = [Example(int(line), int(occurrence)) for line, occurrence in shown]
        log.add("bad-id", *examples, message="rows without a species", count=len(table.empty))
    return table


def truth_schema(head: bytes) -> Schema:
    r"""Return which names the columns of a truth have, by the first bytes of the file.

    Examples
    --------
    >>> truth_schema(b"surveyId,predictions\n") is LATER_TRUTH
    True
    >>> truth_schema(b"occurrence_id,species_id,predicted\n") is TRUTH
    True
    """
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").removesuffix("\r")
    fits = (schema for schema in (TRUTH, LATER_TRUTH) if read_header(line, schema, FaultLog()))
    return next(fits, TRUTH)
