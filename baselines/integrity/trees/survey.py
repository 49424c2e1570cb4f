"""The folders of extracted patches: their roots, and the CD and CD/AB folders below these."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines.covariates.patches.finding import (
    ArchiveKey,
    Root,
    find_roots,
    is_digit_folder,
    listed,
    no_patches,
    scopes_of_folder,
)
from baselines.covariates.patches.layout import Kind, Scope, file_name, folder_of_id
from baselines.integrity.places import region_of
from scoring.places import REGIONS
from submissions.errors import CannotCheckError


@dataclass(frozen=True)
class Tree:
    """The folders of patches below some paths.

    Parameters
    ----------
    scopes : frozenset of Scope
        Regions, and archives of regions, whose patches should be here.
    elsewhere : frozenset of (str, int)
        Archives of regions whose patches need not be here all the same.
    leaves : mapping of (region, folder) to paths
        Where each folder, such as ``("us", "73/1")``, exists.
    blocked : mapping of (region, CD) to paths
        Folders that could not be listed, they or the root above them.
    strays : tuple of str
        Paths of what lies where no file of a patch belongs.
    base : str
        The first of the paths.
    """

    scopes: frozenset[Scope]
    elsewhere: frozenset[ArchiveKey]
    leaves: Mapping[tuple[str, str], tuple[str, ...]]
    blocked: Mapping[tuple[str, str], tuple[str, ...]]
    strays: tuple[str, ...]
    roots: tuple[Root, ...]
    base: str

    def home(self, region: str, folder: str) -> str:
        """Return where the patches of a folder lie, or should: under the archive's root if there is one."""
        if paths := self.leaves.get((region, folder)):
            return paths[0]
        number = int(folder.partition("/")[0]) // 5 + 1
        fitting = [root for root in self.roots if root.scope.holds(region, number)]
        fitting.sort(key=lambda root: (root.scope.number is None, root.scope.region is None))
        return f"{fitting[0].path if fitting else f'{self.base}/patches_{region}'}/{folder}"

    def paths(self, region: str, folder: str) -> tuple[str, ...]:
        """Return where a folder exists; one CD that could not be listed stands for all that is below it."""
        blocked = self.blocked.get((region, folder.partition("/")[0]), ())
        return (*blocked, *self.leaves.get((region, folder), ()))

    def path_of(self, occurrence_id: int, kind: Kind) -> str:
        """Return where a file of a patch lies, or should."""
        folder = self.home(region_of(occurrence_id), folder_of_id(occurrence_id))
        return f"{folder}/{file_name(occurrence_id, kind)}"

    def key(self, region: str, folder: str) -> str:
        """Return a name for a folder that is its own whatever path leads to it, to remember it by."""
        paths = [os.path.realpath(path) for path in self.leaves.get((region, folder), ())]
        return os.pathsep.join([*paths, region] if self.is_shared else paths)

    @property
    def is_shared(self) -> bool:
        """Whether patches of several regions may lie in one folder, since no root names a region."""
        return any(root.scope.region is None for root in self.roots)


def survey(
    paths: Sequence[str | os.PathLike[str]], *, elsewhere: frozenset[ArchiveKey] = frozenset()
) -> Tree:
    """List the folders of patches below data folders or folders of regions, down to ``CD/AB``, but no files.

    Raises CannotCheckError if there is no root.
    """
    roots = _roots_of(paths)
    listing = _Listing(roots)
    for root in roots:
        listing.add(root)
    return Tree(
        frozenset(scope for path in paths for scope in scopes_of_folder(path)),
        elsewhere,
        {key: tuple(paths_of_leaf) for key, paths_of_leaf in listing.leaves.items()},
        listing.blocked,
        tuple(listing.strays),
        roots,
        os.fspath(paths[0]),
    )


class _Listing:
    def __init__(self, roots: Sequence[Root]) -> None:
        self.leaves: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.blocked: dict[tuple[str, str], tuple[str, ...]] = {}
        self.strays: list[str] = []
        self._own_paths = {root.path for root in roots}

    def add(self, root: Root) -> None:
        regions = (*REGIONS, "other") if root.scope.region is None else (root.scope.region,)
        try:
            entries = listed(root.path)
        except CannotCheckError:
            self.blocked |= {(region, cd): (root.path,) for region in regions for cd in _cds_of(root)}
            return
        for entry in entries:
            if is_digit_folder(entry):
                self._add_cd(entry, regions)
            elif root.scope.region is not None and os.fspath(Path(entry.path)) not in self._own_paths:
                self.strays.append(entry.path)

    def _add_cd(self, cd: os.DirEntry[str], regions: Sequence[str]) -> None:
        try:
            leaves = list(_leaves_of(cd))
        except OSError:
            self.blocked |= {(region, cd.name): (cd.path,) for region in regions}
            return
        for leaf, path in leaves:
            for region in regions:
                self.leaves[region, leaf].append(path)


def _cds_of(root: Root) -> Iterator[str]:
    for cd in (*map(str, range(10)), *(f"{number:02d}" for number in range(100))):
        if root.scope.number in (None, int(cd) // 5 + 1):
            yield cd


def _roots_of(paths: Sequence[str | os.PathLike[str]]) -> tuple[Root, ...]:
    roots: list[Root] = []
    for path in paths:
        found = find_roots(path)
        if not found:
            raise no_patches([path])
        roots += found
    return tuple({os.path.realpath(root.path): root for root in roots}.values())


def _leaves_of(cd: os.DirEntry[str]) -> Iterator[tuple[str, str]]:
    has_others = False
    with os.scandir(cd.path) as entries:
        for entry in entries:
            if is_digit_folder(entry):
                yield f"{cd.name}/{entry.name}", entry.path
            else:
                has_others = True
    if has_others:  # files of ids below 100, or what does not belong here
        yield cd.name, cd.path
