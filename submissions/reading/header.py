"""The first line of a text table: its separator and its columns."""

from __future__ import annotations

from dataclasses import dataclass

from submissions.faults import Example, FaultLog
from submissions.reading.schema import Column, Schema

SEPARATORS = (";", ",")

_SHOWN = 200
_LISTED = 8


@dataclass(frozen=True)
class Header:
    """How the lines of a table are to be read.

    Parameters
    ----------
    columns : tuple of Column or None
        What each field of a line is; None is a further column, which is skipped.
    is_data : bool
        Whether the first line is data already.
    """

    separator: str
    columns: tuple[Column | None, ...]
    is_data: bool = False

    @property
    def wanted(self) -> tuple[Column, ...]:
        """The columns that are read, in the order of the file."""
        return tuple(column for column in self.columns if column is not None)


def read_header(line: str, schema: Schema, log: FaultLog) -> Header | None:
    """Read the first line of a table, noting what is wrong; None if the lines below cannot be read by it.

    Examples
    --------
    >>> from submissions.reading.schema import RUN
    >>> header = read_header("Prob, id ,class_id", RUN, FaultLog())
    >>> [column.name for column in header.wanted]
    ['probability', 'occurrence_id', 'species_id']
    """
    separator = max(SEPARATORS, key=line.count)
    fields = [unquoted(field) for field in line.split(separator)]
    if schema.header_optional and len(fields) in (3, 4) and all(map(is_number, fields)):
        return Header(separator, schema.columns[: len(fields)], is_data=True)
    columns = columns_named(fields, schema, log, line=line)
    return None if columns is None else Header(separator, columns)


def columns_named(
    fields: list[str], schema: Schema, log: FaultLog, *, line: str | None = None
) -> tuple[Column | None, ...] | None:
    """Find the column that each name of a header stands for, in any case, noting what is wrong.

    `line` is the first line of a text, None for formats without lines. In the result, None stands for a
    further column; None instead of it says that the table cannot be read.
    """
    by_name = {name: column for column in schema.columns for name in column.names}
    columns = tuple(by_name.get(field.strip().lower()) for field in fields)
    problems = _problems(fields, columns, schema)
    if problems:
        found = ", ".join(fields) if line is None else line
        example = Example(line=None if line is None else 1, found=found[:_SHOWN])
        log.add("header", example, message="; ".join(problems))
    names = [column.name for column in columns if column is not None]
    required = {column.name for column in schema.columns if column.required}
    readable = len(names) == len(set(names)) and required <= set(names)
    return columns if readable else None


def unquoted(field: str) -> str:
    """Return a field without the blanks and the proper double quotes around it."""
    field = field.strip()
    if len(field) >= 2 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', ""):
        return field[1:-1].replace('""', '"').strip()
    return field


def _problems(fields: list[str], columns: tuple[Column | None, ...], schema: Schema) -> list[str]:
    names = [column.name for column in columns if column is not None]
    absent = [column for column in schema.columns if column.required and column.name not in names]
    problems = [f"no column {' or '.join(column.names)}" for column in absent]
    problems += [f"more than one column {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    if not schema.further_columns:
        unknown = [field[:_SHOWN] for field, column in zip(fields, columns, strict=True) if column is None]
        problems += [f"unknown column {field!r}" for field in unknown[:_LISTED]]
        problems += [f"{len(unknown) - _LISTED} more unknown columns"] if len(unknown) > _LISTED else []
    if {"predicted", "predictions"} & {field.lower() for field in fields}:
        problems.append("this is the form of another edition, which glckit convert reads")
    if len(fields) == 1 and len(schema.columns) > 1:
        problems.append("no separator ; or ,")
    return problems


def is_number(field: str) -> bool:
    """Say whether a field is a number of any kind, finite or not."""
    try:
        float(field)
    except ValueError:
        return False
    return True
