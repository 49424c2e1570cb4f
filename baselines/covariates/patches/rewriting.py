"""Rewriting a tar.gz once as a plain tar, for reading in random order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, cast

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.index import MemberIndex, index_of
from baselines.covariates.patches.savedindex import save_index
from baselines.covariates.patches.scanning import form_of_archive, gzip_stream, tar_members
from submissions.errors import UsageError
from submissions.files import written_atomically
from submissions.progress import SILENT, Progress


def rewrite_as_tar(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    progress: Progress = SILENT,
) -> MemberIndex:
    """Decompress a tar.gz into a plain tar with an index beside it.

    Reading patches in random order, as training does, is some forty times faster from a plain tar
    than from the tar.gz, and needs no seek points in memory. The files stay in one archive: no
    millions of small files. Nothing appears at `out` unless the whole archive passed its checksum.

    The tar.gz is decompressed on all cores. Progress is told in bytes written. Raises UsageError if `path`
    is no tar.gz, or is `out`; DamagedArchiveError if the archive is not whole; CannotCheckError if it
    cannot be read, or `out` cannot be written.
    """
    if form_of_archive(path) != "tar.gz":
        raise UsageError(f"{os.fspath(path)} is no tar.gz; it can be read as it is.")
    if os.path.realpath(path) == os.path.realpath(out):
        raise UsageError(f"{os.fspath(path)} cannot be written over itself.", "Name another file.")
    with (
        written_atomically(out) as temporary,
        temporary.open("wb") as file,
        gzip_stream(path) as stream,
        progress.bar(f"rewriting {os.fspath(path)}") as advance,
    ):
        tee = cast(BinaryIO, _Tee(stream, file))
        members = list(tar_members(os.fspath(path), tee, is_stream=True, advance=advance))
    index = index_of("tar", members)
    save_index(index, out, progress=progress)
    return index


def tar_name(path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> Path:
    """Return where the plain tar of a tar.gz belongs: beside it, or in a folder.

    Raises UsageError if its name is not that of a tar.gz.
    """
    source = Path(path)
    stem = source.name.removesuffix(".tgz").removesuffix(".tar.gz")
    if stem == source.name:
        raise UsageError(f"{source} is no tar.gz by its name.", "A tar or a zip can be read as it is.")
    return (source.parent if folder is None else Path(folder)) / f"{stem}.tar"


class _Tee:
    """A stream that writes down what is read from it."""

    def __init__(self, stream: BinaryIO, copy: BinaryIO) -> None:
        self._stream = stream
        self._copy = copy
        self.tell = stream.tell

    def read(self, n_bytes: int = -1) -> bytes:
        chunk = self._stream.read(n_bytes)
        self._copy.write(chunk)
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        # tarfile seeks only where a member's bytes were not read, which tar_members never leaves.
        if (offset, whence) != (self.tell(), os.SEEK_SET):
            raise DamagedArchiveError("stream", "its headers point backwards")
        return offset
