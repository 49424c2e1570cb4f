"""Why a gzip stream is damaged: cut, garbled, or two downloads in one file. Read only once it failed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from baselines.covariates.patches.errors import ArchiveFault

_CHUNK = 1 << 20
_PREFIX = 512
_WITH_GZIP_HEADER = 31  # zlib's window bits


def why_stream_is_damaged(path: str | os.PathLike[str]) -> tuple[ArchiveFault, str]:
    """Tell what happened to a gzip file that cannot be read.

    The fault is ``"wrong-size"`` if bytes are lost or doubled, ``"checksum"`` if they are altered.
    """
    doubled_at = _offset_of_second_start(path)
    if doubled_at is not None:
        return (
            "wrong-size",
            f"its first {doubled_at} bytes stand before the whole file: a download was resumed",
        )
    stream = zlib.decompressobj(_WITH_GZIP_HEADER)
    n_read = 0
    for chunk in _chunks(path):
        try:
            stream = _fed(stream, chunk)
        except zlib.error as error:
            return "checksum", f"its gzip stream is garbled before byte {n_read + len(chunk)} ({error})"
        n_read += len(chunk)
    if not stream.eof:
        return "wrong-size", f"its gzip stream is cut after {n_read} bytes"
    return "checksum", "its gzip stream ends early, or bytes follow after its end"


def _fed(stream: zlib._Decompress, chunk: bytes) -> zlib._Decompress:
    while chunk:
        stream.decompress(chunk, _CHUNK)  # in pieces, lest a bomb fill the memory
        chunk = stream.unconsumed_tail or stream.unused_data
        if stream.unused_data:
            if not chunk.startswith(b"\x1f\x8b"):
                return stream
            stream = zlib.decompressobj(_WITH_GZIP_HEADER)
    return stream


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
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
