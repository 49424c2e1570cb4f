"""Reading the sheet of an Excel workbook as text, row by row, for `glckit convert`.

openpyxl reads rows as they come; python-calamine is many times as fast, but sets room aside for the whole
rectangle that a sheet claims to fill, and two cells in its corners are 400 GB.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from submissions.errors import require
from submissions.faults import Example, FaultLog
from submissions.reading.mending import WORKBOOK

_CONTENT = "xl/workbook.xml"
# A sheet has at most 1,048,576 rows, 0.2 GB of XML; texts and styles are held in memory whole.
_MAX_ROWS, _MAX_BYTES, _MAX_BYTES_HELD = 1 << 20, 1 << 30, 1 << 27
# A cell is held in memory several times over. Sheets shrink to a tenth, one huge cell to a thousandth.
_MAX_RATIO, _MIN_BOMB = 100, 1 << 25
# What stands further to the right belongs to no run, and each row is filled up to here.
_MAX_COLUMNS = 32

# What openpyxl raises for workbooks that are damaged, or were never any.
_DAMAGE = (ArithmeticError, AttributeError, LookupError, SyntaxError, TypeError, ValueError, RuntimeError)


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Say whether a zip is an Excel workbook."""
    return _CONTENT in archive.namelist()


def refuse_workbook(log: FaultLog) -> None:
    """Note that a workbook is no run until it is converted."""
    log.add("not-a-table", message="the file is an Excel workbook (.xlsx)", mends=(WORKBOOK,))


def sheet_as_text(
    file: IO[bytes],
    archive: zipfile.ZipFile,
    log: FaultLog,
    accepts: Callable[[bytes], bool],
    *,
    max_bytes: int = _MAX_BYTES,
) -> io.BufferedReader:
    """Return the only sheet that begins as a run does, as text; nothing if there is not exactly one."""
    sheets = [] if _is_too_large(archive, log, min(max_bytes, _MAX_BYTES)) else _sheets(file)
    with _damage_named():
        chosen = [sheet for sheet in sheets if accepts(next(_lines(sheet), b""))]
    if len(chosen) == 1:
        return io.BufferedReader(_Stream(_lines(chosen[0])))
    if not log.faults():
        examples = [Example(found=sheet.title) for sheet in sheets] or [Example(found="nothing")]
        message = f"a workbook with {len(chosen)} runs in {len(sheets)} sheets"
        log.add("not-a-table", *examples, message=message, fix="Save the sheet of the run as CSV.")
    return io.BufferedReader(_Stream(iter(())))


def _is_too_large(archive: zipfile.ZipFile, log: FaultLog, max_bytes: int) -> bool:
    members = archive.infolist()
    held = [each for each in members if not each.filename.startswith(("xl/worksheets/", "xl/media/"))]
    sizes = [sum(each.file_size for each in some) for some in (members, held)]
    is_bomb = any(each.file_size > max(_MAX_RATIO * each.compress_size, _MIN_BOMB) for each in members)
    too_large = sizes[0] > max_bytes or sizes[1] > _MAX_BYTES_HELD or is_bomb
    if too_large:
        log.add("too-large", message="a workbook larger than any run", fix="Save the sheet as CSV.")
    return too_large


def _sheets(file: IO[bytes]) -> Sequence[Any]:
    openpyxl = require("openpyxl", "xlsx")
    with _damage_named():
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        return list(book.worksheets)


def _lines(sheet: Any) -> Iterator[bytes]:
    """Yield the rows of a sheet from the first that is not blank on, each as wide as that one or wider."""
    with _damage_named():
        cells = sheet.iter_rows(max_row=_MAX_ROWS, max_col=_MAX_COLUMNS, values_only=True)
        rows = itertools.dropwhile(lambda row: not row, map(_without_empty_end, cells))
        first = next(rows, [])
        yield _line(first)
        for row in rows:
            yield _line(row + [""] * (len(first) - len(row)) if row else row)


def _without_empty_end(row: tuple[Any, ...]) -> list[str]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    texts = ["" if cell is None else str(cell) for cell in row[:end]]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _line(texts: list[str]) -> bytes:
    if not texts:
        return b"\n"
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\n").writerow([" ".join(text.split()) for text in texts])
    return line.getvalue().encode(errors="replace")


@contextlib.contextmanager
def _damage_named() -> Iterator[None]:
    """Turn what openpyxl raises for a damaged workbook into one error, and silence what it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that it does not know
        try:
            yield
        except _DAMAGE as error:
            raise zipfile.BadZipFile(f"of the workbook: {error}") from error


class _Stream(io.RawIOBase):
    """A stream of bytes that come piece by piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._waiting = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._waiting = piece
        n = min(len(buffer), len(self._waiting))
        buffer[:n], self._waiting = self._waiting[:n], self._waiting[n:]
        return n
