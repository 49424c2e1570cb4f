"""Why a gzip stream is damaged: cut, garbled, or two downloads in one file. Read only once it failed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

from baselines.covariates.patches.errors import ArchiveFault
from submissions.opening import open_file

_CHUNK = 1 << 20
_PREFIX = 512
_WITH_GZIP_HEADER = 31  # zlib's window bits


def why_stream_is_damaged(path: str | os.PathLike[str]) -> tuple[ArchiveFault, str] | None:
    """Tell what happened to a gzip file that cannot be read; None if it is whole, checksum and all.

    The fault is ``"wrong-size"`` if bytes are lost, doubled or added, ``"checksum"`` if they are altered.
    """
    stream, n_read = _Members(), 0
    for chunk in _chunks(path):
        n_read += len(chunk)
        try:
            stream.feed(chunk)
        except zlib.error as error:
            if stream.is_between:
                return "wrong-size", f"foreign bytes follow after its end, before byte {n_read}"
            return _why_garbled(path, f"its gzip stream is garbled before byte {n_read} ({error})")
    return None if stream.is_at_end() else ("wrong-size", f"its gzip stream is cut after {n_read} bytes")


def _why_garbled(path: str | os.PathLike[str], what: str) -> tuple[ArchiveFault, str]:
    if (doubled_at := _offset_of_second_start(path)) is None:
        return "checksum", what
    found = f"its first {doubled_at} bytes stand before the whole file: a download was resumed"
    return "wrong-size", found


class _Members:
    """The members of a gzip file, inflated one after the other and thrown away."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
        #: Whether a member has ended, and of the next one not even a header was found.
        self.is_between = False

    def feed(self, chunk: bytes) -> None:
        while chunk:
            if self._member.eof:
                self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
                self.is_between = True
            # In pieces, lest a bomb fill the memory.
            if self._member.decompress(chunk, _CHUNK):
                self.is_between = False
            chunk = self._member.unconsumed_tail or self._member.unused_data

    def is_at_end(self) -> bool:
        while not self._member.eof and self._member.decompress(b"", _CHUNK):
            pass
        return self._member.eof


def _offset_of_second_start(path: str | os.PathLike[str]) -> int | None:
    start, before, offset = b"", b"", 0
    for chunk in _chunks(path):
        start = start or chunk[:_PREFIX]
        window = before + chunk
        found = window.find(start, 1 if offset == 0 else 0)
        if found >= 0:
            return offset - len(before) + found
        before, offset = window[-_PREFIX + 1 :], offset + len(chunk)
    return None


def _chunks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    with open_file(path) as file:
        while chunk := file.read(_CHUNK):
            yield chunk
