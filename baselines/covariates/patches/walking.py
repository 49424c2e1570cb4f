"""Going through an archive to its very end, trusting nothing that it says.

Python's tarfile takes a garbled header, and a block of zeros where a header should be, for the end of
the archive, without a word; so why it stopped is looked at here, and what follows the end too. Its zipfile
passes over what stands before the first member and after the end.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from baselines.covariates.patches.errors import ArchiveFault, DamagedArchiveError

_CHUNK = 1 << 20
# GNU tar pads archives to 10 KiB with zeros, other blocking factors to more.
_MOST_PADDING = 1 << 20
# How far zeros are read, lest they hide members that follow; zeros without end would take days.
_MOST_ZEROS = 64 << 20
_ZIP_END, _ZIP_END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
# tarfile raises the latter two for garbled extended headers; a stream, if it is damaged itself.
_FILE_ERRORS = (tarfile.TarError, ValueError, OverflowError)


def walk_tar(path: str, file: BinaryIO, *, is_stream: bool = False) -> Iterator[tuple[tarfile.TarInfo, int]]:
    """Yield each member of a tar, and the offset of what follows it, with the file at the member's bytes.

    Whoever reads on leaves the file before that offset or at it. The path is for messages. Errors of a
    stream other than tarfile's own are passed on: it knows better what they mean. Raises
    DamagedArchiveError if headers are garbled, the archive is cut, or something stands after its end mark.
    """
    blocks, errors = _LastBlock(file), (tarfile.TarError,) if is_stream else _FILE_ERRORS
    try:
        with tarfile.open(fileobj=cast(BinaryIO, blocks), mode="r:") as tar:
            while (member := tar.next()) is not None:
                yield member, tar.offset
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep all 200,000
    except errors as error:
        raise DamagedArchiveError(path, f"the tar ends early: {error}", "wrong-size") from error
    if (damage := _why_not_at_end(blocks.last, file)) is not None:
        raise DamagedArchiveError(path, damage[1], damage[0])


class _LastBlock:
    """A file that remembers what was read last, for tarfile does not say why it stopped."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.last = b""
        self.tell = file.tell
        self.seek = file.seek

    def read(self, n_bytes: int = -1) -> bytes:
        self.last = self._file.read(n_bytes)
        return self.last


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
