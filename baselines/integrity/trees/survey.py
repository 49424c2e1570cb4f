"""Which folders hold patches: the accepted roots below a path, and their CD and CD/AB folders."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines.covariates.patches.layout import N_ARCHIVES, parse_archive_name
from submissions.errors import CannotCheckError

_ROOT_NAME = re.compile(r"patches_(fr|us)(?:_([0-9]{2}))?")
_DIGITS = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True)
class Root:
    """A folder below which patches lie in ``CD/AB``.

    Parameters
    ----------
    path : str
        The folder.
    region : {"fr", "us"}
        Region of its patches.
    number : int or None
        The archive whose patches it holds, 1 to 20; None for those of the whole region.
    """

    path: str
    region: str
    number: int | None = None


@dataclass(frozen=True)
class Tree:
    """The folders of patches below some paths.

    Parameters
    ----------
    scopes : frozenset of (str, int or None)
        Regions, and archives of regions, whose patches should be here.
    leaves : mapping of (region, folder) to paths
        Where each folder, such as ``("us", "73/1")``, exists.
    blocked : mapping of (region, CD) to str
        Folders that could not be listed, and why.
    strays : tuple of str
        Paths of what lies where no file of a patch belongs.
    roots : tuple of Root
        The roots that were found.
    base : str
        The first of the paths.
    """

    scopes: frozenset[tuple[str, int | None]]
    leaves: Mapping[tuple[str, str], tuple[str, ...]]
    blocked: Mapping[tuple[str, str], str]
    strays: tuple[str, ...]
    roots: tuple[Root, ...]
    base: str

    def home(self, region: str, folder: str) -> str:
        """Return where the patches of a folder lie, or should: under the archive's root if there is one."""
        if paths := self.leaves.get((region, folder)):
            return paths[0]
        number = int(folder.partition("/")[0]) // 5 + 1
        fitting = [root for root in self.roots if root.region == region and root.number in (None, number)]
        fitting.sort(key=lambda root: root.number is None)
        root = fitting[0].path if fitting else f"{self.base}/patches_{region}"
        return f"{root}/{folder}"


def find_roots(paths: Sequence[str | os.PathLike[str]]) -> list[Root]:
    """Find the accepted roots of patches in data roots and folders of regions.

    Parameters
    ----------
    paths : sequence of path-like
        Data roots, which hold ``patches_fr`` and the like, or such folders themselves.

    Returns
    -------
    list of Root
        In the order given; a region's folder may hold further roots.

    Raises
    ------
    CannotCheckError
        If a path is absent or no folder, or neither is a root nor holds one.
    """
    roots = [root for path in paths for root in _roots_of(Path(path))]
    return list({Path(root.path).resolve(): root for root in roots}.values())


def data_root_of(path: str | os.PathLike[str]) -> Path:
    """Return the data root of a path: the path itself, or the folder of a region's folder.

    Examples
    --------
    >>> data_root_of("data/patches_us").as_posix(), data_root_of("data").as_posix()
    ('data', 'data')
    """
    return Path(path) if _parse(Path(path)) is None else Path(path).parent


def trees_and_archives(paths: Sequence[str | os.PathLike[str]]) -> tuple[list[Path], list[Path]]:
    """Sort paths into trees of extracted patches and archives.

    Parameters
    ----------
    paths : sequence of path-like
        Folders and archives; a folder without trees stands for its archives, or those in ``archives/``.

    Returns
    -------
    trees, archives : list of Path
        In the order given.

    Raises
    ------
    CannotCheckError
        If there is nothing at a path.
    """
    trees: list[Path] = []
    archives: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise CannotCheckError(
                f"There is no {path}.", "Name a data folder, a region's folder or archives."
            )
        if not path.is_dir():
            archives.append(path)
        elif not holds_roots(path) and (inside := archives_in(path) or archives_in(path / "archives")):
            archives += inside
        else:
            trees.append(path)
    return trees, archives


