"""Open archives, one object for each form, safe in forked and spawned workers.

Each reads one member into buffers. Plain tars and zips use ``preadv``, which moves no shared position,
so that processes and threads may share a descriptor. A tar.gz needs rapidgzip, which runs threads:
they do not survive a fork, so its file is closed before every fork and opened again where it is read.
"""

from __future__ import annotations

import atexit
import io
import os
import threading
import weakref
import zlib
from collections.abc import Sequence
from typing import Any

from baselines.covariates.patches.index import DEFLATED, Member, MemberIndex
from baselines.covariates.patches.inflating import open_gzip


class MemberError(Exception):
    """The bytes of a member are not what the archive says; the message goes on after its name."""


class TarHandle:
    """Read members of a plain tar, which has no checksums of content."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def read_into(self, member: Member, buffers: Sequence[memoryview]) -> None:
        """Fill buffers, whose lengths add up to the member's size, with its bytes.

        Raises MemberError if the bytes end early or fail the member's checksum; OSError if the system
        refuses.
        """
        n_read = os.preadv(self.descriptor(), buffers, member.offset)
        if n_read != member.n_bytes and not read_fully(self.descriptor(), buffers, member.offset):
            raise MemberError("is cut short")

    def descriptor(self) -> int:
        """Return the open file, opening it if need be."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return self._file

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self.close()


class ZipHandle(TarHandle):
    """Read members of a zip, stored or deflated; each is held to its CRC-32, as zip readers do."""

    def read_into(self, member: Member, buffers: Sequence[memoryview]) -> None:
        """Fill buffers with a member; see `TarHandle.read_into`."""
        if member.method == DEFLATED:
            self._inflate(member, buffers)
        else:
            super().read_into(member, buffers)
        _check_crc(member, buffers)

    def _inflate(self, member: Member, buffers: Sequence[memoryview]) -> None:
        stored = os.pread(self.descriptor(), member.n_stored, member.offset)
        try:
            # One byte more than it should have, so that a longer member shows.
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stored, member.n_bytes + 1)
        except zlib.error as error:
            raise MemberError(f"cannot be inflated ({error})") from error
        if len(content) != member.n_bytes:
            raise MemberError(f"inflates to {len(content)} bytes, not {member.n_bytes}")
        _scatter(content, buffers)


class GzipTarHandle:
    """Read members of a tar.gz from the seek points of its index; each is held to its CRC-32."""

    def __init__(self, path: str, index: MemberIndex) -> None:
        self._path = path
        self._seek_points = index.seek_points
        self._lock = threading.Lock()  # one position for all threads
        self._stream: Any = None
        _GZIP_HANDLES.add(self)

    def read_into(self, member: Member, buffers: Sequence[memoryview]) -> None:
        """Fill buffers with a member; see `TarHandle.read_into`."""
        try:
            with self._lock:
                stream = self._opened()
                stream.seek(member.offset)
                content = stream.read(member.n_bytes)
        except (RuntimeError, ValueError, EOFError) as error:
            raise MemberError("cannot be decompressed") from error
        if len(content) != member.n_bytes:
            raise MemberError("is cut short")
        _scatter(content, buffers)
        _check_crc(member, buffers)

    def close(self) -> None:
        """Close the stream and its threads; a later read opens it again."""
        with self._lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    def __del__(self) -> None:
        self.close()

    def _opened(self) -> Any:
        if self._stream is None:
            # One thread: the workers of a loader are the parallelism, and a read far from the last
            # gains nothing from more.
            stream = open_gzip(self._path, n_threads=1)
            stream.import_index(io.BytesIO(self._seek_points))
            self._stream = stream
        return self._stream


#: An archive that reads single members.
ArchiveHandle = TarHandle | GzipTarHandle


def open_handle(path: str, index: MemberIndex) -> ArchiveHandle:
    """Return the handle for the form of an archive; it opens the file at the first read."""
    if index.form == "tar.gz":
        return GzipTarHandle(path, index)
    return ZipHandle(path) if index.form == "zip" else TarHandle(path)


def read_fully(descriptor: int, buffers: Sequence[memoryview], offset: int) -> bool:
    """Fill buffers with what stands at an offset, and tell whether there was enough of it.

    A read may stop short without an end: signals, network file systems.
    """
    for buffer in buffers:
        filled = 0
        while filled < len(buffer):
            n_read = os.preadv(descriptor, [buffer[filled:]], offset + filled)
            if n_read == 0:
                return False
            filled += n_read
        offset += filled
    return True


def _scatter(content: bytes, buffers: Sequence[memoryview]) -> None:
    start = 0
    for buffer in buffers:
        buffer[:] = content[start : start + len(buffer)]
        start += len(buffer)


def _check_crc(member: Member, buffers: Sequence[memoryview]) -> None:
    crc = 0
    for buffer in buffers:
        crc = zlib.crc32(buffer, crc)
    if crc != member.crc32:
        raise MemberError(f"has the CRC-32 {crc:08x}, not {member.crc32:08x} as in the archive")


_GZIP_HANDLES: weakref.WeakSet[GzipTarHandle] = weakref.WeakSet()


def _close_gzip_handles() -> None:
    for handle in list(_GZIP_HANDLES):
        handle.close()


# An open rapidgzip file aborts the process if it meets the end of the interpreter, and hangs in a
# forked child, where its threads are gone.
os.register_at_fork(before=_close_gzip_handles)
atexit.register(_close_gzip_handles)
