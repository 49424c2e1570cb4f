"""Locks between processes: who is at work in a folder, and on a file that is being written."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError
from submissions.printable import printable
from submissions.progress import SILENT, Progress

try:
    import fcntl
except ImportError:  # no such locks on Windows, where folders cannot be opened like this either
    fcntl = None  # type: ignore[assignment]

# What file systems without locks answer.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)

#: Whether this system has them.
HAS_LOCKS = fcntl is not None


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
        lock(descriptor, wait=wait)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def folder_claimed(
    folder: str | os.PathLike[str], *, progress: Progress = SILENT, wait: bool = True
) -> Iterator[int]:
    """Hold the lock of an existing folder; where another process has it, say which, and wait or give up.

    Yields its descriptor, or -1 on a file system that knows no locks: work goes on without.

    Raises
    ------
    CannotCheckError
        If another process holds it and `wait` is false, or the folder cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        try:
            try:
                claimed = stack.enter_context(folder_locked(folder, wait=False))
            except BlockingIOError:
                busy = f"{holder(folder)} is at work in {printable(folder)}."
                if not wait:
                    raise CannotCheckError(busy, "Try again when it has ended.") from None
                progress.say(f"Waiting: {busy}")
                claimed = stack.enter_context(folder_locked(folder))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise CannotCheckError(
                    f"Cannot open {printable(folder)}: {error.strerror or error}."
                ) from error
            claimed = -1
        yield claimed


def lock(descriptor: int, *, wait: bool) -> None:
    """Take the lock of an open file or folder; BlockingIOError if another has it and `wait` is false."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def holder(path: str | os.PathLike[str]) -> str:
    """Return what can be said of the process that holds the lock of a file or folder.

    Linux tells its number and command line; elsewhere it is just another process.
    """
    try:
        status = Path(path).stat()
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        # 3: FLOCK  ADVISORY  WRITE 4711 fd:01:131 0 EOF
        pid = next(words[4] for words in lines if words[1] == "FLOCK" and words[5] == place)
        command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except (OSError, StopIteration, IndexError, ValueError):
        return "Another process"
    return f"Process {pid} ({printable(_shortened(command))})"


def _shortened(command: list[bytes]) -> str:
    """Return a command line as it may have been typed: ``glckit score a.csv``.

    Examples
    --------
    >>> _shortened([b"/usr/bin/python", b"-P", b"/usr/bin/glckit", b"score", b"a.csv"])
    'glckit score a.csv'
    """
    words = [word.decode("utf-8", "surrogateescape") for word in command]
    names = [Path(word).name for word in words]
    start = next((i for i, name in enumerate(names) if name == "glckit"), None)
    return shlex.join(["glckit", *words[start + 1 :]] if start is not None else words)
