"""Reading the members of an archive from start to end, trusting nothing that it says.

Python's tarfile takes a garbled header, and a block of zeros where a header should be, for the end of
the archive, without a word; so why it stopped is looked at here, and what follows the end too.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from baselines.covariates.patches.index import ArchiveForm
from baselines.covariates.patches.lastblock import LastBlockFile
from baselines.covariates.patches.scanning import form_of_archive, gzip_stream

# Real patches shrink to 22 to 86 % of their size; what grows a hundredfold is no archive of patches.
_MOST_GROWTH = 100
_ALWAYS_ALLOWED = 64 << 20
_CHUNK = 1 << 20
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class ArchiveFault(Exception):  # noqa: N818
    """The archive cannot be read on: `fault` is one of `findings.CLASSES`, the message what was found."""

    def __init__(self, fault: str, found: str) -> None:
        super().__init__(found)
        self.fault = fault
        self.found = found


@dataclass(frozen=True, slots=True)
class Archived:
    """One member of an archive that is no folder.

    Parameters
    ----------
    path : str
        Its name in the archive.
    n_bytes : int
        Its size.
    content : bytes or None
        Its bytes; None for one that is larger than wanted, no regular file, or damaged.
    why_not : str
        Why there is no content, in words; empty otherwise.
    fault : str
        The class of that fault; empty otherwise.
    """

    path: str
    n_bytes: int
    content: bytes | None
    why_not: str = ""
    fault: str = ""


def archived_files(path: str | os.PathLike[str], *, max_bytes: int) -> Iterator[Archived]:
    """Read an archive from its first to its last byte.

    Parameters
    ----------
    path : path-like
        A tar, tar.gz or zip, told by its content.
    max_bytes : int
        Members larger than this are not read.

    Yields
    ------
    Archived
        Each member, in order. In a tar.gz nothing is proven before the end is reached.

    Raises
    ------
    ArchiveFault
        If the archive cannot be read on: cut, garbled, something after its end, or growing beyond
        what patches do.
    DamagedArchiveError
        If it is no archive, or its gzip stream is damaged.
    CannotCheckError
        If the file cannot be read.
    """
    form = form_of_archive(path)
    budget = _MOST_GROWTH * Path(path).stat().st_size + _ALWAYS_ALLOWED
    if form == "zip":
        yield from _of_zip(path, max_bytes, budget=budget)
    elif form == "tar":
        with Path(path).open("rb") as file:
            yield from _of_tar(file, max_bytes, budget=budget)
    else:
        with gzip_stream(path) as stream:
            yield from _of_tar(stream, max_bytes, budget=budget)


def proves_itself(form: ArchiveForm) -> bool:
    """Tell whether archives of a form carry checksums of their content."""
    return form != "tar"


def _of_tar(file: BinaryIO, max_bytes: int, *, budget: int) -> Iterator[Archived]:
    blocks = _LastBlock(file)
    try:
        with tarfile.open(fileobj=cast(BinaryIO, blocks), mode="r:") as tar:
            member = tar.next()
            while member is not None:
                if tar.offset > budget:
                    raise ArchiveFault("wrong-size", f"it grows beyond {budget} bytes, as no patches do")
                if not member.isdir():
                    yield _tar_member(member, file, max_bytes=max_bytes)
                tar.members.clear()  # type: ignore[attr-defined]  # a tar of 200,000 would keep them all
                member = tar.next()
    except tarfile.TarError as error:
        raise ArchiveFault("wrong-size", f"the tar ends early: {error}") from error
    blocks.refuse_early_end()
    while chunk := file.read(_CHUNK):
        if chunk.strip(b"\0"):
            raise ArchiveFault("zero-filled", "members follow after zeros that mark the end of a tar")


def _tar_member(member: tarfile.TarInfo, file: BinaryIO, *, max_bytes: int) -> Archived:
    if not member.isreg() or member.issparse():
        kind = "a link" if member.islnk() or member.issym() else "a device or the like"
        return Archived(member.name, member.size, None, f"{kind} instead of a file", "wrong-type")
    if member.size > max_bytes:
        return Archived(member.name, member.size, None, f"{member.size} bytes", "wrong-size")
    content = file.read(member.size)
    if len(content) < member.size:
        raise ArchiveFault("wrong-size", f"it ends within {member.name}")
    return Archived(member.name, member.size, content)


class _LastBlock(LastBlockFile):
    """Refuse a tar that ends before its mark."""

    def refuse_early_end(self) -> None:
        if len(self.last) < tarfile.BLOCKSIZE:
            raise ArchiveFault("wrong-size", "it is cut: the mark that ends a tar is not there")
        if self.last.strip(b"\0"):
            raise ArchiveFault("checksum", "the header of a member is garbled")


def _of_zip(path: str | os.PathLike[str], max_bytes: int, *, budget: int) -> Iterator[Archived]:
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise ArchiveFault("wrong-size", f"the directory at the end of the zip: {error}") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > budget:
            raise ArchiveFault("wrong-size", f"it grows beyond {budget} bytes, as no patches do")
        for entry in entries:
            yield _zip_member(archive, entry, max_bytes=max_bytes)


def _zip_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, max_bytes: int) -> Archived:
    name = entry.filename
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Archived(name, entry.file_size, None, "a link instead of a file", "wrong-type")
    if entry.file_size > max_bytes:
        return Archived(name, entry.file_size, None, f"{entry.file_size} bytes", "wrong-size")
    try:
        with archive.open(entry) as member:
            # What the directory promises is not what deflated data may yield.
            content = member.read(entry.file_size + 1)
    except _ZIP_ERRORS as error:
        return Archived(name, entry.file_size, None, str(error) or type(error).__name__, "checksum")
    return Archived(name, entry.file_size, content)
