"""Opening a file or standard input, whatever it is compressed with, within a limit of bytes."""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from submissions.errors import CannotCheckError
from submissions.faults import Example, FaultLog
from submissions.naming import STDIN
from submissions.printable import printable
from submissions.progress import SILENT, Advance, Progress, stand_still
from submissions.reading.piped import PipedTable
from submissions.reading.workbooks import is_workbook, refuse_workbook, sheet_as_text

#: Decompressed bytes that are read of one file, unless told otherwise: 8 GiB.
MAX_BYTES = 8 << 30

_HEAD_BYTES = 4096
_GZIP, _ZIP, _ZIP_END = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
# A frame of data, or one that readers of other data skip.
_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))
_ZIP_END_BYTES = 22
# A gzip inside a zip is usual; deeper nesting is somebody's joke.
_MAX_LAYERS = 3
# A zip is read from its end: one that comes from a pipe or out of another file is held in memory.
_MAX_BYTES_HELD = 1 << 30

# A stream, and its size where it is known.
_Sized = tuple[io.BufferedReader, int | None]


@dataclass(frozen=True)
class Wanted:
    """Which of several streams in one file is meant.

    Parameters
    ----------
    accepts : callable
        Tells from its first bytes whether a member of a zip is a table of the kind that is wanted.
    workbooks : bool
        Whether the sheet of an Excel workbook is read as text.
    """

    accepts: Callable[[bytes], bool] = bool
    workbooks: bool = False


def is_compressed(head: bytes) -> bool:
    """Say whether a file begins as gzip or zstd does."""
    return head.startswith((_GZIP, *_ZSTD))


