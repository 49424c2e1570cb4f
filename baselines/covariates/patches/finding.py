"""Finding patches and their archives: one rule for all who read, verify or mend them.

Patches are extracted into roots: ``patches_us/``, ``patches_us_NN/`` or ``patches_us/patches_us_NN/`` below
a data folder, likewise for ``fr``, or ``CD/AB/`` without any. Archives lie in the data folder or in its
``archives/``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.layout import (
    ARCHIVE_SUFFIXES,
    N_ARCHIVES,
    SCOPES,
    Scope,
    archive_numbers,
    folders_of_ids,
    parse_names,
    roots,
    scope_of_archive,
    scope_of_root,
)
from baselines.covariates.patches.scanning import form_of_archive
from scoring.places import REGIONS, region_of_id
from submissions.errors import CannotCheckError, UsageError
from submissions.printable import printable

PathLike = str | os.PathLike[str]
#: Region and number of an archive.
ArchiveKey = tuple[str, int]

_KEYS = [(region, number) for region in REGIONS for number in range(1, N_ARCHIVES + 1)]
_ROOTS = tuple(dict.fromkeys(root for key in sorted(_KEYS) for root in roots(*key)))


@dataclass(frozen=True)
class Root:
    """A folder below which patches lie in ``CD/AB``."""

    path: str
    scope: Scope


@dataclass(frozen=True)
class Found:
    """What there is below some paths.

    Parameters
    ----------
    trees : tuple of str
        Those paths that hold extracted patches.
    archives : tuple of str
        Archives that were named.
    instead : mapping of str to set of (str, int)
        Further archives, and what is to be looked for in them, since no tree holds it.
    due : frozenset of Scope
        What should be there, extracted or in archives: of a folder everything, of an archive that is
        named what is in it.
    """

    trees: tuple[str, ...]
    archives: tuple[str, ...]
    instead: Mapping[str, Set[ArchiveKey]] = field(default_factory=dict)
    due: frozenset[Scope] = frozenset()


def find_patches(paths: Sequence[PathLike], *, archives: PathLike | None = None) -> Found:
    """Find the extracted patches below some paths, and archives for what is not extracted.

    A folder without extracted patches stands for its archives. In another, an archive counts only if no
    root holds patches of its region and number; so it does in the folder `archives`, if one is given. Raises
    CannotCheckError if there is nothing at a path, no patches, or a folder cannot be listed.
    """
    trees: list[str] = []
    named: list[str] = []
    spare = [] if archives is None or not os.path.isdir(archives) else find_archives(archives)  # noqa: PTH112
    for path in paths:
        inside = find_archives(path)
        if find_roots(path):
            trees.append(os.fspath(path))
            spare += inside
        elif inside:
            named += inside
        else:
            raise no_patches([path])
    further = dict.fromkeys(archive for archive in spare if archive not in named)
    folders = [path for path in paths if Path(path).is_dir()]
    due = frozenset(scope for folder in folders for scope in scopes_of_folder(folder))
    return Found(tuple(trees), tuple(named), _instead(trees, further) if trees and further else {}, due)


def find_roots(path: PathLike) -> list[Root]:
    """Return the roots of patches that a folder is or holds, none for a file.

    Raises CannotCheckError if the folder cannot be listed.
    """
    named = [root for root in _possible_roots(path, _ROOTS) if os.path.isdir(root.path)]  # noqa: PTH112 - many
    if scope_of_folder(path) is None and Path(path).is_dir() and any(digit_folders(path)):
        named.append(Root(os.fspath(path), Scope()))
    return named


def find_archives(path: PathLike) -> list[str]:
    """Return an archive itself, or those that a folder or its ``archives/`` holds, by their names.

    What bears the name of an archive is one, also if it is no file: the check says so. The folder of a
    region that cannot be listed holds patches, as far as anybody can tell. Raises CannotCheckError if there
    is nothing at the path, or another folder cannot be listed; UsageError for a file that is no archive by
    its name and its content, such as a file of a patch.
    """
    start = Path(path)
    if os.path.lexists(start) and (not start.is_dir() or scope_of_archive(start) is not None):
        _refuse_single_file(start)
        return [os.fspath(path)]
    if not start.is_dir():
        raise CannotCheckError(f"There is no file or folder {start}.", "Give the patches or their archives.")
    if scope_of_folder(path) is not None and not os.access(path, os.R_OK | os.X_OK):
        return []
    folders = [folder for folder in (start, start / "archives") if folder.is_dir()]
    found = [entry for folder in folders for entry in listed(folder) if scope_of_archive(entry.name)]
    return sorted(entry.path for entry in found)


def _refuse_single_file(path: Path) -> None:
    if path.name.endswith(ARCHIVE_SUFFIXES) or not path.is_file():
        return
    try:
        form_of_archive(path)
    except DamagedArchiveError as error:
        raise UsageError(
            f"{printable(path)} is a single file, and no archive.",
            "Name a folder of patches, such as patches_us/, or an archive, such as patches_us_01.tar.gz.",
        ) from error


def roots_for(path: PathLike, key: ArchiveKey) -> list[Root]:
    """Return where below a folder the patches of an archive of a region may lie, there or not."""
    possible = roots(*key) if key[0] in REGIONS else ()
    bare = [] if scope_of_folder(path) else [Root(os.fspath(path), Scope())]
    return [root for root in _possible_roots(path, possible) if root.scope.holds(*key)] + bare


def archives_for(archives: Iterable[str], ids: ArrayLike) -> list[str]:
    """Return the archives that by their names may hold some occurrences; one without a telling name may."""
    array = np.atleast_1d(np.asarray(ids, dtype=np.int64))
    keys = set(zip(region_of_id(array).tolist(), archive_numbers(array).tolist(), strict=True))
    scopes = {archive: scope_of_archive(archive) or Scope() for archive in archives}
    return [archive for archive, scope in scopes.items() if any(scope.holds(*key) for key in keys)]


def scope_of_folder(path: PathLike) -> Scope | None:
    """Return what the name of a folder says of its patches, or None if it is that of no root.

    A link counts by its own name; only a path that ends in no name is followed.
    """
    own = Path(path)
    return SCOPES.get(own.name if own.name not in ("", "..") else own.resolve().name)


def scopes_of_folder(path: PathLike) -> list[Scope]:
    """Return whose patches a folder should hold: those that its name says, or those of all regions."""
    own = scope_of_folder(path)
    return [Scope(region) for region in REGIONS] if own is None else [own]


def data_folder_of(path: PathLike) -> Path:
    """Return the data folder of a path: the path itself, or the folder that holds it if that is a root.

    Examples
    --------
    >>> data_folder_of("data/patches_us").as_posix(), data_folder_of("data").as_posix()
    ('data', 'data')
    """
    return Path(path) if scope_of_folder(path) is None else Path(path).parent


def ids_below(root: Root) -> NDArray[np.int64]:
    """Return the ids of the files of a root that stand in their places, one for each file.

    Raises CannotCheckError if a folder cannot be listed.
    """
    return np.concatenate([np.empty(0, dtype=np.int64), *_ids_by_folder(root)])


def listable_ids_below(root: Root) -> NDArray[np.int64]:
    """Return the same of the folders that can be listed, for whoever knows of the others."""
    return np.concatenate([np.empty(0, dtype=np.int64), *_ids_by_folder(root, skipped=(CannotCheckError,))])


def listed(folder: PathLike) -> list[os.DirEntry[str]]:
    """Return what is in a folder, by name.

    Raises CannotCheckError if it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise _not_listable(folder, error) from error


