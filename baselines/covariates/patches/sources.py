"""Finding patches: folders, archives, and folders of archives, as one source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.covariates.patches.archive import ArchiveSource
from baselines.covariates.patches.errors import DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.layout import (
    ArchiveName,
    Kind,
    archive_numbers,
    parse_archive_name,
)
from baselines.covariates.patches.reading import PatchSource
from baselines.covariates.patches.scanning import Progress
from baselines.covariates.patches.tree import TreeSource
from scoring.places import region_of_id
from submissions.errors import CannotCheckError

_WHAT_IS_LOOKED_FOR = (
    "Folders such as patches_us/, patches_us_01/ or CD/AB/, and archives such as patches_us_01.tar.gz "
    "or patches_fr_01.zip are looked for."
)

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def open_patches(
    paths: Paths,
    *,
    ids: ArrayLike | None = None,
    index_folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> PatchSource:
    """Open patches wherever they are.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Data roots, folders of a region, archives, or folders that hold archives (themselves, or in
        ``archives/``).
    ids : array-like of int, optional
        The occurrences of interest; archives that by their names hold none of them are left alone.
    index_folder : path-like, optional
        Where indexes of archives are kept; beside each archive by default.
    progress : callable, optional
        Called with the bytes that scans of archives have done since the last call.

    Returns
    -------
    PatchSource
        Extracted files are preferred to archives, and a plain tar or a zip to a tar.gz of the same
        part. Of archives with names that tell region and number, only the one that should hold an
        occurrence is asked.

    Raises
    ------
    CannotCheckError
        If a path does not exist, holds no patches, or an archive cannot be read.
    DamagedArchiveError
        If an archive is not whole.
    """
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not listed:
        raise ValueError("no paths given")
    archives = [archive for path in listed for archive in find_archives(path)]
    folders = [TreeSource(path) for path in listed if Path(path).is_dir()]
    sources: list[PatchSource] = [folder for folder in folders if folder.has_roots()]
    wanted = _of_interest(_fastest(archives), ids)
    sources += [ArchiveSource(archive, index_folder=index_folder, progress=progress) for archive in wanted]
    if not sources:
        names = ", ".join(os.fspath(path) for path in listed)
        if archives:
            text = f"No archive in {names} is, by its name, one of these occurrences."
            raise CannotCheckError(text, "Fetch the archive that holds them: glckit verify-patches names it.")
        raise CannotCheckError(f"There are no patches in {names}.", _WHAT_IS_LOOKED_FOR)
    return sources[0] if len(sources) == 1 else ManySources(sources)


def find_archives(path: str | os.PathLike[str]) -> list[Path]:
    """Return an archive itself, or those that a folder or its ``archives/`` holds, by their names.

    Raises
    ------
    CannotCheckError
        If there is nothing at the path.
    """
    start = Path(path)
    if start.is_file():
        return [start]
    if not start.is_dir():
        raise CannotCheckError(f"There is no file or folder {start}.", "Give the patches or their archives.")
    folders = [folder for folder in (start, start / "archives") if folder.is_dir()]
    found = [file for folder in folders for file in folder.iterdir() if parse_archive_name(file.name)]
    return sorted(file for file in found if file.is_file())


class ManySources:
    """Several sources of patches, asked in order.

    Parameters
    ----------
    sources : sequence of PatchSource
        The sources; the first that has a file is read.
    """

    def __init__(self, sources: Sequence[PatchSource]) -> None:
        self.sources = list(sources)
        self._names = [_archive_name(source) for source in self.sources]
        self._fitting: dict[tuple[str, int], list[PatchSource]] = {}

    def __repr__(self) -> str:
        return f"ManySources({self.sources!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the sources."""
        return type(self), (self.sources,)

    def ids(self) -> NDArray[np.int64]:
        """Return the occurrences with at least one file in a source, ascending."""
        return np.unique(np.concatenate([source.ids() for source in self.sources]))

    def where(self, occurrence_id: int, kind: Kind) -> str:
        """Return where a file is that would be read, or where it is expected first."""
        asked = self._asked(occurrence_id)
        held = (source for source in asked if _holds(source, occurrence_id, kind))
        return next(held, asked[0]).where(occurrence_id, kind)

    def read_into(self, occurrence_id: int, kind: Kind, buffers: Sequence[memoryview]) -> int:
        """Fill buffers with a file of the first source that has it; see `PatchSource.read_into`.

        A file that is there and damaged is an error, also if a later source has a whole one.
        """
        first_error: DamagedPatchError | None = None
        for source in self._asked(occurrence_id):
            try:
                return source.read_into(occurrence_id, kind, buffers)
            except DamagedPatchError as error:
                if error.code != "missing":
                    raise
                first_error = first_error or error
        assert first_error is not None  # _asked returns at least one source
        raise first_error

    def close(self) -> None:
        """Close all sources."""
        for source in self.sources:
            source.close()

    def _asked(self, occurrence_id: int) -> list[PatchSource]:
        key = str(region_of_id(occurrence_id)), int(archive_numbers(occurrence_id))
        if key not in self._fitting:
            pairs = zip(self.sources, self._names, strict=True)
            self._fitting[key] = [source for source, name in pairs if _may_hold(name, *key)]
        return self._fitting[key] or self.sources[:1]


def _holds(source: PatchSource, occurrence_id: int, kind: Kind) -> bool:
    try:
        source.read_into(occurrence_id, kind, [])  # its size alone
    except DamagedPatchError as error:
        return error.code != "missing"
    except UnreadablePatchError:
        pass
    return True


def _fastest(archives: Sequence[Path]) -> list[Path]:
    """Leave out each tar.gz that is also there as a plain tar or a zip."""
    names = {path: parse_archive_name(path.name) for path in archives}
    fast = {(name.region, name.number) for name in names.values() if name and not _is_slow(name)}
    return [
        path
        for path, name in names.items()
        if name is None or not _is_slow(name) or (name.region, name.number) not in fast
    ]


def _of_interest(archives: Sequence[Path], ids: ArrayLike | None) -> list[Path]:
    if ids is None:
        return list(archives)
    array = np.atleast_1d(np.asarray(ids, dtype=np.int64))
    parts = set(zip(region_of_id(array).tolist(), archive_numbers(array).tolist(), strict=True))
    names = {path: parse_archive_name(path.name) for path in archives}
    return [path for path, name in names.items() if any(_may_hold(name, *part) for part in parts)]


def _is_slow(name: ArchiveName) -> bool:
    return name.suffix in (".tar.gz", ".tgz")


def _archive_name(source: PatchSource) -> ArchiveName | None:
    return parse_archive_name(Path(source.path).name) if isinstance(source, ArchiveSource) else None


def _may_hold(name: ArchiveName | None, region: str, number: int) -> bool:
    """Tell whether a source may hold the patches of an archive; one without a telling name may."""
    return name is None or (name.region == region and name.number in (None, number))
