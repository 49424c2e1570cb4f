"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError


@contextlib.contextmanager
def written_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place if the block succeeds.

    It is a new, empty, private file with the same suffixes as `path`, and is removed if the block fails, so
    `path` holds either what it held before or the whole of the new content, also after a kill. Parent
    folders are made. An existing file keeps its permissions; a symbolic link is followed, not replaced.

    Raises
    ------
    CannotCheckError
        If the folder cannot be written to, or `path` is a folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with written_atomically(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text(), [entry.name for entry in folder.iterdir()]
    ('whole', ['a.txt'])
    """
    target = Path(os.path.realpath(path))
    temporary = _new_file_beside(target)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise CannotCheckError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_written_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new, empty folder beside `path` that takes its place if the block succeeds.

    It is removed if the block fails. Where `path` is a folder already, the files are moved into it one by
    one: each replaces its namesake, and all others stay.

    Raises
    ------
    CannotCheckError
        If the place cannot be written to, or `path` is a file.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{secrets.token_hex(6)}.{target.name}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _move_into_place(temporary, target)
    except OSError as error:
        raise CannotCheckError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def folder_locked(folder: str | os.PathLike[str], *, wait: bool = True) -> Iterator[int]:
    """Hold the lock of an existing folder, and yield its descriptor; on Windows there is none to hold.

    The system lets go of the lock when all processes that have the descriptor open end, however they do.

    Raises
    ------
    BlockingIOError
        If another process holds it and `wait` is false.
    OSError
        If the folder cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, folder_locked(folder):
    ...     try:
    ...         with folder_locked(folder, wait=False):
    ...             print("never seen")
    ...     except BlockingIOError:
    ...         print("held")
    held
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, wait=wait)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows, where folders cannot be opened like this either
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _move_into_place(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    for file in sorted(path for path in temporary.rglob("*") if not path.is_dir()):
        place = target / file.relative_to(temporary)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)


def _new_file_beside(target: Path) -> Path:
    name = f".{secrets.token_hex(6)}.{target.name}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        temporary = target.with_name(name)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except OSError as error:
        raise CannotCheckError(f"Cannot write {target}: {error.strerror or error}.") from error
    return temporary
