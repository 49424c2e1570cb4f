"""Patches straight out of an archive, by its index."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.errors import DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.handles import ArchiveHandle, MemberError, open_handle
from baselines.covariates.patches.index import NOT_READABLE, MemberIndex, why_not_inflated
from baselines.covariates.patches.layout import Kind, relative_path
from baselines.covariates.patches.savedindex import load_or_build_index
from submissions.progress import SILENT, Progress


class ArchiveSource:
    """Read patches out of one tar, tar.gz or zip; nothing is extracted.

    The archive is scanned once; see `load_or_build_index`. Raises DamagedArchiveError if the archive is not
    whole; CannotCheckError if the archive cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str], *, progress: Progress = SILENT) -> None:
        self.path = os.fspath(path)
        self.index: MemberIndex = load_or_build_index(path, progress=progress)
        self._handle: ArchiveHandle = open_handle(self.path, self.index)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the path alone: another process loads the index and opens the file itself."""
        return type(self), (self.path,)

    @property
    def paths(self) -> tuple[str, ...]:
        """The archive."""
        return (self.path,)

    def ids(self) -> NDArray[np.int64]:
        """Return the occurrences with at least one file in its right place, ascending."""
        return self.index.ids()

    def where(self, occurrence_id: int, kind: Kind) -> str:
        """Return the archive and the member of a file."""
        row = self.index.row_of(occurrence_id, kind)
        member = relative_path(occurrence_id, kind) if row is None else self.index.member(row).path
        return f"{self.path}:{member}"

    def read_into(self, occurrence_id: int, kind: Kind, buffers: Sequence[memoryview]) -> int:
        """Fill buffers with a file and return its size; see `PatchSource.read_into`."""
        row = self.index.row_of(occurrence_id, kind)
        if row is None:
            where = self.where(occurrence_id, kind)
            raise DamagedPatchError("missing", occurrence_id, where, "is not there")
        member = self.index.member(row)
        where = f"{self.path}:{member.path}"
        if member.method == NOT_READABLE:
            raise DamagedPatchError(
                "wrong-type", occurrence_id, where, "is a link, encrypted, or no plain file"
            )
        if (why := why_not_inflated(member.method)) is not None:
            raise DamagedPatchError("bad-header", occurrence_id, where, f"is {why}")
        if member.n_bytes == sum(map(len, buffers)):
            try:
                self._handle.read_into(member, buffers)
            except MemberError as error:
                raise DamagedPatchError("checksum", occurrence_id, where, str(error)) from error
            except OSError as error:
                raise UnreadablePatchError(occurrence_id, where, error.strerror or str(error)) from error
        return member.n_bytes

    def close(self) -> None:
        """Close the archive; a later read opens it again."""
        self._handle.close()
