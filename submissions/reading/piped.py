"""Tables that come through a pipe, such as ``<(zcat truth.csv.gz)``, and are read more than once."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

from submissions.errors import CannotCheckError
from submissions.naming import STDIN
from submissions.printable import printable

AnyPath = str | os.PathLike[str]


class PipedTable(os.PathLike[str]):
    """What came through a pipe, under its name.

    It lies in a file without a name, which the system removes with the process, however that ends. Raises
    CannotCheckError if it cannot be read or kept.
    """

    def __init__(self, path: AnyPath) -> None:
        self._name = os.fspath(path)
        try:
            self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
            weakref.finalize(self, self._file.close)
            with Path(path).open("rb") as pipe:
                shutil.copyfileobj(pipe, self._file)
        except OSError as error:
            why = error.strerror or error
            raise CannotCheckError(f"Cannot keep what comes from {printable(self._name)}: {why}.") from error

    def __fspath__(self) -> str:
        return self._name

    def __str__(self) -> str:
        return self._name

    def opened(self) -> io.BufferedReader:
        """Return it for reading from its start; one reader at a time."""
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb")


def repeatable(path: AnyPath) -> AnyPath:
    """Return a path that can be opened again and again: itself, unless it leads to a pipe or the like."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # reading it says so
        return path
    is_stream = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)
    return PipedTable(path) if is_stream and os.fspath(path) != STDIN else path
