"""A private folder for files that are not yet proven, cleaned up after whoever died with one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError
from submissions.locks import folder_locked

_PREFIX = ".glckit-"


@contextlib.contextmanager
def staging_folder(parent: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder for unproven files in another, on the file system of their final places.

    The folder is locked while its owner lives; what processes that were killed have left is removed first.
    Files are moved out of it once they are proven, and what stays is removed. Raises CannotCheckError if it
    cannot be made.
    """
    home = Path(parent)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with folder_locked(home):
            # Nobody can take the new folder for an abandoned one before it is locked.
            _remove_abandoned(home)
            folder = home / f"{_PREFIX}{secrets.token_hex(6)}"
            folder.mkdir()
            lock = contextlib.ExitStack()
            lock.enter_context(folder_locked(folder))
    except OSError as error:
        raise CannotCheckError(f"Cannot write to {home}: {error.strerror or error}.") from error
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(home: Path) -> None:
    for folder in home.glob(f"{_PREFIX}*"):
        absent = (FileNotFoundError, NotADirectoryError)
        with contextlib.suppress(BlockingIOError, *absent), folder_locked(folder, wait=False):
            shutil.rmtree(folder, ignore_errors=True)
