"""What can be wrong with a patch or an archive while it is read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Literal

from submissions.errors import BadInputError, CannotCheckError
from submissions.printable import printable

#: The faults that a reader meets; the words are those of the report of ``verify-patches``.
PatchFault = Literal["missing", "wrong-type", "wrong-size", "bad-header", "checksum", "implausible"]
#: What can be wrong with a whole archive: bytes are lost or doubled, altered, or zeros.
ArchiveFault = Literal["wrong-size", "checksum", "zero-filled"]

_HINTS = {
    "missing": "Extract its archive again, or leave the occurrence out.",
    "implausible": "Run glckit verify-patches; the file does not hold a patch.",
}


@contextlib.contextmanager
def readable(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system says of a file that is read into a CannotCheckError that names the file."""
    try:
        yield
    except OSError as error:
        raise CannotCheckError(f"Cannot read {printable(path)}: {error.strerror or error}.") from error


class DamagedPatchError(BadInputError):
    """A file of a patch is absent or not what it must be, so the patch cannot be used (exit 1).

    Parameters
    ----------
    where : str
        The file, or the archive and its member.
    what : str
        What was found and expected, in words that go on after the file's name.
    """

    def __init__(self, code: PatchFault, occurrence_id: int, where: str, what: str) -> None:
        hint = _HINTS.get(code, "Run glckit verify-patches, then extract what it names again.")
        fate = "missing" if code == "missing" else "damaged"
        super().__init__(
            f"The patch of occurrence {occurrence_id} is {fate}: {printable(where)} {what}.", hint
        )
        self.args = code, occurrence_id, where, what  # by which it crosses from a worker process whole
        self.code = code
        self.occurrence_id = occurrence_id
        self.where = where
        self.what = what


class UnreadablePatchError(CannotCheckError):
    """A file of a patch cannot be read: no permission, an input/output error (exit 3).

    Parameters
    ----------
    where : str
        The file, or the archive and its member.
    why : str
        What the system said.
    """

    def __init__(self, occurrence_id: int, where: str, why: str) -> None:
        super().__init__(f"Cannot read {printable(where)} of occurrence {occurrence_id}: {why}.")
        self.args = occurrence_id, where, why  # by which it crosses from a worker process whole
        self.occurrence_id = occurrence_id
        self.where = where
        self.why = why


class DamagedArchiveError(BadInputError):
    """An archive is not whole, or is no archive of a known form (exit 1).

    Parameters
    ----------
    what : str
        What is wrong, in words that go on after the archive's name.
    fault : str, optional
        How it is damaged; None if its form is unknown or its gzip stream cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str], what: str, fault: ArchiveFault | None = None) -> None:
        name = os.fspath(path)
        super().__init__(
            f"The archive {printable(name)} is damaged: {what}.", "Fetch it again and compare its MD5 sum."
        )
        self.args = name, what, fault  # by which it crosses from a worker process whole
        self.path = name
        self.what = what
        self.fault = fault
