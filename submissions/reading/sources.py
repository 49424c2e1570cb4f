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
from pathlib import Path, PurePosixPath
from typing import cast

import pyarrow as pa

from submissions.errors import CannotCheckError
from submissions.faults import Example, FaultLog
from submissions.progress import SILENT, Advance, Progress, stand_still

#: Decompressed bytes that are read of one file, unless told otherwise: 8 GiB.
MAX_BYTES = 8 << 30
#: The name that stands for standard input.
STDIN = "-"

_HEAD_BYTES = 4096
GZIP, ZSTD, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PK\x05\x06"
# A gzip inside a zip is usual; deeper nesting is somebody's joke.
_MAX_LAYERS = 3


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
    accepts: Callable[[bytes], bool] | None = None,
) -> Iterator[Source]:
    """Open a file, decompressed by what it holds (gzip, zstd, zip), not by its name.

    ``-`` is standard input. Reading stops after `max_bytes` decompressed bytes, and moves a bar. `accepts`
    tells from its first bytes whether a member of a zip is a table of the kind that is wanted.

    Raises
    ------
    CannotCheckError
        If the file is absent, a folder, or may not be read.
    """
    with ExitStack() as stack:
        stream, n_bytes = _raw(path, stack)
        plain: Path | None = None if n_bytes is None else Path(path)
        for _ in range(_MAX_LAYERS):
            inner = _inner(stream, stack, log, max_bytes, accepts or bool)
            if inner is None:
                break
            (stream, n_bytes), plain = inner, None
        advance = stack.enter_context(progress.bar(os.fspath(path), n_bytes))
        yield Source(stream, log, max_bytes=max_bytes, n_bytes=n_bytes, advance=advance, path=plain)


def cannot_open(path: str | os.PathLike[str], error: OSError) -> CannotCheckError:
    """Return the error that says why a file cannot be opened."""
    return CannotCheckError(f"Cannot open {os.fspath(path)}: {error.strerror or error}.")


def _raw(path: str | os.PathLike[str], stack: ExitStack) -> tuple[io.BufferedReader, int | None]:
    if os.fspath(path) == STDIN:
        return _standard_input(), None
    try:
        stream = stack.enter_context(Path(path).open("rb"))  # noqa: SIM115 (the stack closes it)
        status = os.fstat(stream.fileno())
    except OSError as error:
        raise cannot_open(path, error) from error
    return stream, status.st_size if stat.S_ISREG(status.st_mode) else None


def _standard_input() -> io.BufferedReader:
    if sys.stdin is None:
        raise CannotCheckError("There is no standard input.")
    stream = sys.stdin.buffer
    return stream if isinstance(stream, io.BufferedReader) else _buffered(stream)


def _inner(
    stream: io.BufferedReader,
    stack: ExitStack,
    log: FaultLog,
    max_bytes: int,
    accepts: Callable[[bytes], bool],
) -> tuple[io.BufferedReader, int | None] | None:
    """Return the stream inside a compressed one, or None if it is not compressed."""
    head = Source(stream, log).head()
    if head.startswith(GZIP):
        return _buffered(stack.enter_context(gzip.GzipFile(fileobj=stream, mode="rb"))), None
    if head.startswith(ZSTD):
        frames = pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")
        return _buffered(stack.enter_context(frames)), None
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return _zip_member(stream, stack, log, max_bytes, accepts)
    return None


def _buffered(stream: object) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", stream), buffer_size=_HEAD_BYTES)


def _zip_member(
    stream: io.BufferedReader,
    stack: ExitStack,
    log: FaultLog,
    max_bytes: int,
    accepts: Callable[[bytes], bool],
) -> tuple[io.BufferedReader, int | None]:
    seekable = (
        stream if stream.seekable() else io.BytesIO(Source(stream, log, max_bytes=max_bytes).read(max_bytes))
    )
    nothing = _buffered(io.BytesIO())
    try:
        archive = stack.enter_context(zipfile.ZipFile(seekable))
        members = [member for member in archive.infolist() if _is_candidate(member)]
        chosen = members if len(members) == 1 else [m for m in members if accepts(_member_head(archive, m))]
        if len(chosen) == 1:
            return _buffered(stack.enter_context(archive.open(chosen[0]))), chosen[0].file_size
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise CannotCheckError(f"Cannot read further: {error}.") from error
        log.add("truncated", message=f"the zip is cut or damaged ({error})")
        return nothing, None
    except (NotImplementedError, RuntimeError) as error:  # an unknown compression, a password
        log.add("not-a-table", message=f"the zip cannot be opened ({error})")
        return nothing, None
    names = [member.filename for member in members]
    examples = [Example(found=name) for name in names] or [Example(found="nothing")]
    log.add("not-a-table", *examples, message=f"a zip with {len(chosen)} runs in {len(names)} files", count=1)
    return nothing, None


def _is_candidate(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    hidden = "__MACOSX" in parts or any(part.startswith(".") for part in parts)
    return not member.is_dir() and not hidden


def _member_head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        return file.read(_HEAD_BYTES)
