"""Where the files of a patch lie, on disk and in the organizers' archives. Pure rules, no disk.

The last two digits of an id are called CD here, the two before them AB, as the organizers do: the
files of occurrence 10561900 lie in ``00/19/``. Digits are those of the unpadded id, so 173 lies in
``73/1/`` and 42 in ``42/``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from scoring.places import REGIONS

#: The two files of a patch: imagery with land cover, and altitude.
Kind = Literal["bands", "altitude"]
KINDS: tuple[Kind, Kind] = ("bands", "altitude")

#: How many archives the patches of a region are split into, by CD.
N_ARCHIVES = 20
#: What an archive's file name may end with.
ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")

_SUFFIX_OF_KIND: dict[Kind, str] = {"bands": ".npy", "altitude": "_alti.npy"}
# At most 18 digits: what int64 holds whatever the digits are.
_NAME = r"^(?P<id>0|[1-9][0-9]{0,17})(?P<alti>_alti)?\.npy$"
_NAME_PATTERN = re.compile(_NAME)


class Scope(NamedTuple):
    """Whose patches something holds, as its name says: a region's, or those of one archive, 1 to 20, of it.

    Where there is no region, as above a bare ``CD/AB/``, each patch is of the region that its id says.
    """

    region: str | None = None
    number: int | None = None

    def holds(self, region: str, number: int) -> bool:
        """Tell whether the patches of an archive of a region may be there."""
        return self.region in (None, region) and self.number in (None, number)

    @property
    def name(self) -> str:
        """The name of the folder or, without its suffix, of the archive, such as ``"patches_us_07"``."""
        return f"patches_{self.region}" + ("" if self.number is None else f"_{self.number:02d}")


#: What the name of a folder, or of an archive without its suffix, says.
SCOPES = {
    Scope(region, number).name: Scope(region, number)
    for region in REGIONS
    for number in (None, *range(1, N_ARCHIVES + 1))
}


@dataclass(frozen=True)
class PatchPath:
    """What a relative path says of the file that stands there.

    Parameters
    ----------
    region : {"fr", "us"} or None
        Region of the folder; None where no folder names one.
    in_place : bool
        Whether the file stands where the rule puts this id. (That the id is one of the folder's
        region is not looked at: ask `scoring.places.region_of_id`.)
    """

    occurrence_id: int
    kind: Kind
    region: str | None
    in_place: bool


def file_name(occurrence_id: int, kind: Kind) -> str:
    """Return the name of one of the two files of a patch."""
    return f"{_checked(occurrence_id)}{_SUFFIX_OF_KIND[kind]}"


def folder_of_id(occurrence_id: int) -> str:
    """Return the folder of a patch below its root, ``CD/AB``, or ``CD`` for ids below 100.

    Examples
    --------
    >>> [folder_of_id(i) for i in (10561900, 10173, 173, 42, 7)]
    ['00/19', '73/01', '73/1', '42', '7']
    """
    digits = str(_checked(occurrence_id))
    return f"{digits[-2:]}/{digits[-4:-2]}".rstrip("/")


def relative_path(occurrence_id: int, kind: Kind) -> str:
    """Return the path of a file of a patch below its root, with forward slashes.

    Examples
    --------
    >>> relative_path(10561900, "altitude")
    '00/19/10561900_alti.npy'
    """
    return f"{folder_of_id(occurrence_id)}/{file_name(occurrence_id, kind)}"


def folders_of_ids(ids: ArrayLike) -> NDArray[np.str_]:
    """Return the folder of each patch below its root, as `folder_of_id` does, for millions of ids.

    Examples
    --------
    >>> folders_of_ids([10561900, 173, 7]).tolist()
    ['00/19', '73/1', '7']
    """
    array = _checked_array(ids)
    return np.asarray(_folders()[np.where(array < 1000, array, 1000 + array % 10_000)])


@cache
def _folders() -> NDArray[np.str_]:
    # Ids from 1000 on have one of 10,000 folders, by their last four digits; these stand after the 1000
    # folders of the shorter ids.
    return np.array([folder_of_id(i) for i in range(1000)] + [folder_of_id(i) for i in range(10000, 20000)])


def archive_numbers(ids: ArrayLike) -> NDArray[np.int64]:
    """Return the number of the archive that holds each patch, CD // 5 + 1.

    Examples
    --------
    >>> archive_numbers([10561900, 173, 7, 99]).tolist()
    [1, 15, 2, 20]
    """
    return _checked_array(ids) % 100 // 5 + 1


def parse_names(names: Sequence[str]) -> NDArray[np.int64]:
    """Tell the occurrence of each of many file names, -1 where no file of a patch has that name.

    Examples
    --------
    >>> parse_names(["173.npy", "173_alti.npy", "0173.npy", ".173.npy"]).tolist()
    [173, 173, -1, -1]
    """
    fields = pc.extract_regex(pa.array(names, type=pa.string()), pattern=_NAME)
    return np.asarray(pc.fill_null(pc.cast(pc.struct_field(fields, "id"), pa.int64()), -1))


def parse_name(name: str) -> tuple[int, Kind] | None:
    """Return the occurrence and the kind that a file name tells, or None if no patch has that name.

    Examples
    --------
    >>> parse_name("173_alti.npy"), parse_name("173_alti.npy.part")
    ((173, 'altitude'), None)
    """
    match = _NAME_PATTERN.fullmatch(name)
    return None if match is None else (int(match["id"]), "altitude" if match["alti"] else "bands")


def parse_path(path: str) -> PatchPath | None:
    """Return what a path below a data root, or in an archive, says of the file there; None if of no patch.

    Slashes are forward; a leading ``./`` is ignored. Above ``CD/AB`` stands nothing at all or one of `roots`.

    Examples
    --------
    >>> parse_path("patches_us_15/73/1/173.npy")
    PatchPath(occurrence_id=173, kind='bands', region='us', in_place=True)
    >>> parse_path("patches_us_03/73/1/173.npy").in_place
    False
    """
    folder, _, name = path.removeprefix("./").rpartition("/")
    if (named := parse_name(name)) is None:
        return None
    root = _root_above(folder, folder_of_id(named[0]))
    scope = None if root is None else scope_of_root(root)
    fits = scope is not None and scope.number in (None, int(archive_numbers(named[0])))
    return PatchPath(*named, (scope or Scope()).region, fits)


def roots(region: str, number: int) -> tuple[str, ...]:
    """Return the folders below a data root in which the patches of one archive may lie.

    Examples
    --------
    >>> roots("us", 15)
    ('patches_us', 'patches_us/patches_us_15', 'patches_us_15')
    """
    whole, part = Scope(region).name, Scope(region, number).name
    return whole, f"{whole}/{part}", part


def scope_of_root(root: str) -> Scope | None:
    """Return what a folder that `roots` gives says of its patches; None for any other folder.

    Examples
    --------
    >>> scope_of_root("patches_us/patches_us_15"), scope_of_root(""), scope_of_root("patches_us_15/73")
    (Scope(region='us', number=15), Scope(region=None, number=None), None)
    """
    if not root:
        return Scope()
    outer, slash, inner = root.rpartition("/")
    scope = SCOPES.get(inner)
    if scope is None or not slash:
        return scope
    return scope if scope.number is not None and SCOPES.get(outer) == Scope(scope.region) else None


def archive_name(region: str, number: int, suffix: str = ".tar.gz") -> str:
    """Return the file name of an archive."""
    return Scope(region, number).name + suffix


def scope_of_archive(path: str | os.PathLike[str]) -> Scope | None:
    """Return what the file name of an archive says of its patches, or None if no archive has that name.

    Examples
    --------
    >>> scope_of_archive("data/patches_us_03.tar.gz")
    Scope(region='us', number=3)
    """
    name = PurePath(path).name
    suffix = next((suffix for suffix in ARCHIVE_SUFFIXES if name.endswith(suffix)), None)
    return None if suffix is None else SCOPES.get(name.removesuffix(suffix))


def _root_above(folder: str, own_folder: str) -> str | None:
    """Return what stands above the folder of an id; None if it is not in its folder."""
    if folder == own_folder:
        return ""
    root = folder.removesuffix("/" + own_folder)
    return root if root not in ("", folder) else None


def _checked(occurrence_id: int) -> int:
    if occurrence_id < 0:
        raise ValueError(f"occurrence ids are not negative: {occurrence_id}")
    return int(occurrence_id)


def _checked_array(ids: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(ids, dtype=np.int64)
    if array.size and array.min() < 0:
        raise ValueError(f"occurrence ids are not negative: {array.min()}")
    return array
