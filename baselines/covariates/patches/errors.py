"""What can be wrong with a patch or an archive while it is read."""

from __future__ import annotations

import os
from typing import Literal

from submissions.errors import BadInputError, CannotCheckError

#: The faults that a reader meets; the words are those of the report of ``verify-patches``.
PatchFault = Literal["missing", "wrong-type", "wrong-size", "bad-header", "checksum", "implausible"]
#: What can be wrong with a whole archive: bytes are lost or doubled, altered, or zeros.
ArchiveFault = Literal["wrong-size", "checksum", "zero-filled"]

_HINTS = {
    "missing": "Extract its archive again, or leave the occurrence out.",
    "implausible": "Run glckit verify-patches; the file does not hold a patch.",
}


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
        super().__init__(f"The patch of occurrence {occurrence_id} is {fate}: {where} {what}.", hint)
        self.code = code
        self.occurrence_id = occurrence_id
        self.where = where
        self.what = what

    def __reduce__(self) -> tuple[type[DamagedPatchError], tuple[PatchFault, int, str, str]]:
        """Let the error cross from a worker process whole."""
        return type(self), (self.code, self.occurrence_id, self.where, self.what)


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
        super().__init__(f"Cannot read {where} of occurrence {occurrence_id}: {why}.")
        self.occurrence_id = occurrence_id
        self.where = where
        self.why = why

    def __reduce__(self) -> tuple[type[UnreadablePatchError], tuple[int, str, str]]:
        """Let the error cross from a worker process whole."""
        return type(self), (self.occurrence_id, self.where, self.why)


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
        super().__init__(f"The archive {name} is damaged: {what}.", "Fetch it again and compare its MD5 sum.")
        self.path = name
        self.what = what
        self.fault = fault

    def __reduce__(self) -> tuple[type[DamagedArchiveError], tuple[str, str, ArchiveFault | None]]:
        """Let the error cross from a worker process whole."""
        return type(self), (self.path, self.what, self.fault)
