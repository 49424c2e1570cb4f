"""Scanning an archive once for its members.

A plain tar is hopped through by its headers. A tar.gz is decompressed once, from start to end: that
checks the gzip checksum, gives every member a CRC-32, and leaves the points from which to decompress
later. A zip is asked for its directory.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.index import (
    DEFLATED,
    NO_CRC,
    NOT_READABLE,
    STORED,
    ArchiveForm,
    Member,
    MemberIndex,
    index_of,
)
from baselines.covariates.patches.lastblock import LastBlockFile
from baselines.covariates.patches.npyheader import looks_like
from submissions.errors import CannotCheckError, require

#: Called now and then with the bytes of the (decompressed) archive done since the last call.
Progress = Callable[[int], None]

_CHUNK = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_LOCAL_HEADER_BYTES = 30
# What rapidgzip raises for bad streams; it has no error of its own.
_STREAM_ERRORS = (RuntimeError, ValueError, EOFError)
_TAR_ERRORS = (tarfile.TarError, ValueError, OverflowError)  # the latter two for garbled extended headers


def form_of_archive(path: str | os.PathLike[str]) -> ArchiveForm:
    """Tell the form of an archive by its content.

    Raises
    ------
    DamagedArchiveError
        If it is none of the forms that can be read, with what it is instead.
    CannotCheckError
        If the file cannot be read.
    """
    with _opened(path) as file:
        head = file.read(_BLOCK)
    if head.startswith(b"\x1f\x8b"):
        return "tar.gz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    raise DamagedArchiveError(path, f"it is {looks_like(head)}, not a tar, tar.gz or zip")


def scan_archive(
    path: str | os.PathLike[str], *, n_threads: int = 0, progress: Progress | None = None
) -> MemberIndex:
    """Find all members of an archive.

    Parameters
    ----------
    path : path-like
        A tar, tar.gz or zip.
    n_threads : int, default 0
        Threads that decompress a tar.gz; 0 for all cores.
    progress : callable, optional
        Called with the bytes done since the last call.

    Returns
    -------
    MemberIndex
        Its members, in order.

    Raises
    ------
    DamagedArchiveError
        If the archive is not whole: cut, a wrong checksum, bytes after its end, garbled headers.
    CannotCheckError
        If the file cannot be read.
    """
    form = form_of_archive(path)
    if form == "zip":
        return index_of(form, _zip_members(path))
    if form == "tar":
        with _opened(path) as file:
            return index_of(form, tar_members(path, file, progress=progress))
    members = []
    with gzip_stream(path, n_threads=n_threads) as stream:
        members = list(tar_members(path, stream, sequential=True, progress=progress))
        seek_points = io.BytesIO()
        stream.raw.export_index(seek_points)
    return index_of(form, members, seek_points.getvalue())


@contextlib.contextmanager
def gzip_stream(path: str | os.PathLike[str], *, n_threads: int = 0) -> Iterator[Any]:
    """Open a gzip file for reading from start to end; errors of the stream become ours.

    Yields
    ------
    io.BufferedReader
        The decompressed bytes; its ``raw`` is rapidgzip's file.

    Raises
    ------
    DamagedArchiveError
        If the stream is cut, garbled or fails its checksum, once that is met.
    """
    rapidgzip = require("rapidgzip", "patches")
    with _opened(path):  # absent and forbidden files, in our words
        pass
    try:
        # rapidgzip must be closed before the interpreter ends, or it aborts the process.
        with contextlib.closing(rapidgzip.open(os.fspath(path), parallelization=n_threads)) as raw:
            yield io.BufferedReader(raw, _CHUNK)
    except _STREAM_ERRORS as error:
        raise DamagedArchiveError(path, f"its gzip stream cannot be read ({_one_line(error)})") from error
    except OSError as error:
        raise CannotCheckError(f"Cannot read {os.fspath(path)}: {error.strerror or error}.") from error


def tar_members(
    path: str | os.PathLike[str],
    file: BinaryIO,
    *,
    sequential: bool = False,
    progress: Progress | None = None,
) -> Iterator[Member]:
    """Yield the members of a tar, and make sure that its end is the end.

    Parameters
    ----------
    path : path-like
        Name of the archive, for messages.
    file : binary file
        The tar. It must seek unless `sequential`.
    sequential : bool, default False
        Read everything in order, and so compute the CRC-32 of each member.
    progress : callable, optional
        Called with the bytes done since the last call.

    Yields
    ------
    Member
        Each member but folders.

    Raises
    ------
    DamagedArchiveError
        If headers are garbled, the archive is cut, or something stands after its end mark. Other
        readers take a block of zeros in the middle for the end, and say nothing of what follows.
    """
    blocks = _Blocks(file)
    done = 0
    try:
        with tarfile.open(fileobj=cast(BinaryIO, blocks), mode="r:") as tar:
            while (member := tar.next()) is not None:
                crc = blocks.crc_of(member, tar.offset) if sequential else NO_CRC
                if not member.isdir():
                    yield _tar_member(member, crc)
                if progress is not None:
                    progress(tar.offset - done)
                    done = tar.offset
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep all 200,000
    except _TAR_ERRORS as error:
        raise DamagedArchiveError(path, f"it cannot be read as a tar ({_one_line(error)})") from error
    if (what := blocks.why_not_at_end()) is not None:
        raise DamagedArchiveError(path, what)


class _Blocks(LastBlockFile):
    """Checksums of the members on the way, and why tarfile stopped."""

    def crc_of(self, member: tarfile.TarInfo, end: int) -> int:
        """Read on to the end of a member and its padding; return the CRC-32 of the member."""
        n_left, crc = (member.size if member.isreg() else 0), 0
        while n_left > 0:
            chunk = self.file.read(min(n_left, _CHUNK))
            if not chunk:
                raise tarfile.ReadError("unexpected end of data")
            crc = zlib.crc32(chunk, crc)
            n_left -= len(chunk)
        self.file.read(max(end - self.file.tell(), 0))
        return crc

    def why_not_at_end(self) -> str | None:
        if not self.last:
            return "it ends without the mark that ends a tar, so it is cut"
        if len(self.last) < _BLOCK:
            return "it is cut in the middle of a header"
        if self.last.strip(b"\0"):
            return "one of its headers is garbled"
        while chunk := self.file.read(_CHUNK):
            if chunk.strip(b"\0"):
                return "there is more after its end mark: zeros stand where files should be"
        return None


def _tar_member(member: tarfile.TarInfo, crc: int) -> Member:
    plain = member.isreg() and not member.issparse()
    method = STORED if plain else NOT_READABLE
    return Member(member.name, member.offset_data, member.size, member.size, crc if plain else NO_CRC, method)


def _zip_members(path: str | os.PathLike[str]) -> Iterator[Member]:
    with _opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise DamagedArchiveError(path, f"it is no whole zip ({_one_line(error)})") from error
        size = file.seek(0, os.SEEK_END)
        for entry in entries:
            yield _zip_member(path, file, entry, size)


def _zip_member(
    path: str | os.PathLike[str], file: BinaryIO, entry: zipfile.ZipInfo, archive_bytes: int
) -> Member:
    # The directory does not say how long the header before the data is.
    file.seek(entry.header_offset)
    head = file.read(_LOCAL_HEADER_BYTES)
    lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    offset = entry.header_offset + _LOCAL_HEADER_BYTES + lengths
    if not head.startswith(b"PK\x03\x04") or offset + entry.compress_size > archive_bytes:
        raise DamagedArchiveError(path, f"its directory points at no member for {entry.filename}")
    return Member(entry.filename, offset, entry.file_size, entry.compress_size, entry.CRC, _zip_method(entry))


def _zip_method(entry: zipfile.ZipInfo) -> int:
    is_link = entry.external_attr >> 28 == 0o12
    is_encrypted = bool(entry.flag_bits & 1)
    readable = entry.compress_type in (STORED, DEFLATED) and not is_link and not is_encrypted
    return entry.compress_type if readable else NOT_READABLE


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise CannotCheckError(f"Cannot read {os.fspath(path)}: {error.strerror or error}.") from error


def _one_line(error: BaseException) -> str:
    # rapidgzip puts the names of its classes and threads before some messages.
    words = " ".join(re.sub(r"\[[^]]*\]", "", str(error)).split())
    return words[:120].rstrip("!. ") or type(error).__name__
