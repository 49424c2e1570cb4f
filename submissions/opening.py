"""Opening files without waiting: what stands under a name need not be a file."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO would wait for its writer for ever
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a character device",
}


class NoFileError(OSError):
    """There is something under a name, but no file; `what` says what, such as ``"a FIFO"``."""

    def __init__(self, path: str | os.PathLike[str], what: str) -> None:
        super().__init__(errno.EINVAL, f"it is {what}, not a file", os.fspath(path))
        self.what = what


def kind_of(mode: int) -> str:
    """Return what something that is no file is, by the mode of its status.

    Examples
    --------
    >>> kind_of(stat.S_IFIFO | 0o644)
    'a FIFO'
    """
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")


def open_file(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a regular file for reading, whatever stands under its name.

    Raises NoFileError at once for a folder, a FIFO, a socket, a device or a link that leads nowhere; any
    other OSError as the system does.
    """
    status = _status(path)
    if not stat.S_ISREG(status.st_mode):  # before it is opened, which rewinds a tape or starts a watchdog
        raise NoFileError(path, kind_of(status.st_mode))
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoFileError(path, "no longer a file")
    return os.fdopen(descriptor, "rb")


def _status(path: str | os.PathLike[str]) -> os.stat_result:
    try:
        return Path(path).stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NoFileError(path, "a loop of links") from error
        if error.errno == errno.ENOENT and Path(path).is_symlink():
            raise NoFileError(path, "a link to nothing") from error
        raise
