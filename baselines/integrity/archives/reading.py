"""Reading the members of an archive from start to end, trusting nothing that it says."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.index import ArchiveForm, why_not_inflated
from baselines.covariates.patches.scanning import form_of_archive, gzip_stream
from baselines.covariates.patches.walking import bytes_beside_zip, grown, most_bytes, walk_tar
from submissions.printable import printable

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Archived:
    """One member of an archive that is no folder.

    Parameters
    ----------
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
    """Read a tar, tar.gz or zip from its first to its last byte, but no members of more than `max_bytes`.

    In a tar.gz nothing is proven before the end is reached. Raises DamagedArchiveError if it is no archive,
    its gzip stream is damaged, it is cut or garbled, something stands after its end, or it grows beyond
    what patches do; CannotCheckError if the file cannot be read.
    """
    name, form = os.fspath(path), form_of_archive(path)
    if form == "zip":
        yield from _of_zip(name, max_bytes)
    elif form == "tar":
        with Path(path).open("rb") as file:
            yield from _of_tar(name, file, max_bytes=max_bytes)
    else:
        with gzip_stream(path) as stream:
            yield from _of_tar(name, stream, max_bytes=max_bytes, is_stream=True)


def proves_itself(form: ArchiveForm) -> bool:
    """Tell whether archives of a form carry checksums of their content."""
    return form != "tar"


def _of_tar(path: str, file: BinaryIO, *, max_bytes: int, is_stream: bool = False) -> Iterator[Archived]:
    for member, _ in walk_tar(path, file, is_stream=is_stream):
        if not member.isdir():
            yield _tar_member(member, file, path=path, max_bytes=max_bytes)


def _tar_member(member: tarfile.TarInfo, file: BinaryIO, *, path: str, max_bytes: int) -> Archived:
    if not member.isreg() or member.issparse():
        kind = "a link" if member.islnk() or member.issym() else "a device or the like"
        return Archived(member.name, member.size, None, f"{kind} instead of a file", "wrong-type")
    if member.size > max_bytes:
        return Archived(member.name, member.size, None, f"{member.size} bytes", "wrong-size")
    content = file.read(member.size)
    if len(content) < member.size:
        raise DamagedArchiveError(path, f"it ends within {printable(member.name)}", "wrong-size")
    return Archived(member.name, member.size, content)


def _of_zip(path: str, max_bytes: int) -> Iterator[Archived]:
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        what = f"the directory at the end of the zip: {error}"
        raise DamagedArchiveError(path, what, "wrong-size") from error
    with archive:
        if (beside := bytes_beside_zip(archive)) is not None:
            raise DamagedArchiveError(path, beside, "wrong-size")
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > (budget := most_bytes(path)):
            raise grown(path, budget)
        for entry in entries:
            yield _zip_member(archive, entry, max_bytes=max_bytes)


def _zip_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, max_bytes: int) -> Archived:
    name = entry.filename
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Archived(name, entry.file_size, None, "a link instead of a file", "wrong-type")
    if (why := why_not_inflated(entry.compress_type)) is not None:
        return Archived(name, entry.file_size, None, why, "bad-header")
    if entry.file_size > max_bytes:
        return Archived(name, entry.file_size, None, f"{entry.file_size} bytes", "wrong-size")
    try:
        with archive.open(entry) as member:
            # What the directory promises is not what deflated data may yield.
            content = member.read(entry.file_size + 1)
    except _ZIP_ERRORS as error:
        return Archived(name, entry.file_size, None, str(error) or type(error).__name__, "checksum")
    return Archived(name, entry.file_size, content)
