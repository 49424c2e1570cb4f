"""The first line of a text table: its separator and its columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from submissions.faults import Example, FaultLog
from submissions.reading.mending import FURTHER_COLUMNS, TABS, Mending
from submissions.reading.schema import Column, Schema

SEPARATORS = (";", ",")
_TAB, _PIPE = "\t", "|"

# What each field of a line is; None is a further column, which is skipped.
Columns = tuple[Column | None, ...]

_SHOWN = 200
_LISTED = 8


@dataclass(frozen=True)
class Header:
    """How the lines of a table are to be read.

    Parameters
    ----------
    is_data : bool
        Whether the first line is data already.
    """

    separator: str
    columns: Columns
    is_data: bool = False

    @property
    def wanted(self) -> tuple[Column, ...]:
        """The columns that are read, in the order of the file."""
        return tuple(column for column in self.columns if column is not None)


def read_header(line: str, schema: Schema, log: FaultLog, *, mending: Mending | None = None) -> Header | None:
    """Read the first line of a table, noting what is wrong; None if the lines below cannot be read by it.

    Examples
    --------
    >>> from submissions.reading.schema import RUN
    >>> header = read_header("Prob, id ,class_id", RUN, FaultLog())
    >>> [column.name for column in header.wanted]
    ['probability', 'occurrence_id', 'species_id']
    """
    separator, fields = divided(line)
    columns, problems = _judged(fields, schema)
    is_data = is_data_of(schema, fields)
    if is_data:
        columns, problems = _judged([column.name for column in schema.columns[: len(fields)]], schema)
        if len(fields) > len(schema.columns):
            columns = None
            problems.append(_Problem(f"{len(fields)} fields where {len(schema.columns)} columns are named"))
    elif len(fields) == 1 and len(schema.columns) > 1:
        fix = f"Separate the fields by ; instead of {_PIPE}." if _PIPE in line else None
        problems.append(_Problem("no separator ; or ,", fix=fix))
    if separator == _TAB:
        problems.insert(0, _Problem("the fields are separated by tabs, not by ; or ,", TABS))
    _note(problems, Example(1, found=line[:_SHOWN]), log, mending)
    if columns is None or (separator == _TAB and mending is None):
        return None
    return Header(separator, columns, is_data)


def divided(line: str) -> tuple[str, list[str]]:
    """Return the separator of the first line of a table, and its fields."""
    separator = max(*SEPARATORS, _TAB, key=line.count)
    return separator, [unquoted(field) for field in line.split(separator)]


def is_data_of(schema: Schema, fields: list[str]) -> bool:
    """Say whether the first line of a table is data already: the numbers of a line, and no names."""
    if schema.of_lists:
        numbers = [*fields[:1], *(" ".join(fields[1:]).split())]
        return schema.header_optional and len(fields) == 2 and all(map(is_number, numbers))
    return schema.header_optional and len(fields) in (3, 4) and all(map(is_number, fields))


def fitting(head: bytes, *schemas: Schema) -> Schema:
    r"""Return the first schema by which a table can be read, by the first bytes of the file; else the first.

    Examples
    --------
    >>> from submissions.reading.schema import TRUTH, later
    >>> fitting(b"surveyId,predictions\n", TRUTH, later(TRUTH)) is TRUTH
    False
    >>> fitting(b"occurrence_id,species_id,predicted\n", TRUTH, later(TRUTH)) is TRUTH
    True
    """
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").removesuffix("\r")
    return next((schema for schema in schemas if read_header(line, schema, FaultLog())), schemas[0])


def columns_named(
    fields: list[str], schema: Schema, log: FaultLog, *, mending: Mending | None = None
) -> Columns | None:
    """Find the column that each name of a table without lines stands for, noting what is wrong.

    Names may be in any case; None stands for a further column. None instead of columns says that the table
    cannot be read.
    """
    columns, problems = _judged(fields, schema)
    _note(problems, Example(found=", ".join(fields)[:_SHOWN]), log, mending)
    return columns


def unquoted(field: str) -> str:
    """Return a field without the blanks and the proper double quotes around it."""
    field = field.strip()
    if len(field) >= 2 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', ""):
        return field[1:-1].replace('""', '"').strip()
    return field


@dataclass(frozen=True)
class _Problem:
    """What is wrong with a header, and what a conversion mends by reading it all the same, how often."""

    message: str
    mends: str = ""
    n_mended: int = 1
    fix: str | None = None


def _judged(fields: list[str], schema: Schema) -> tuple[Columns | None, list[_Problem]]:
    """Return the column of each field, None if the table cannot be read, and what is wrong with them."""
    by_name = {name: column for column in schema.columns for name in column.names}
    columns = tuple(by_name.get(field.strip().lower()) for field in fields)
    counts = Counter(column.name for column in columns if column is not None)
    absent = [column for column in schema.columns if column.required and column.name not in counts]
    doubled = sorted(name for name, count in counts.items() if count > 1)
    problems = [_Problem(f"no column {' or '.join(column.names)}") for column in absent]
    problems += [_Problem(f"more than one column {name}") for name in doubled]
    unknown = [field for field, column in zip(fields, columns, strict=True) if column is None]
    if unknown and not schema.further_columns:
        problems.append(_Problem(_named(unknown), FURTHER_COLUMNS, len(unknown)))
    return None if absent or doubled else columns, problems


def _named(unknown: list[str]) -> str:
    named = [f"unknown column {field[:_SHOWN]!r}" for field in unknown[:_LISTED]]
    more = [f"{len(unknown) - _LISTED:,} more unknown columns"] if len(unknown) > _LISTED else []
    return "; ".join(named + more)


def _note(problems: list[_Problem], example: Example, log: FaultLog, mending: Mending | None) -> None:
    """Note what is wrong, or count it where all of it is mended."""
    all_mended = all(problem.mends for problem in problems)
    if mending is not None and all_mended:
        mending.counts.update({problem.mends: problem.n_mended for problem in problems})
    elif problems:
        message = "; ".join(problem.message for problem in problems)
        mends = [problem.mends for problem in problems] if all_mended else []
        fix = next((problem.fix for problem in problems if problem.fix), None)
        log.add("header", example, message=message, mends=mends, fix=fix)


def is_number(field: str) -> bool:
    """Say whether a field is a number of any kind, finite or not."""
    try:
        float(field)
    except ValueError:
        return False
    return True