class Source:
    """A stream of decompressed bytes that notes its own faults instead of raising them.

    `truncated` and `too-large` are noted in the log.

    Parameters
    ----------
    max_bytes : int
        Bytes after which reading stops.
    n_bytes : int, optional
        Size of the whole stream, where it is known.
    path : Path, optional
        The file, if these are its very bytes.
    """

    def __init__(
        self,
        stream: io.BufferedReader,
        log: FaultLog | None = None,
        *,
        max_bytes: int = MAX_BYTES,
        n_bytes: int | None = None,
        advance: Advance = stand_still,
        path: Path | None = None,
    ) -> None:
        self.cut = False
        self.path = path
        self.max_bytes = max_bytes
        self.n_bytes = None if n_bytes is None else min(n_bytes, max_bytes)
        self._stream = stream
        self._log = log if log is not None else FaultLog()
        self._left = max_bytes
        self._advance = advance

    def head(self) -> bytes:
        """Return the first bytes, up to 4 KiB, without taking them."""
        return bytes(self._guarded(lambda: self._stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]))

    def read(self, n: int, /) -> bytes:
        """Return at most `n` bytes, none at the end or where the stream turned out to be damaged."""
        data = b"" if self.cut else self._guarded(lambda: self._stream.read(n))
        self._left -= len(data)
        if self._left < 0:
            self.cut = True
            self._log.add_once("too-large", message=f"more than {self.max_bytes:,} bytes after decompression")
            data = data[: self._left]
        self._advance(len(data))
        return data

    def read_all(self) -> bytes:
        """Return everything up to the limit."""
        return self.read(self.max_bytes + 1)

    def _guarded(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (EOFError, zlib.error, zipfile.BadZipFile, OSError) as error:
            if getattr(error, "errno", None):  # the disk's fault, not the file's
                raise CannotCheckError(f"Cannot read further: {error}.") from error
            self.cut = True
            self._log.add_once("truncated", message=f"the compressed data is cut or damaged ({error})")
            return b""


@contextmanager
def opened(
    path: str | os.PathLike[str],
    log: FaultLog,
    *,
    max_bytes: int = MAX_BYTES,
    progress: Progress = SILENT,
    wanted: Wanted = Wanted(),
) -> Iterator[Source]:
    """Open a file, decompressed by what it holds (gzip, zstd, zip), not by its name.

    ``-`` is standard input. Reading stops after `max_bytes` decompressed bytes, and moves a bar.

    Raises
    ------
    CannotCheckError
        If the file is absent, a folder, or may not be read.
    """
    with ExitStack() as stack:
        stream, n_bytes = _raw(path, stack)
        plain: Path | None = None if n_bytes is None else Path(path)
        layers = _Layers(stack, log, max_bytes, wanted)
        for _ in range(_MAX_LAYERS):
            inner = layers.inner(stream, is_file=plain is not None)
            if inner is None:
                break
            (stream, n_bytes), plain = inner, None
        advance = stack.enter_context(progress.bar(os.fspath(path), n_bytes))
        yield Source(stream, log, max_bytes=max_bytes, n_bytes=n_bytes, advance=advance, path=plain)


def _raw(path: str | os.PathLike[str], stack: ExitStack) -> _Sized:
    if os.fspath(path) == STDIN:
        if sys.stdin is None:
            raise CannotCheckError("There is no standard input.")
        standard = sys.stdin.buffer
        return standard if isinstance(standard, io.BufferedReader) else _buffered(standard), None
    if isinstance(path, PipedTable):
        return stack.enter_context(path.opened()), None
    try:
        stream = stack.enter_context(Path(path).open("rb"))  # noqa: SIM115 (the stack closes it)
        status = os.fstat(stream.fileno())
    except (OSError, ValueError) as error:  # a ValueError for NUL in a path
        why = getattr(error, "strerror", None) or error
        raise CannotCheckError(f"Cannot open {printable(os.fspath(path))}: {why}.") from error
    return stream, status.st_size if stat.S_ISREG(status.st_mode) else None


def _buffered(stream: object) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", stream), buffer_size=_HEAD_BYTES)


@dataclass(frozen=True)
class _Layers:
    """What takes the streams out of compressed ones."""

    stack: ExitStack
    log: FaultLog
    max_bytes: int
    wanted: Wanted

    def inner(self, stream: io.BufferedReader, *, is_file: bool) -> _Sized | None:
        """Return the stream inside a compressed one, or None if it is not compressed."""
        head = Source(stream, self.log).head()
        if head.startswith(_GZIP):
            return _buffered(self.stack.enter_context(gzip.GzipFile(fileobj=stream, mode="rb"))), None
        if head.startswith(_ZSTD):
            return _buffered(self.stack.enter_context(_decompressed_zstd(stream))), None
        if not head.startswith((_ZIP, _ZIP_END)):
            return None
        seekable = stream if is_file and stream.seekable() else self._held(stream)
        return _nothing() if seekable is None else self._zip_member(seekable)

    def _held(self, stream: io.BufferedReader) -> IO[bytes] | None:
        source = Source(stream, self.log, max_bytes=self.max_bytes)
        data = source.read(min(self.max_bytes, _MAX_BYTES_HELD) + 1)
        if not source.cut and len(data) > _MAX_BYTES_HELD:
            message = f"a zip of more than {_MAX_BYTES_HELD:,} bytes that is no file of its own"
            self.log.add("too-large", message=message, fix="Unpack it first.")
            return None
        return None if source.cut else io.BytesIO(data)

    def _zip_member(self, seekable: IO[bytes]) -> _Sized:
        """Return the only member of a zip that may be meant, or an empty stream if it is not to be had."""
        try:
            archive = self.stack.enter_context(zipfile.ZipFile(seekable))
            _refuse_strays(seekable, archive)
            return self._run_in(archive, seekable)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise CannotCheckError(f"Cannot read further: {error}.") from error
            self.log.add("truncated", message=f"the zip is cut or damaged ({printable(error)})")
        except (NotImplementedError, RuntimeError) as error:  # an unknown compression, a password
            self.log.add("not-a-table", message=f"the zip cannot be opened ({printable(error)})")
        return _nothing()

    def _run_in(self, archive: zipfile.ZipFile, file: IO[bytes]) -> _Sized:
        if is_workbook(archive):
            if self.wanted.workbooks:
                accepts, limit = self.wanted.accepts, self.max_bytes
                return sheet_as_text(file, archive, self.log, accepts, max_bytes=limit), None
            refuse_workbook(self.log)
            return _nothing()
        members = [member for member in archive.infolist() if _is_candidate(member)]
        chosen = members if len(members) == 1 else [m for m in members if self._is_wanted(archive, m)]
        if len(chosen) == 1:
            return _buffered(self.stack.enter_context(archive.open(chosen[0]))), chosen[0].file_size
        examples = [Example(found=member.filename) for member in members] or [Example(found="nothing")]
        message = f"a zip with {len(chosen)} runs in {len(members)} files"
        self.log.add("not-a-table", *examples, message=message, fix="Put one run into the zip.")
        return _nothing()

    def _is_wanted(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
        with archive.open(member) as file:
            return self.wanted.accepts(file.read(_HEAD_BYTES))


def _refuse_strays(file: IO[bytes], archive: zipfile.ZipFile) -> None:
    """Raise if a zip is part of a larger file: zipfile passes over what stands before and behind it."""
    file.seek(-_ZIP_END_BYTES - len(archive.comment), os.SEEK_END)
    if not file.read(len(_ZIP_END)) == _ZIP_END:
        raise zipfile.BadZipFile("bytes behind its end")
    if min((member.header_offset for member in archive.infolist()), default=0):
        raise zipfile.BadZipFile("bytes before its first file")


def _decompressed_zstd(stream: io.BufferedReader) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")


def _nothing() -> _Sized:
    return _buffered(io.BytesIO()), None


def _is_candidate(member: zipfile.ZipInfo) -> bool:
    return not member.is_dir() and not is_hidden(member.filename)


def is_hidden(path: str) -> bool:
    """Say whether a file in a folder or a zip is not what is meant: of macOS, or with a leading dot."""
    parts = PurePosixPath(path).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts)
