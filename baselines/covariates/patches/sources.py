"""Patches wherever they are, extracted or in archives, as one source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.covariates.patches.archive import ArchiveSource
from baselines.covariates.patches.errors import DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.finding import (
    archives_for,
    find_archives,
    find_roots,
    no_patches,
    scope_of_folder,
)
from baselines.covariates.patches.layout import Kind, Scope, archive_numbers, scope_of_archive
from baselines.covariates.patches.reading import PatchSource
from baselines.covariates.patches.tree import TreeSource
from scoring.places import region_of_id
from submissions.errors import CannotCheckError
from submissions.progress import SILENT, Progress

_SLOW = (".tar.gz", ".tgz")

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def open_patches(
    paths: Paths,
    *,
    ids: ArrayLike | None = None,
    progress: Progress = SILENT,
) -> PatchSource:
    """Open patches wherever they are.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Data folders, folders of a region, archives, or folders that hold archives (themselves, or in
        ``archives/``).
    ids : array-like of int, optional
        The occurrences of interest; archives that by their names hold none of them are left alone.
    progress : Progress
        Told of the scans of archives, in bytes.

    Returns
    -------
    PatchSource
        Extracted files are preferred to archives, and a plain tar or a zip to a tar.gz of the same
        patches. Of archives with names that tell region and number, only the one that should hold an
        occurrence is asked.

    Raises
    ------
    CannotCheckError
        If a path does not exist, holds no patches, or an archive cannot be read.
    DamagedArchiveError
        If an archive is not whole.
    """
    named = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not named:
        raise ValueError("no paths given")
    archives = [archive for path in named for archive in find_archives(path) if Path(archive).is_file()]
    sources: list[PatchSource] = list(open_trees(named))
    wanted = _fastest(archives) if ids is None else archives_for(_fastest(archives), ids)
    sources += [ArchiveSource(archive, progress=progress) for archive in wanted]
    if not sources:
        if archives:
            names = ", ".join(os.fspath(path) for path in named)
            text = f"No archive in {names} is, by its name, one of these occurrences."
            raise CannotCheckError(text, "Fetch the archive that holds them: glckit verify-patches names it.")
        raise no_patches(named)
    return sources[0] if len(sources) == 1 else ManySources(sources)


def open_trees(paths: Sequence[str | os.PathLike[str]]) -> list[TreeSource]:
    """Open the extracted patches below some paths, and no archive."""
    return [TreeSource(path) for path in paths if find_roots(path)]


class ManySources:
    """Several sources of patches, asked in order; the first that has a file is read."""

    def __init__(self, sources: Sequence[PatchSource]) -> None:
        self.sources = list(sources)
        self._scopes = [_scope_of(source) for source in self.sources]
        self._fitting: dict[tuple[str, int], list[PatchSource]] = {}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the sources."""
        return type(self), (self.sources,)

    @property
    def paths(self) -> tuple[str, ...]:
        """The folders and archives of all sources."""
        return tuple(path for source in self.sources for path in source.paths)

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
        missing: list[tuple[PatchSource, DamagedPatchError]] = []
        for source in self._asked(occurrence_id):
            try:
                return source.read_into(occurrence_id, kind, buffers)
            except DamagedPatchError as error:
                if error.code != "missing":
                    raise
                missing.append((source, error))
        # _asked returns at least one source. Where people look is the folder of the region.
        raise next((error for source, error in missing if _is_of(source, occurrence_id)), missing[0][1])

    def close(self) -> None:
        """Close all sources."""
        for source in self.sources:
            source.close()

    def _asked(self, occurrence_id: int) -> list[PatchSource]:
        key = str(region_of_id(occurrence_id)), int(archive_numbers(occurrence_id))
        if key not in self._fitting:
            pairs = zip(self.sources, self._scopes, strict=True)
            self._fitting[key] = [source for source, scope in pairs if scope.holds(*key)]
        return self._fitting[key] or self.sources[:1]


def _is_of(source: PatchSource, occurrence_id: int) -> bool:
    """Tell whether a source is a folder whose name says that it has patches such as that of an occurrence."""
    scope = scope_of_folder(source.folder) if isinstance(source, TreeSource) else None
    key = str(region_of_id(occurrence_id)), int(archive_numbers(occurrence_id))
    return scope is not None and scope.holds(*key)


def _holds(source: PatchSource, occurrence_id: int, kind: Kind) -> bool:
    try:
        source.read_into(occurrence_id, kind, [])  # its size alone
    except DamagedPatchError as error:
        return error.code != "missing"
    except UnreadablePatchError:
        pass
    return True


def _fastest(archives: Sequence[str]) -> list[str]:
    """Leave out each tar.gz that is also there as a plain tar or a zip."""
    scopes = {archive: scope_of_archive(archive) for archive in archives}
    fast = {scope for archive, scope in scopes.items() if scope and not archive.endswith(_SLOW)}
    return [archive for archive, scope in scopes.items() if not archive.endswith(_SLOW) or scope not in fast]


def _scope_of(source: PatchSource) -> Scope:
    """Return which patches a source may hold; without a telling name, any."""
    return (scope_of_archive(source.path) if isinstance(source, ArchiveSource) else None) or Scope()
