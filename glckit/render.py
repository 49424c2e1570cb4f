"""Turning results into text, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from submissions.printable import printable

# What LaTeX would read as its own.
_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)

# What Markdown would read as its own, but for the underscore, which it leaves alone inside words.
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*[]<>|"})

#: How a report is written.
Format = Literal["text", "json", "csv", "markdown", "latex"]


@dataclass(frozen=True)
class Report:
    """What a command found, in every form that it may be asked for.

    Parameters
    ----------
    data : object
        What JSON says: mappings, lists, strings, numbers that are finite, booleans, None.
    columns, rows : sequence
        The table that CSV, Markdown and LaTeX show.
    text : str
        What people read; by default the table.
    aside : str
        What the text says and the table has no room for, such as warnings.
    significant : sequence of str
        Columns of which people see significant digits, not decimals.
    """

    data: Any
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    text: str | None = None
    aside: str = ""
    significant: Sequence[str] = ()


def render(report: Report, form: Format = "text", *, digits: int = 4) -> str:
    """Return a report in a format, without a line feed at its end.

    `digits` are decimals for people (text, Markdown, LaTeX); JSON and CSV are never rounded.

    Examples
    --------
    >>> report = Report({"top_k": 0.25}, ["run", "top_k"], [["a_b.csv", 0.25]])
    >>> print(render(report, "markdown", digits=2))
    | run | top_k |
    | :-- | --: |
    | a_b.csv | 0.25 |
    """
    if form == "json":
        return _as_json(report.data)
    if form == "csv":
        return _as_csv(report)
    if form == "text" and report.text is not None:
        return report.text
    write_number = [significant if name in report.significant else number for name in report.columns]
    rows = [
        [_cell(value, digits, write) for value, write in zip(row, write_number, strict=True)]
        for row in report.rows
    ]
    columns = range(len(report.columns))
    numeric = [all(isinstance(row[i], int | float | None) for row in report.rows) for i in columns]
    write = {"markdown": _as_markdown, "latex": _as_latex}.get(form, aligned)
    return write(report.columns, rows, numeric)


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """Return a table as plain text, numbers to the right.

    Examples
    --------
    >>> print(aligned(["run", "n"], [["a", "5"], ["bcd", "10"]], [False, True]))
    run   n
    a     5
    bcd  10
    """
    table = [list(columns), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        for row in table
    ]
    return "\n".join(line.rstrip() for line in lines)


def number(value: float | None, digits: int) -> str:
    """Return a number for people; None, which is -inf in JSON, is written out.

    Examples
    --------
    >>> number(0.123456, 3), number(None, 3), number(1e-7, 3)
    ('0.123', '-inf', '1.00e-07')
    """
    if value is None:
        return "-inf"
    small = value != 0 and abs(value) < 10**-digits
    return f"{value:.{digits - 1}e}" if small else f"{value:.{digits}f}"


def significant(value: float | None, digits: int) -> str:
    """Return a number for people with its first digits, wherever they stand.

    Examples
    --------
    >>> significant(0.00012345, 3), significant(0.5, 3), significant(None, 3)
    ('0.000123', '0.5', '-inf')
    """
    return "-inf" if value is None or value == -math.inf else f"{value:.{digits}g}"


def size_text(n_bytes: int) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> size_text(999), size_text(1_794_000), size_text(1_500_000_000)
    ('999 bytes', '1.79 MB', '1.5 GB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"


def _cell(value: Any, digits: int, write: Callable[[float, int], str] = number) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return write(value, digits) if isinstance(value, float) else "" if value is None else printable(value)


def _as_json(data: Any) -> str:
    text = json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False)
    if text.replace("\n", "").isprintable():
        return text
    # All that does not print stands in strings, where JSON need not escape it, and terminals obey it.
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if character.isascii() else json.dumps(character)[1:-1]


def _as_csv(report: Report) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(report.columns)
    writer.writerows([_exact(value) for value in row] for row in report.rows)
    return text.getvalue().rstrip("\n")


def _exact(value: Any) -> Any:
    if isinstance(value, str):
        # Spreadsheets run a cell that begins like a formula; behind an apostrophe it is text.
        shown = printable(value)
        return f"'{shown}" if len(shown) > 1 and shown[0] in "=+-@" else shown
    return json.dumps(value) if isinstance(value, bool | Mapping | list | tuple) else value


def _as_markdown(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    rule = ["--:" if right else ":--" for right in numeric]
    table = [columns, rule, *([cell.translate(_MARKDOWN) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in table)


def _as_latex(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    head, *body = (" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in (columns, *rows))
    form = "".join("r" if right else "l" for right in numeric)
    lines = [r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join([rf"\begin{{tabular}}{{{form}}}", *lines, r"\end{tabular}"])


def as_given(text: str) -> str:
    """Return a message, or a path, with paths below the current folder relative to it."""
    return re.sub(rf"(?<![\w./-]){re.escape(os.getcwd().rstrip(os.sep))}/(?=[^/\s])", "", text)  # noqa: PTH109
