"""Putting proven files into their places: written aside, read back, moved, never half."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import zlib
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from baselines.integrity.archives.contents import Proven
from baselines.integrity.extraction.staging import Staging
from submissions.errors import CannotCheckError
from submissions.opening import open_file
from submissions.printable import printable


@dataclass(frozen=True)
class Placement:
    """A file of an archive, and where it belongs."""

    proven: Proven
    target: Path

    def is_done(self) -> bool:
        """Tell whether the very file is there already."""
        try:
            with open_file(self.target) as file:
                has_size = os.fstat(file.fileno()).st_size == self.proven.n_bytes
                return has_size and self.fits(file.read())
        except OSError:
            return False

    def fits(self, content: bytes) -> bool:
        """Tell whether some bytes are those that were proven."""
        return len(content) == self.proven.n_bytes and zlib.crc32(content) == self.proven.crc32


def place(content: bytes, target: Path, *, staging: Staging) -> Path | None:
    """Write a file aside, read it back, and move it into its place, with mode and owner of the old one.

    At every moment the place holds the old or the new. What stood there and is neither a file nor a link
    is kept beside it; returned is where. Folders above the place are made. Raises CannotCheckError if it
    cannot be written, as on a full disk; then nothing has changed.
    """
    try:
        _make(target.parent)
        for folder in staging.folders_for(target.parent):
            try:
                return _placed(content, target, aside=folder / f"new-{target.name}")
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
    except OSError as error:
        raise CannotCheckError(f"Cannot write {printable(target)}: {error.strerror or error}.") from error
    raise AssertionError("folders_for ends with an error")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(errno.ENOTDIR, f"{printable(error.filename)} is no folder") from error


def _placed(content: bytes, target: Path, *, aside: Path) -> Path | None:
    try:
        aside.write_bytes(content)
        if aside.read_bytes() != content:
            what = f"What was written for {printable(target)} reads back otherwise."
            raise CannotCheckError(what, "Check the disk.")
        old = target.lstat() if os.path.lexists(target) else None
        kept = None
        if old is not None and stat.S_ISREG(old.st_mode):
            _make_like(aside, old)
        elif old is not None and not stat.S_ISLNK(old.st_mode):
            kept = _free_name(target)
            target.rename(kept)
        _move(aside, target, kept)
        return kept
    finally:
        aside.unlink(missing_ok=True)


def _move(aside: Path, target: Path, kept: Path | None) -> None:
    try:
        aside.replace(target)
    except OSError:
        if kept is not None and not os.path.lexists(target):
            kept.rename(target)
        raise


def _make_like(aside: Path, old: os.stat_result) -> None:
    new = aside.stat()
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):  # a user may give it to a group, at most
            with contextlib.suppress(PermissionError):
                os.chown(aside, owner, group)
    aside.chmod(stat.S_IMODE(old.st_mode))


def _free_name(target: Path) -> Path:
    names = (target.with_name(f"{target.name}.kept-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))
