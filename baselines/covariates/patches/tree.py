"""Patches as extracted files."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.errors import DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.layout import (
    N_ARCHIVES,
    Kind,
    archive_numbers,
    file_name,
    folder_of_id,
    folders_of_ids,
    parse_names,
    region_and_number,
    roots,
)
from scoring.places import REGIONS, region_of_id
from submissions.errors import CannotCheckError

_ROOTS = sorted({root for region in REGIONS for n in range(1, N_ARCHIVES + 1) for root in roots(region, n)})
_ABSENT = {errno.ENOENT, errno.ENOTDIR}
_NOT_FILES = {errno.EISDIR, errno.ELOOP, errno.ENXIO}  # a folder, a loop of links, a socket


class TreeSource:
    """Read patches from a data root, or from the folder of a region or of one archive.

    Parameters
    ----------
    folder : path-like
        Holds ``patches_us/``, ``patches_us_01/`` and the like, or ``CD/AB/`` directly.

    Raises
    ------
    CannotCheckError
        If there is no such folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise CannotCheckError(f"There is no folder {self.folder}.", "Give the folder of the patches.")
        self._bases: dict[tuple[str, str], tuple[str, ...]] = {}

    def __repr__(self) -> str:
        return f"TreeSource({str(self.folder)!r})"

    def has_roots(self) -> bool:
        """Tell whether any folder is here in which patches may lie."""
        return any((self.folder / root).is_dir() for root in _ROOTS) or bool(_digit_folders(self.folder))

    def ids(self) -> NDArray[np.int64]:
        """Return the occurrences with at least one file in its right place, ascending."""
        found = [_ids_below(self.folder, root) for root in ("", *_ROOTS) if (self.folder / root).is_dir()]
        return np.unique(np.concatenate(found))

    def where(self, occurrence_id: int, kind: Kind) -> str:
        """Return the path of a file, or where it is expected first."""
        paths = self._candidates(occurrence_id, kind)
        return next((path for path in paths if os.path.lexists(path)), paths[0])

    def read_into(self, occurrence_id: int, kind: Kind, buffers: Sequence[memoryview]) -> int:
        """Fill buffers with a file and return its size; see `PatchSource.read_into`."""
        for path in self._candidates(occurrence_id, kind):
            try:
                return _read_file(path, buffers)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno in _ABSENT:
                    continue
                raise _as_patch_error(error, occurrence_id, path) from error
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
        region = str(region_of_id(occurrence_id))
        key = region, folder.partition("/")[0]
        if key not in self._bases:
            possible = roots(region, int(archive_numbers(occurrence_id))) if region in REGIONS else ()
            bases = [*(str(self.folder / root) for root in possible), str(self.folder)]
            found = tuple(base for base in bases if Path(base, key[1]).is_dir())
            if not found:  # not remembered: the folder may be extracted later
                return (bases[0],)
            self._bases[key] = found
        return self._bases[key]


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
    if status.st_size == expected:  # a read that stopped short, as network file systems may
        os.lseek(handle, 0, os.SEEK_SET)
        for buffer in buffers:
            _read_all(handle, buffer)
    return status.st_size


def _read_all(handle: int, buffer: memoryview) -> None:
    filled = 0
    while filled < len(buffer):
        n_read = os.readv(handle, [buffer[filled:]])
        if n_read == 0:
            raise OSError(errno.EIO, "the file ended early while it was read")
        filled += n_read


def _as_patch_error(
    error: OSError, occurrence_id: int, path: str
) -> DamagedPatchError | UnreadablePatchError:
    if error.errno in _NOT_FILES:
        return DamagedPatchError("wrong-type", occurrence_id, path, "is not a file")
    return UnreadablePatchError(occurrence_id, path, error.strerror or str(error))


def _ids_below(folder: Path, root: str) -> NDArray[np.int64]:
    """Return the ids of the files of one root that stand in their places."""
    ids, folders = _listed(folder / root)
    region, number = region_and_number(root)
    in_place = (ids >= 0) & (folders_of_ids(np.maximum(ids, 0)) == folders)
    if region is not None:
        in_place &= region_of_id(ids) == region
    if number is not None:
        in_place &= archive_numbers(np.maximum(ids, 0)) == number
    return np.asarray(ids[in_place])


def _listed(base: Path) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return the ids that the names of files tell, and the folder of each below `base`."""
    names: list[str] = []
    folders: list[str] = []
    for folder in _folders_below(base):
        found = os.listdir(base / folder)  # noqa: PTH208 - names alone; Path.iterdir makes objects
        names += found
        folders += [folder] * len(found)
    return parse_names(names)[0], np.array(folders, dtype=np.str_)


def _folders_below(base: Path) -> Iterator[str]:
    for outer in _digit_folders(base):
        yield outer
        yield from (f"{outer}/{inner}" for inner in _digit_folders(base / outer))


def _digit_folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if len(e.name) <= 2 and e.name.isdigit() and e.is_dir())
