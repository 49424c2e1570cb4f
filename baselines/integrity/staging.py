"""A private folder for files that are not yet proven, cleaned up after whoever died with one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError

_PREFIX = ".glckit-"


@contextlib.contextmanager
def staging_folder(parent: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder for unproven files, on the file system of their final places.

    The folder is locked while its owner lives; what processes that were killed have left is removed
    first. Files are moved out of it once they are proven, and what stays is removed.

    Parameters
    ----------
    parent : path-like
        Where to make it; made if absent.

    Yields
    ------
    Path
        A new, empty folder.

    Raises
    ------
    CannotCheckError
        If it cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with staging_folder(home) as folder:
    ...     _ = (folder / "a").write_text("proven")
    ...     _ = (folder / "a").replace(home / "a")
    >>> [path.name for path in home.iterdir()]
    ['a']
    """
    home = Path(parent)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home, wait=True):
            # Nobody can take the new folder for an abandoned one before it is locked.
            _remove_abandoned(home)
            folder = home / f"{_PREFIX}{secrets.token_hex(6)}"
            folder.mkdir()
            lock = contextlib.ExitStack()
            lock.enter_context(_locked(folder, wait=True))
    except OSError as error:
        raise CannotCheckError(f"Cannot write to {home}: {error.strerror or error}.") from error
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def is_staging(name: str) -> bool:
    """Tell whether a name is that of a staging folder."""
    return name.startswith(_PREFIX)


def _remove_abandoned(home: Path) -> None:
    for folder in home.glob(f"{_PREFIX}*"):
        with contextlib.suppress(BlockingIOError, FileNotFoundError, NotADirectoryError), _locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    # The system lets go of the lock when the process ends, however it does.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, wait=wait)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows, where folders cannot be opened like this either
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
