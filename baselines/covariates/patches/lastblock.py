"""A file that remembers what was read last, for tarfile does not say why it stopped."""

from __future__ import annotations

from typing import BinaryIO


class LastBlockFile:
    """Read a file for tarfile, and keep the block that it read last.

    Parameters
    ----------
    file : BinaryIO
        The file, read and positioned through this object alone.

    Attributes
    ----------
    file : BinaryIO
        The file.
    last : bytes
        What the last read gave.

    Examples
    --------
    >>> import io
    >>> blocks = LastBlockFile(io.BytesIO(b"abc"))
    >>> blocks.read(2), blocks.last
    (b'ab', b'ab')
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.last = b""
        self.tell = file.tell
        self.seek = file.seek

    def read(self, n_bytes: int = -1) -> bytes:
        """Return at most `n_bytes` bytes, or all that are left."""
        self.last = self.file.read(n_bytes)
        return self.last
