"""Archives of patches as the organizers gave them: tar.gz for the US, zip for France, and their hashes.

Equal content gives equal bytes: members come sorted, with one date, no owner, and without the name and
the time that gzip would note.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# 1 March 2020, when the challenge opened.
_SECONDS = 1_583_020_800
_DATE = (2020, 3, 1, 0, 0, 0)
# Imagery hardly shrinks further at higher levels, which take several times as long.
_COMPRESSION = 1

#: Adds a member: name and content.
AddMember = Callable[[str, bytes], None]


@contextmanager
def tar_gz_writer(path: str | os.PathLike[str]) -> Iterator[AddMember]:
    """Open a tar.gz for writing; yield a function that adds a member."""
    with (
        Path(path).open("wb") as file,
        gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):

        def add(name: str, content: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), _SECONDS, 0o644
            archive.addfile(member, io.BytesIO(content))

        yield add


@contextmanager
def zip_writer(path: str | os.PathLike[str]) -> Iterator[AddMember]:
    """Open a zip for writing; yield a function that adds a member."""
    with zipfile.ZipFile(path, "w") as archive:

        def add(name: str, content: bytes) -> None:
            member = zipfile.ZipInfo(name, _DATE)
            member.create_system, member.external_attr = 3, 0o644 << 16  # as if made on Unix, wherever it is
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, _COMPRESSION)

        yield add


def write_hashes(folder: str | os.PathLike[str]) -> None:
    """Write the MD5 of every archive of a folder to ``hashes.md5``, one line ``md5  name`` per archive."""
    lines = []
    for path in sorted(Path(folder).iterdir()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        lines.append(f"{digest}  {path.name}\n")
    (Path(folder) / "hashes.md5").write_text("".join(lines))
