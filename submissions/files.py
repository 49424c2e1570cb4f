"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError, UsageError
from submissions.locks import HAS_LOCKS, lock
from submissions.opening import kind_of
from submissions.printable import printable

_TEMPORARY = re.compile(r"\.glckit-[0-9a-f]{12}\..+", re.DOTALL)


@contextlib.contextmanager
def written_atomically(path: str | os.PathLike[str], *, new: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place if the block succeeds.

    It is a new, empty, private file with the same suffixes as `path`, and is removed if the block fails, so
    `path` holds either what it held before or the whole of the new content, also after a kill; what a kill
    leaves beside it is removed by the next who writes there. Parent folders are made. An existing file
    keeps its permissions; a symbolic link is followed, not replaced.

    Parameters
    ----------
    new : bool, default False
        Whether nothing may be replaced, not even what another process wrote meanwhile.

    Raises
    ------
    UsageError
        If `path` exists and `new` is true; the hint is ``--force``.
    CannotCheckError
        If the folder cannot be written to, or `path` is a folder, a FIFO or a device.

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
    if new:
        refuse_existing(path)
    with _temporary_file(target) as temporary:
        yield temporary
        try:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            _move(temporary, target, new=new)
        except FileExistsError:
            raise _exists(path) from None


def refuse_existing(path: str | os.PathLike[str]) -> None:
    """Raise the `UsageError` that names ``--force`` if there is something at a path."""
    if Path(path).exists():
        raise _exists(path)


@contextlib.contextmanager
def folder_written_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new, empty folder beside `path` that takes its place if the block succeeds.

    It is removed if the block fails, or by the next who writes there. Where `path` is a folder already, the
    files are moved into it one by one: each replaces its namesake, and all others stay.

    Raises
    ------
    CannotCheckError
        If the place cannot be written to, `path` is a file, or another process made it meanwhile.
    """
    target = Path(os.path.realpath(path))
    was_there = target.exists()
    with _cannot_write(target), contextlib.ExitStack() as stack:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        temporary = _new_folder(target, stack)
        yield temporary
        _move_into_place(temporary, target, joins=was_there)


@contextlib.contextmanager
def scratch_folder(parent: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new, empty folder in an existing one, for files that are not ready, and remove it at the end.

    Raises
    ------
    CannotCheckError
        If it cannot be made.
    """
    home = Path(parent)
    with contextlib.ExitStack() as stack:
        with _cannot_write(home):
            _remove_abandoned(home)
            folder = _new_folder(home / "scratch", stack)
        yield folder


@contextlib.contextmanager
def _temporary_file(target: Path) -> Iterator[Path]:
    with _cannot_write(target), contextlib.ExitStack() as stack:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            raise OSError(None, f"it is {kind_of(target.stat().st_mode)}")
        _remove_abandoned(target.parent)
        yield _new_file(target, stack)


@contextlib.contextmanager
def _cannot_write(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotCheckError(f"Cannot write {printable(path)}: {error.strerror or error}.") from error


def _exists(path: str | os.PathLike[str]) -> UsageError:
    return UsageError(f"{printable(os.fspath(path))} exists already.", "Choose another name, or say --force.")


def _move(temporary: Path, target: Path, *, new: bool) -> None:
    if not new:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError from None
        temporary.rename(target)


def _move_into_place(temporary: Path, target: Path, *, joins: bool) -> None:
    try:
        temporary.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        if not joins:
            raise FileExistsError(None, "another process made it meanwhile") from None
    else:
        return
    for file in sorted(path for path in temporary.rglob("*") if not path.is_dir()):
        place = target / file.relative_to(temporary)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)


def _new_file(target: Path, stack: contextlib.ExitStack) -> Path:
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666
    while True:
        temporary = _new_name_beside(target)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        if _holds(descriptor, temporary, stack):
            stack.callback(temporary.unlink, missing_ok=True)
            return temporary


def _new_folder(target: Path, stack: contextlib.ExitStack) -> Path:
    while True:
        temporary = _new_name_beside(target)
        temporary.mkdir()
        with contextlib.suppress(FileNotFoundError):  # somebody took it for abandoned
            if _holds(os.open(temporary, os.O_RDONLY), temporary, stack):
                stack.callback(shutil.rmtree, temporary, ignore_errors=True)
                return temporary


def _new_name_beside(target: Path) -> Path:
    # With the target's suffixes, and within the 255 bytes of a name.
    return target.with_name(f".glckit-{secrets.token_hex(6)}.{target.name[-50:]}")


def _holds(descriptor: int, temporary: Path, stack: contextlib.ExitStack) -> bool:
    """Lock a temporary file or folder while the stack is open, which says that its owner lives.

    Return whether it is still there: somebody else may have removed it before it was locked.
    """
    stack.callback(os.close, descriptor)
    with contextlib.suppress(OSError):  # a file system without locks
        lock(descriptor, wait=True)
    return temporary.exists()


def _remove_abandoned(folder: Path) -> None:
    """Remove the temporary files and folders of processes that were killed: those that nobody holds."""
    if not HAS_LOCKS:  # nobody knows
        return
    for entry in folder.iterdir():
        if not _TEMPORARY.fullmatch(entry.name) or entry.is_symlink():
            continue
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            descriptor = os.open(entry, os.O_RDONLY | os.O_NONBLOCK)
            stack.callback(os.close, descriptor)
            lock(descriptor, wait=False)
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
