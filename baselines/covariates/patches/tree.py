"""Patches as extracted files."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.errors import DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.finding import find_roots, ids_below, listable_ids_below, roots_for
from baselines.covariates.patches.handles import read_fully
from baselines.covariates.patches.layout import Kind, archive_numbers, file_name, folder_of_id
from scoring.places import region_of_id
from submissions.errors import CannotCheckError

_ABSENT = {errno.ENOENT, errno.ENOTDIR}
_NOT_FILES = {errno.EISDIR, errno.ELOOP, errno.ENXIO}  # a folder, a loop of links, a socket


class TreeSource:
    """Read extracted patches from the roots that a folder is or holds.

    Raises CannotCheckError if there is no such folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise CannotCheckError(f"There is no folder {self.folder}.", "Give the folder of the patches.")
        self._bases: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """The folder."""
        return (os.fspath(self.folder),)

    def ids(self) -> NDArray[np.int64]:
        """Return the occurrences with at least one file in its right place, ascending."""
        found = [ids_below(root) for root in find_roots(self.folder)]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))

    def listable_ids(self) -> NDArray[np.int64]:
        """Return the same of the folders that can be listed, for whoever knows of the others."""
        found = [listable_ids_below(root) for root in find_roots(self.folder)]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))

    def where(self, occurrence_id: int, kind: Kind) -> str:
        """Return the path of a file, or where it is expected first."""
        paths = self._candidates(occurrence_id, kind)
        return next((path for path in paths if os.path.lexists(path)), paths[0])

    def read_into(self, occurrence_id: int, kind: Kind, buffers: Sequence[memoryview]) -> int:
        """Fill buffers with a file and return its size; see `PatchSource.read_into`."""
        for path in self._candidates(occurrence_id, kind):
            try:
                return _read_file(path, buffers)
            except OSError as error:
                if error.errno in _ABSENT:
                    continue
                if error.errno in _NOT_FILES:
                    raise DamagedPatchError("wrong-type", occurrence_id, path, "is not a file") from error
                raise UnreadablePatchError(occurrence_id, path, error.strerror or str(error)) from error
        raise self._absent(occurrence_id, kind)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _absent(self, occurrence_id: int, kind: Kind) -> DamagedPatchError:
        path = self.where(occurrence_id, kind)
        if os.path.lexists(path):  # there is a name, yet nothing behind it
            return DamagedPatchError("wrong-type", occurrence_id, path, "is a link to nothing")
        return DamagedPatchError("missing", occurrence_id, path, "is not there")

    def _candidates(self, occurrence_id: int, kind: Kind) -> list[str]:
        folder = folder_of_id(occurrence_id)
        bases = self._bases_of(occurrence_id, folder)
        return [f"{base}/{folder}/{file_name(occurrence_id, kind)}" for base in bases]

    def _bases_of(self, occurrence_id: int, folder: str) -> tuple[str, ...]:
        region, cd = str(region_of_id(occurrence_id)), folder.partition("/")[0]
        if (region, cd) not in self._bases:
            roots = roots_for(self.folder, (region, int(archive_numbers(occurrence_id))))
            found = tuple(root.path for root in roots if os.path.isdir(f"{root.path}/{cd}"))  # noqa: PTH112
            if not found:  # not remembered: the folder may be extracted later
                return (roots[0].path if roots else str(self.folder),)
            self._bases[region, cd] = found
        return self._bases[region, cd]


def _read_file(path: str, buffers: Sequence[memoryview]) -> int:
    # Not blocking: a FIFO under the name would wait for a writer for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        expected = sum(map(len, buffers))
        # One byte more than expected tells a longer file without asking for its size.
        if os.readv(handle, [*buffers, bytearray(1)]) == expected:
            return expected
        return _size_and_rest(handle, buffers, expected)
    finally:
        os.close(handle)


def _size_and_rest(handle: int, buffers: Sequence[memoryview], expected: int) -> int:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "not a file")
    if status.st_size == expected and not read_fully(handle, buffers, 0):
        raise OSError(errno.EIO, "the file ended early while it was read")
    return status.st_size
