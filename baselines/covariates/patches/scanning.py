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
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from baselines.covariates.patches.errors import DamagedArchiveError, readable
from baselines.covariates.patches.index import (
    NO_CRC,
    NOT_READABLE,
    STORED,
    ArchiveForm,
    Member,
    MemberIndex,
    index_of,
)
from baselines.covariates.patches.inflating import open_gzip
from baselines.covariates.patches.npyheader import looks_like
from baselines.covariates.patches.walking import bytes_beside_zip, walk_tar
from submissions.opening import NoFileError, open_file
from submissions.printable import printable
from submissions.progress import SILENT, Advance, Progress, stand_still

_CHUNK = 1 << 20
_LOCAL_HEADER_BYTES = 30
_GZIP_HEADER_BYTES = 18  # and those of its trailer
# What rapidgzip raises for bad streams; it has no error of its own.
_STREAM_ERRORS = (RuntimeError, ValueError, EOFError)


def form_of_archive(path: str | os.PathLike[str]) -> ArchiveForm:
    """Tell the form of an archive by its content.

    Raises DamagedArchiveError if it is none of the forms that can be read, with what it is instead;
    CannotCheckError if the file cannot be read.
    """
    with readable(path):
        try:
            with open_file(path) as file:
                head = file.read(tarfile.BLOCKSIZE)
        except NoFileError as error:
            raise DamagedArchiveError(path, f"it is {error.what}, not a file") from error
    if head.startswith(b"\x1f\x8b"):
        return "tar.gz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    raise DamagedArchiveError(path, f"it is {looks_like(head)}, not a tar, tar.gz or zip")


def scan_archive(path: str | os.PathLike[str], *, progress: Progress = SILENT) -> MemberIndex:
    """Find all members of a tar, tar.gz or zip, in order.

    A tar.gz is decompressed on all cores. Progress is told in bytes, decompressed. Raises
    DamagedArchiveError if the archive is not whole: cut, a wrong checksum, bytes after its end, garbled
    headers; CannotCheckError if the file cannot be read.
    """
    name, form = os.fspath(path), form_of_archive(path)
    if form == "zip":
        return index_of(form, _zip_members(name))
    if form == "tar":
        with _opened(path) as file, progress.bar(f"scanning {name}", Path(path).stat().st_size) as advance:
            return index_of(form, tar_members(name, file, advance=advance))
    with gzip_stream(path) as stream, progress.bar(f"scanning {name}") as advance:
        members = list(tar_members(name, stream, is_stream=True, advance=advance))
        seek_points = io.BytesIO()
        stream.raw.export_index(seek_points)
    return index_of(form, members, seek_points.getvalue())


@contextlib.contextmanager
def gzip_stream(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open a gzip file for reading from start to end, buffered; ``raw`` is rapidgzip's file.

    Raises DamagedArchiveError if the stream is cut, garbled or fails its checksum, once that is met.
    """
    try:
        with readable(path), contextlib.closing(open_gzip(path)) as raw:
            yield io.BufferedReader(raw, _CHUNK)
            n_after = _bytes_after_gzip(path, n_bytes=raw.tell())
    except _STREAM_ERRORS as error:
        raise DamagedArchiveError(path, f"its gzip stream cannot be read ({_one_line(error)})") from error
    if n_after:
        raise DamagedArchiveError(path, f"{n_after} bytes follow after its end", "wrong-size")


def tar_members(
    path: str, file: BinaryIO, *, is_stream: bool = False, advance: Advance = stand_still
) -> Iterator[Member]:
    """Yield the members of a tar but folders, and make sure that its end is the end; see `walk_tar`.

    A stream is read in order, to its last byte, which gives the CRC-32 of each member.
    """
    done = 0
    for member, end in walk_tar(path, file, is_stream=is_stream):
        crc = _crc_of(member, file, path=path, end=end) if is_stream else NO_CRC
        if not member.isdir():
            yield _tar_member(member, crc)
        advance(end - done)
        done = end


def _bytes_after_gzip(path: str | os.PathLike[str], *, n_bytes: int) -> int:
    """Return how many bytes follow after a gzip file of one member, by the size that stands at its end.

    rapidgzip passes over what is shorter than a header.
    """
    with open_file(path) as file:
        file.seek(-min(Path(path).stat().st_size, 2 * _GZIP_HEADER_BYTES), os.SEEK_END)
        tail = file.read()
    sizes = [tail[end - 4 : end] for end in range(len(tail), len(tail) - _GZIP_HEADER_BYTES, -1)]
    size = (n_bytes % (1 << 32)).to_bytes(4, "little")
    return sizes.index(size) if size in sizes else 0  # of several members, only the last has its size there


def _crc_of(member: tarfile.TarInfo, file: BinaryIO, *, path: str, end: int) -> int:
    """Read on to the end of a member and its padding; return the CRC-32 of the member."""
    n_left, crc = (member.size if member.isreg() else 0), 0
    while n_left > 0:
        chunk = file.read(min(n_left, _CHUNK))
        if not chunk:
            raise DamagedArchiveError(path, f"it ends within {printable(member.name)}", "wrong-size")
        crc = zlib.crc32(chunk, crc)
        n_left -= len(chunk)
    file.read(max(end - file.tell(), 0))
    return crc


def _tar_member(member: tarfile.TarInfo, crc: int) -> Member:
    plain = member.isreg() and not member.issparse()
    method = STORED if plain else NOT_READABLE
    return Member(member.name, member.offset_data, member.size, member.size, crc if plain else NO_CRC, method)


def _zip_members(path: str) -> Iterator[Member]:
    with _opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                beside = bytes_beside_zip(archive)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise DamagedArchiveError(path, f"it is no whole zip ({_one_line(error)})") from error
        if beside is not None:
            raise DamagedArchiveError(path, beside, "wrong-size")
        size = file.seek(0, os.SEEK_END)
        for entry in entries:
            yield _zip_member(path, file, entry, archive_bytes=size)


def _zip_member(path: str, file: BinaryIO, entry: zipfile.ZipInfo, *, archive_bytes: int) -> Member:
    # The directory does not say how long the header before the data is.
    file.seek(entry.header_offset)
    head = file.read(_LOCAL_HEADER_BYTES)
    lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    offset = entry.header_offset + _LOCAL_HEADER_BYTES + lengths
    if not head.startswith(b"PK\x03\x04") or offset + entry.compress_size > archive_bytes:
        what = f"its directory points at no member for {printable(entry.filename)}"
        raise DamagedArchiveError(path, what)
    return Member(entry.filename, offset, entry.file_size, entry.compress_size, entry.CRC, _zip_method(entry))


def _zip_method(entry: zipfile.ZipInfo) -> int:
    is_link = entry.external_attr >> 28 == 0o12
    is_encrypted = bool(entry.flag_bits & 1)
    return NOT_READABLE if is_link or is_encrypted else entry.compress_type


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    with readable(path), open_file(path) as file:
        yield file


def _one_line(error: BaseException) -> str:
    # rapidgzip puts the names of its classes and threads before some messages.
    words = " ".join(re.sub(r"\[[^]]*\]", "", str(error)).split())
    return words[:120].rstrip("!. ") or type(error).__name__