def archives_in(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the archives of patches that a folder holds, by their names; none if there is no folder."""
    if not Path(folder).is_dir():
        return []
    found = (Path(entry.path) for entry in _listed(Path(folder)) if parse_archive_name(entry.name))
    return [path for path in found if path.is_file()]


def holds_roots(path: str | os.PathLike[str]) -> bool:
    """Tell whether a folder is a root of patches or holds one."""
    own = Path(path)
    return _parse(own) is not None or any(True for _ in _roots_below(own, None))


def survey(paths: Sequence[str | os.PathLike[str]]) -> Tree:
    """List the folders of patches below some paths, down to ``CD/AB``, but no files.

    Parameters
    ----------
    paths : sequence of path-like
        Data roots or folders of regions; see `find_roots`.

    Returns
    -------
    Tree
        What is there.

    Raises
    ------
    CannotCheckError
        If there is no root, or one cannot be listed.
    """
    roots = find_roots(paths)
    leaves: dict[tuple[str, str], list[str]] = defaultdict(list)
    blocked: dict[tuple[str, str], str] = {}
    strays: list[str] = []
    own_paths = {root.path for root in roots}
    for root in roots:
        for entry in _listed(Path(root.path)):
            if _is_folder(entry, _DIGITS):
                try:
                    for leaf, path in _leaves_of(entry):
                        leaves[root.region, leaf].append(path)
                except OSError as error:
                    blocked[root.region, entry.name] = error.strerror or str(error)
            elif entry.path not in own_paths:
                strays.append(entry.path)
    scopes = frozenset(scope for path in paths for scope in _scopes_of(Path(path)))
    found = {key: tuple(paths_of_leaf) for key, paths_of_leaf in leaves.items()}
    return Tree(scopes, found, blocked, tuple(strays), tuple(roots), os.fspath(paths[0]))


def _roots_of(path: Path) -> Iterator[Root]:
    if (own := _parse(path)) is not None:
        yield own
        if own.number is None:
            yield from _roots_below(path, own.region)
        return
    below = list(_roots_below(path, None))
    if not below:
        raise CannotCheckError(
            f"There are no patches in {path}: it holds no folder patches_fr, patches_us or patches_us_NN.",
            "Give the data folder or a region's folder.",
        )
    for root in below:
        yield from _roots_of(Path(root.path))


def _roots_below(path: Path, region: str | None) -> Iterator[Root]:
    for entry in _listed(path):
        root = _parse(Path(entry.path)) if _is_folder(entry, _ROOT_NAME) else None
        if root is not None and region in (None, root.region):
            yield root


def _parse(path: Path) -> Root | None:
    # A link counts by its own name; only a path that ends in no name is followed.
    match = _ROOT_NAME.fullmatch(path.name if path.name not in ("", "..") else path.resolve().name)
    if match is None or (match[2] and not 1 <= int(match[2]) <= N_ARCHIVES):
        return None
    return Root(os.fspath(path), match[1], int(match[2]) if match[2] else None)


def _scopes_of(path: Path) -> list[tuple[str, int | None]]:
    root = _parse(path)
    return [("fr", None), ("us", None)] if root is None else [(root.region, root.number)]


def _listed(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise CannotCheckError(
            f"The folder {path} cannot be listed: {error.strerror or error}.",
            "Give the data folder or a region's folder that you may read.",
        ) from error


def _is_folder(entry: os.DirEntry[str], name: re.Pattern[str]) -> bool:
    return name.fullmatch(entry.name) is not None and entry.is_dir()


def _leaves_of(cd: os.DirEntry[str]) -> Iterator[tuple[str, str]]:
    has_others = False
    with os.scandir(cd.path) as entries:
        for entry in entries:
            if _is_folder(entry, _DIGITS):
                yield f"{cd.name}/{entry.name}", entry.path
            else:
                has_others = True
    if has_others:  # files of ids below 100, or what does not belong here
        yield cd.name, cd.path
