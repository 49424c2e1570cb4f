"""Putting proven files into their places: written aside, read back, moved, never half."""

from __future__ import annotations

import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from baselines.integrity.archives.check import Proven
from submissions.errors import CannotCheckError


@dataclass(frozen=True)
class Placement:
    """A file of an archive, and where it belongs."""

    proven: Proven
    target: Path

    def is_done(self) -> bool:
        """Tell whether the very file is there already."""
        try:
            has_size = self.target.is_file() and self.target.stat().st_size == self.proven.n_bytes
            return has_size and self.fits(self.target.read_bytes())
        except OSError:
            return False

    def fits(self, content: bytes) -> bool:
        """Tell whether some bytes are those that were proven."""
        return len(content) == self.proven.n_bytes and zlib.crc32(content) == self.proven.crc32


def place(content: bytes, target: Path, *, staging: Path) -> None:
    """Write a file aside, read it back, and move it into its place.

    What stood in the place is kept aside until the new file is there and proven, and put back if that
    fails; at every moment the place holds the old or the new.

    `staging` is a folder on the same file system; folders above the place are made. Raises CannotCheckError
    if it cannot be written, as on a full disk; then nothing has changed.
    """
    aside = staging / f"new-{target.name}"
    try:
        aside.write_bytes(content)
        if aside.read_bytes() != content:
            raise CannotCheckError(f"What was written for {target} reads back otherwise.", "Check the disk.")
        target.parent.mkdir(parents=True, exist_ok=True)
        old = _set_aside(target, staging)
        try:
            aside.replace(target)
        except OSError:
            if old is not None and not os.path.lexists(target):
                old.rename(target)
            raise
        _discard(old)
    except OSError as error:
        raise CannotCheckError(f"Cannot write {target}: {error.strerror or error}.") from error
    finally:
        aside.unlink(missing_ok=True)


def _set_aside(target: Path, staging: Path) -> Path | None:
    # A file is linked, so that its name is never without one; a folder must be moved.
    old = staging / f"old-{target.name}"
    if target.is_dir() and not target.is_symlink():
        target.rename(old)
        return old
    if not os.path.lexists(target):
        return None
    os.link(target, old, follow_symlinks=False)
    return old


def _discard(old: Path | None) -> None:
    if old is None:
        return
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    else:
        old.unlink()