def is_digit_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder that is named as CD or AB are."""
    return len(entry.name) <= 2 and entry.name.isascii() and entry.name.isdigit() and entry.is_dir()


def digit_folders(folder: PathLike) -> list[str]:
    """Return the names of the folders in a folder that are named as CD or AB are."""
    return [entry.name for entry in listed(folder) if is_digit_folder(entry)]


def no_patches(paths: Sequence[PathLike]) -> CannotCheckError:
    """Return the error that says that there are no patches at some paths, and what is looked for."""
    named = ", ".join(printable(_with_a_name(path)) for path in paths)
    return CannotCheckError(
        f"There are no patches in {named}.",
        "Folders such as patches_us/, patches_us_01/ or CD/AB/, and archives such as patches_us_01.tar.gz "
        "or patches_fr_01.zip are looked for.",
    )


def _with_a_name(path: PathLike) -> str:
    # A full stop behind "." would be read as "..".
    return os.fspath(path) if Path(path).name not in ("", "..") else os.path.realpath(path)


def _possible_roots(path: PathLike, names: Iterable[str]) -> Iterator[Root]:
    """Yield what some roots of a data folder are below a path, which may be a root itself."""
    start, own = os.fspath(path), scope_of_folder(path)
    if own is not None:
        yield Root(start, own)
    for name in names:
        scope = scope_of_root(name) or Scope()
        if own is None or ("/" not in name and scope.number and own == Scope(scope.region)):
            yield Root(os.fspath(Path(start, name)), scope)


def _instead(trees: Sequence[str], archives: Iterable[str]) -> dict[str, Set[ArchiveKey]]:
    covered = {key for tree in trees for root in find_roots(tree) for key in _covered(root)}
    scopes = {archive: scope_of_archive(archive) for archive in archives}
    held = {
        archive: {key for key in _KEYS if scope is not None and scope.holds(*key)} - covered
        for archive, scope in scopes.items()
    }
    return {archive: keys for archive, keys in held.items() if keys}


def _covered(root: Root) -> list[ArchiveKey]:
    # An empty folder is not extracted, nor are archives whose folders are absent from a region's folder.
    if os.access(root.path, os.R_OK | os.X_OK) and not digit_folders(root.path):
        return []
    regions = REGIONS if root.scope.region else _regions_below(root)
    return [key for key in _KEYS if key[0] in regions and root.scope.holds(*key)]


def _regions_below(root: Root) -> set[str]:
    found: set[str] = set()
    for ids in _ids_by_folder(root, skipped=(CannotCheckError,)):
        found.update(region_of_id(ids).tolist())
        if found.issuperset(REGIONS):
            break  # of a million files, the first few tell
    return found


def _ids_by_folder(
    root: Root, *, skipped: tuple[type[CannotCheckError], ...] = ()
) -> Iterator[NDArray[np.int64]]:
    # One array for each CD: few enough calls of Arrow, and few enough names at a time.
    found: list[str] = []
    with contextlib.suppress(*skipped):
        found = digit_folders(root.path)
    for cd in found:
        names, folders = _names_below(root.path, cd, skipped=skipped)
        ids = parse_names(names)
        in_place = (ids >= 0) & (folders_of_ids(np.maximum(ids, 0)) == folders)
        if root.scope.region is not None:
            in_place &= region_of_id(ids) == root.scope.region
        if root.scope.number is not None:
            in_place &= archive_numbers(np.maximum(ids, 0)) == root.scope.number
        yield ids[in_place]


def _names_below(
    base: str, cd: str, *, skipped: tuple[type[CannotCheckError], ...] = ()
) -> tuple[list[str], NDArray[np.str_]]:
    names: list[str] = []
    folders: list[str] = []
    below: list[str] = []
    with contextlib.suppress(*skipped):
        below = [cd, *(f"{cd}/{ab}" for ab in digit_folders(f"{base}/{cd}"))]
    for folder in below:
        with contextlib.suppress(*skipped):
            found = _names_in(f"{base}/{folder}")
            names += found
            folders += [folder] * len(found)
    return names, np.array(folders, dtype=np.str_)


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone; Path.iterdir makes objects
    except OSError as error:
        raise _not_listable(folder, error) from error


def _not_listable(folder: PathLike, error: OSError) -> CannotCheckError:
    return CannotCheckError(
        f"The folder {os.fspath(folder)} cannot be listed: {error.strerror or error}.",
        "Give the data folder or a region's folder that you may read.",
    )
