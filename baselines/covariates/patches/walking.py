"""Going through an archive to its very end, trusting nothing that it says.

Python's tarfile takes a garbled header, and a block of zeros where a header should be, for the end of
the archive, without a word; so why it stopped is looked at here, and what follows the end too. Its zipfile
passes over what stands before the first member and after the end. Both believe any size that a header
claims.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from baselines.covariates.patches.errors import ArchiveFault, DamagedArchiveError

_CHUNK = 1 << 20
# GNU tar pads archives to 10 KiB with zeros, other blocking factors to more.
_MOST_PADDING = 1 << 20
# How far zeros are read, lest they hide members that follow; zeros without end would take days.
_MOST_ZEROS = 64 << 20
_ZIP_END, _ZIP_END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
# What tarfile raises for headers that lie, those of sparse files and the extended ones above all.
_HEADER_ERRORS = (tarfile.TarError, ValueError, OverflowError, LookupError, RecursionError)
# Real patches shrink to 22 to 86 % of their size; what grows a hundredfold is no archive of patches.
_MOST_GROWTH = 100
_ALWAYS_ALLOWED = 64 << 20
# The headers of one member, a long name and the like among them; tarfile would take any size at its word.
_MOST_HEADER_BYTES = 1 << 20
_MOST_WORDS = 80  # tarfile quotes what it could not read


def most_bytes(path: str | os.PathLike[str]) -> int:
    """Return how many bytes the members of an archive may take once they are decompressed."""
    return _MOST_GROWTH * Path(path).stat().st_size + _ALWAYS_ALLOWED


def grown(path: str, budget: int) -> DamagedArchiveError:
    """Return the error of an archive whose members take more than `most_bytes`."""
    return DamagedArchiveError(path, f"it grows beyond {budget} bytes, as no patches do", "wrong-size")


def walk_tar(path: str, file: BinaryIO, *, is_stream: bool = False) -> Iterator[tuple[tarfile.TarInfo, int]]:
    """Yield each member of a tar, and the offset of what follows it, with the file at the member's bytes.

    Whoever reads on leaves the file before that offset or at it. The path is that of the archive. Errors of
    a stream itself are passed on: it knows better what they mean. Raises DamagedArchiveError if headers are
    garbled or lie, the archive is cut, it grows beyond `most_bytes`, or something stands after its end mark.
    """
    blocks, budget = _Headers(path, file), most_bytes(path)
    try:
        with tarfile.open(fileobj=cast(BinaryIO, blocks), mode="r:") as tar:
            while (member := tar.next()) is not None:
                if tar.offset < member.offset_data:
                    raise tarfile.ReadError("the size of a member is negative")
                if tar.offset > budget:
                    raise grown(path, budget)
                yield member, tar.offset
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep all 200,000
                blocks.n_left = _MOST_HEADER_BYTES
    except _HEADER_ERRORS as error:
        if is_stream and blocks.has_failed:
            raise
        raise DamagedArchiveError(
            path, f"the tar ends early: {str(error)[:_MOST_WORDS]}", "wrong-size"
        ) from error
    if (damage := _why_not_at_end(blocks.last, file)) is not None:
        raise DamagedArchiveError(path, damage[1], damage[0])


class _Headers:
    """A file for tarfile, which remembers the last block read and refuses headers that are too long."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self.last = b""
        self.n_left = _MOST_HEADER_BYTES
        #: Whether the file itself could not be read, whatever its headers say.
        self.has_failed = False
        self.tell = file.tell

    def read(self, n_bytes: int) -> bytes:
        if not 0 <= n_bytes <= self.n_left:
            what = f"the headers of a member claim more than {_MOST_HEADER_BYTES >> 20} MiB for its name"
            raise DamagedArchiveError(self._path, what, "wrong-size")
        self.n_left -= n_bytes
        with self._failure_noted():
            self.last = self._file.read(n_bytes)
        return self.last

    def seek(self, offset: int) -> int:
        with self._failure_noted():
            return self._file.seek(offset)

    @contextlib.contextmanager
    def _failure_noted(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.has_failed = not isinstance(error, RecursionError)  # of headers nested without end
            raise


def _why_not_at_end(last: bytes, file: BinaryIO) -> tuple[ArchiveFault, str] | None:
    if len(last) < tarfile.BLOCKSIZE:
        return "wrong-size", "it is cut: the mark that ends a tar is not there"
    if last.strip(b"\0"):
        return "checksum", "the header of a member is garbled"
    n_zeros = 0
    while n_zeros <= _MOST_ZEROS and (chunk := file.read(_CHUNK)):
        if chunk.strip(b"\0"):
            return "zero-filled", "members follow after zeros that mark the end of a tar"
        n_zeros += len(chunk)
    if n_zeros <= _MOST_PADDING:
        return None
    return "wrong-size", f"over {_MOST_PADDING >> 20} MiB of zeros follow after the mark that ends a tar"


def bytes_beside_zip(archive: zipfile.ZipFile) -> str | None:
    """Tell what stands before the first member of an open zip, or after its end; None if nothing does."""
    file = cast(BinaryIO, archive.fp)
    n_before = min((entry.header_offset for entry in archive.infolist()), default=0)
    if n_before > 0:
        return f"{n_before} bytes stand before its first member"
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _ZIP_END_BYTES - _LONGEST_COMMENT, 0))
    tail = file.read()
    end = tail[tail.rfind(_ZIP_END) :]
    n_after = len(end) - _ZIP_END_BYTES - int.from_bytes(end[20:22], "little")
    return f"{n_after} bytes follow after its end" if n_after > 0 else None
